"""Verdict: what a comparison of two periods may claim."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The claim that the numbers carry, and no more."""

    MORE = "more"
    LESS = "less"
    SAME = "same"  # no detectable change: not proof that nothing changed
    UNJUDGED = "unjudged"  # too little history or too few answers: the numbers stand alone
    ALONE = "alone"  # there is no earlier week to compare with
