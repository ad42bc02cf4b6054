"""Personas: which kinds of customers fare otherwise than the rest.

Organisation.yaml maps tags to personas. Negative share of contacts with text and failure demand
of contacts whose demand is known, over four weeks, each against all contacts outside the persona
(`contrast`; better and worse alike). What a persona contacts about differs too: no cause is told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.insights.contrast import contrasts
from chalicelib.insights.proportion import Share
from chalicelib.insights.solicited import asked
from chalicelib.insights.themes import judged
from chalicelib.summary import Summary


class Aspect(StrEnum):
    """What is compared."""

    NEGATIVE = "negative"
    FAILURE = "failure"


@dataclass(frozen=True)
class Apart:
    """A persona whose share surely differs from that of the rest."""

    persona: str
    aspect: Aspect
    share: Share
    rest: Share


def personas(weeks: Summary, ids: Collection[str]) -> tuple[Apart, ...]:
    """The personas that differ in these weeks, survey answers left out."""
    if not ids:
        return ()
    own: dict[tuple[str, Aspect], list[int]] = {
        (persona, aspect): [0, 0] for persona in ids for aspect in Aspect
    }
    whole = {aspect: [0, 0] for aspect in Aspect}
    for cell, measures in weeks:
        if asked(cell.channel):
            continue
        contacts = measures.get("contacts", 0)
        _add(whole[Aspect.NEGATIVE], measures.get("negative", 0), judged(measures))
        known = cell.demand in {"failure", "value"}
        failed = cell.demand == "failure"
        if known:
            _add(whole[Aspect.FAILURE], contacts * failed, contacts)
        for persona in ids:
            here = measures.get(f"persona:{persona}", 0)
            if not here:
                continue
            heard = measures.get(f"persona_heard:{persona}", 0)
            # Counted before `persona_heard` was: left out, and not more negatives than texts.
            negative = min(heard, measures.get(f"persona_negative:{persona}", 0))
            _add(own[persona, Aspect.NEGATIVE], negative, heard)
            if known:
                _add(own[persona, Aspect.FAILURE], here * failed, here)
    found = contrasts(
        {key: (k, n) for key, (k, n) in own.items()},
        {key: (whole[key[1]][0], whole[key[1]][1]) for key in own},
        higher_only=False,
    )
    return tuple(Apart(*one.group, one.own, one.rest) for one in found)


def _add(sums: list[int], k: int, n: int) -> None:
    sums[0] += k
    sums[1] += n
