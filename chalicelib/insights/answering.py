"""Answering: how many of those served rated their contact, in which channels, and how those who
did not differ in their own words.

Inferred satisfaction (the model's reading of what was written, 1-5) exists for both, so the two
sides are compared by one yardstick: its mean among those who answered and among those who did not.
Whether the yardstick itself is right shows where both exist: stated beside inferred.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights.proportion import Z_99, Share, difference, share
from chalicelib.insights.solicited import asked
from chalicelib.summary import Summary

HEARD_FROM = 50  # texts whose satisfaction was inferred, on either side
CONTACTS_FROM = 100  # contacts of a channel
_STEPS = range(1, 6)


@dataclass(frozen=True)
class Mean:
    """The mean of `n` inferred satisfactions, 1..5, and its standard error."""

    value: float
    error: float
    n: int


@dataclass(frozen=True)
class Gap:
    """What the words of those who answered, and of those who did not, tell.

    `stated` and `read` are the satisfied shares (4-5) of the same contacts: as answered, and as
    inferred from their words.
    """

    answered: Mean
    silent: Mean
    stated: Share
    read: Share

    @property
    def surely(self) -> bool:
        """True where chance hardly explains it (99 %)."""
        error = math.hypot(self.answered.error, self.silent.error)
        return abs(self.answered.value - self.silent.value) > Z_99 * error


@dataclass(frozen=True)
class Answering:
    """Four weeks. `whole` is the rated share of contacts; `channels` those that surely differ from
    each other: the lowest and the highest, or nothing. `unrated` channels had no rating at all:
    probably nobody is asked there."""

    whole: Share
    channels: tuple[tuple[str, Share], ...]
    unrated: tuple[str, ...]
    gap: Gap | None


def answering(weeks: Summary) -> Answering | None:
    """Who answers; None under a hundred contacts, or without a single rating."""
    by_channel: dict[str, list[int]] = {}
    steps = [[0, 0, 0] for _ in _STEPS]  # inferred, of them answered, of them satisfied
    for cell, measures in weeks:
        if asked(cell.channel):
            continue
        sums = by_channel.setdefault(cell.channel, [0, 0])
        sums[0] += measures.get("csat:n", 0)
        sums[1] += measures.get("contacts", 0)
        for place, step in enumerate(_STEPS):
            name = f"inferred:{step}"
            if name in measures:
                steps[place][0] += measures[name]
                steps[place][1] += measures.get(f"{name}:n", 0)
                steps[place][2] += measures.get(f"{name}:top", 0)
    k, n = (sum(of[place] for of in by_channel.values()) for place in (0, 1))
    whole = share(min(k, n), n)  # a contact may hold two answers
    if whole is None or whole.n < CONTACTS_FROM or not whole.k:
        return None
    rates = {
        channel: found
        for channel, (k, n) in sorted(by_channel.items())
        if n >= CONTACTS_FROM and (found := share(min(k, n), n))
    }
    unrated = tuple(channel for channel, rate in rates.items() if not rate.k)
    return Answering(whole, _extremes(rates), unrated, _gap(steps))


def _extremes(rates: Mapping[str, Share]) -> tuple[tuple[str, Share], ...]:
    """Of the channels with ratings, those that answer least and most, where they surely differ.

    Judged at 99 % shared over all pairs that could have been the extremes (Bonferroni).
    """
    ordered = sorted(
        ((channel, rate) for channel, rate in rates.items() if rate.k),
        key=lambda one: one[1].value,
    )
    if len(ordered) < 2:
        return ()
    pairs = len(ordered) * (len(ordered) - 1) / 2
    low, _ = difference(ordered[-1][1], ordered[0][1], _z(0.01 / pairs))
    return (ordered[0], ordered[-1]) if low > 0 else ()


def _z(p: float) -> float:
    """The normal quantile that both tails together exceed with probability p."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - p / 2)


def _gap(steps: Sequence[Sequence[int]]) -> Gap | None:
    answered = _mean([of[1] for of in steps])
    silent = _mean([max(0, of[0] - of[1]) for of in steps])
    n = sum(of[1] for of in steps)
    stated = share(sum(of[2] for of in steps), n)
    read = share(sum(steps[place][1] for place in (3, 4)), n)
    if not (answered and silent and stated and read):
        return None
    return Gap(answered, silent, stated, read)


def _mean(counts: Sequence[int]) -> Mean | None:
    """The mean step of `counts` by step; None under HEARD_FROM."""
    n = sum(counts)
    if n < HEARD_FROM:
        return None
    mean = sum(step * count for step, count in zip(_STEPS, counts, strict=True)) / n
    squares = sum(c * (step - mean) ** 2 for step, c in zip(_STEPS, counts, strict=True))
    return Mean(mean, math.sqrt(squares / (n - 1) / n), n)
