"""Which of many tests may be called findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key")

FALSE_SHARE = 0.10  # at most this expected share of the findings of one family is false


def discoveries(p_values: Mapping[Key, float], q: float = FALSE_SHARE) -> set[Key]:
    """The keys that Benjamini and Hochberg's (1995) step-up rule accepts at rate q."""
    limit = largest_accepted(p_values.values(), q)
    return {key for key, p in p_values.items() if p <= limit}


def largest_accepted(p_values: Iterable[float], q: float = FALSE_SHARE) -> float:
    """The largest p-value that the rule accepts; -1 when it accepts none."""
    ordered = sorted(p_values)
    accepted = (p for rank, p in enumerate(ordered, 1) if p <= q * rank / len(ordered))
    return max(accepted, default=-1.0)
