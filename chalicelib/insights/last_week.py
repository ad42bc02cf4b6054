"""Versus last week: may a count be called more or less than the week before?

Rate ratio RR = (y₁+½)/(y₀+½) · e₀/e₁ with ln-SE √(1/(y₁+½) + 1/(y₀+½) + 2α).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.dispersion import levels
from chalicelib.insights.distributions import two_sided_normal_p
from chalicelib.insights.history import JUDGED_FROM_WEEKS
from chalicelib.insights.proportion import Z_95, Z_99
from chalicelib.insights.usual import CONTACTS, FALL, RISE
from chalicelib.insights.verdict import Verdict


@dataclass(frozen=True)
class RateRatio:
    """How many times last week's rate this week's is, with an interval."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Change:
    """A count, the week before (None without one), and what may be said of the two."""

    now: int
    before: int | None
    verdict: Verdict


def rate_ratio(now: int, before: int, alpha: float, open_ratio: float = 1.0) -> RateRatio:
    """RR of two weeks, at 95 %; `open_ratio` is e₁/e₀ > 0, overdispersion alpha >= 0."""
    log = math.log((now + 0.5) / (before + 0.5) / open_ratio)
    error = math.sqrt(1 / (now + 0.5) + 1 / (before + 0.5) + 2 * alpha)
    return RateRatio(
        math.exp(log),
        math.exp(log - Z_95 * error),
        math.exp(log + Z_95 * error),
        two_sided_normal_p(log / error),
    )


def versus_last_week(
    table: Mapping[str, Sequence[int]], exposures: Sequence[float]
) -> dict[str, Change]:
    """Each series' last week against the one before, false claims held down over all of them."""
    judged = _ratios(table, exposures)
    if not judged:
        return {name: _unjudged(counts) for name, counts in table.items()}
    accepted = discoveries({name: ratio.p for name, ratio in judged.items()})
    return {
        name: Change(counts[-1], counts[-2], _verdict(counts, judged[name], name in accepted))
        for name, counts in table.items()
    }


def total_versus_last_week(total: Sequence[int], exposures: Sequence[float]) -> Change:
    """The same for one series alone, judged at 99 %."""
    judged = _ratios({"": total}, exposures)
    if not judged:
        return _unjudged(total)
    return Change(
        total[-1],
        total[-2],
        _verdict(total, judged[""], judged[""].p < two_sided_normal_p(Z_99)),
    )


def _ratios(table: Mapping[str, Sequence[int]], exposures: Sequence[float]) -> dict[str, RateRatio]:
    """Empty where there is too little history to know how much weeks differ anyway."""
    if len(exposures) - 1 < JUDGED_FROM_WEEKS:
        return {}
    usual = levels({name: counts[:-1] for name, counts in table.items()}, exposures[:-1])
    return {
        name: rate_ratio(counts[-1], counts[-2], usual[name].alpha, exposures[-1] / exposures[-2])
        for name, counts in table.items()
    }


def _unjudged(counts: Sequence[int]) -> Change:
    if len(counts) < 2:
        return Change(counts[-1], None, Verdict.ALONE)
    return Change(counts[-1], counts[-2], Verdict.UNJUDGED)


def _verdict(counts: Sequence[int], ratio: RateRatio, accepted: bool) -> Verdict:
    large = not FALL < ratio.value < RISE and abs(counts[-1] - counts[-2]) >= CONTACTS
    if not (accepted and large):
        return Verdict.SAME
    # A short week can raise the rate and lower the count; the reader sees the counts.
    if ratio.value > 1 and counts[-1] > counts[-2]:
        return Verdict.MORE
    return Verdict.LESS if ratio.value < 1 and counts[-1] < counts[-2] else Verdict.SAME
