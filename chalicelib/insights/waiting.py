"""Waiting: how long customers are willing to wait, and the wait at which satisfaction drops.

Patience is the survival of those who wait: leaving is the event, an answer ends the watching
before it (censored), for a caller who was answered after ten seconds tells nothing of how long
they would have stayed. Grouped form of Kaplan and Meier (1958) over 24 duration bins, with
steady competing rates within a bin; interval on the log-log scale.

The threshold is the knot of a line that is flat and then falls with ln(1 + wait) (a broken-stick
regression, as R's `segmented` fits it), found on a grid. It is told only where the knot model
clearly beats both no effect and a plain slope, and where its 99 % interval is narrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights.proportion import Z_95
from chalicelib.summary import DURATION_BINS, bin_start_s

LEAVERS_FROM, WAITERS_FROM = 20, 100
ANSWERS_FROM = 3_000
NO_EFFECT_F = 8.4  # sup-F, 1 % of worlds without an effect reach it (simulated)
STRAIGHT_F = 6.6  # F(1, ∞) at 1 %
NARROW = 2.1  # the interval's ends, as a ratio


@dataclass(frozen=True)
class Left:
    """The share of waiters who would have left within `within_s` seconds, with its interval."""

    within_s: float
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Patience:
    """Survival of `n` waiters, `left` of whom left before an answer."""

    n: int
    left: int
    curve: tuple[Left, ...]  # one a bin, until nobody was watched any more


def patience(measures: Mapping[str, int]) -> Patience | None:
    """Patience of one channel; None under 20 leavers or 100 waiters with a known wait."""
    waited = _by_bin(measures, "wait:bin:{}")
    gone = _by_bin(measures, "wait:gone:{}")
    if sum(gone) < LEAVERS_FROM or sum(waited) < WAITERS_FROM:
        return None
    hazard, spread, watched = 0.0, 0.0, sum(waited)
    curve = []
    for number in range(DURATION_BINS - 1):  # the last bin has no end
        if not watched:
            break
        after = watched - waited[number]
        if gone[number]:
            # Leaving and being answered compete at steady rates within a bin: of the log of
            # those who remain, each takes its share.
            step = gone[number] / waited[number] * math.log(watched / max(after, 0.5))
            hazard += step
            spread += step * step / gone[number]
        curve.append(_left(bin_start_s(number + 1), math.exp(-hazard), spread))
        watched = after
    return Patience(sum(waited), sum(gone), tuple(curve))


def _left(within_s: float, stay: float, spread: float) -> Left:
    if stay == 1.0:  # nobody has left yet
        return Left(within_s, 0.0, 0.0, 0.0)
    half = Z_95 * math.sqrt(spread) / abs(math.log(stay))
    # Of 1 - survival: the complementary log-log transform keeps the interval within 0..1.
    return Left(within_s, 1 - stay, 1 - stay ** math.exp(-half), 1 - stay ** math.exp(half))


def _by_bin(measures: Mapping[str, int], name: str) -> list[int]:
    return [measures.get(name.format(number), 0) for number in range(DURATION_BINS)]


@dataclass(frozen=True)
class Threshold:
    """The wait, in seconds, after which satisfaction falls; 99 % interval on bin edges."""

    n: int
    wait_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True)
class _Bin:
    x: float  # ln(1 + wait)
    n: int
    mean: float


def threshold(measures: Mapping[str, int]) -> Threshold | None:
    """The threshold of one channel's waits; None where there is no clear one.

    Reads `wait:csat:K:n|sum|sumsq`. None under 3,000 answers.
    """
    bins, within = _answers(measures)
    n = sum(one.n for one in bins)
    if n < ANSWERS_FROM or len(bins) < 4:
        return None
    grid = [bins[0].x + (bins[-1].x - bins[0].x) * step / 120 for step in range(1, 120)]
    fits = {knot: _knotted(bins, knot) for knot in grid}
    best = min(fits, key=lambda knot: fits[knot][0])
    left_over, slope = fits[best]
    unit = (within + left_over) / (n - 3)
    flat, straight = _knotted(bins, math.inf)[0], _knotted(bins, -math.inf)[0]
    if slope >= 0 or (flat - left_over) / unit <= NO_EFFECT_F:
        return None
    if (straight - left_over) / unit <= STRAIGHT_F:
        return None
    likely = [knot for knot in grid if (fits[knot][0] - left_over) / unit <= STRAIGHT_F]
    low_s, high_s = _widened(math.expm1(min(likely)), math.expm1(max(likely)))
    if not low_s or high_s / low_s > NARROW:
        return None
    return Threshold(n, math.expm1(best), low_s, high_s)


def _answers(measures: Mapping[str, int]) -> tuple[list[_Bin], float]:
    """Bins with answers, and the sum of squares within them."""
    bins, within = [], 0.0
    for number in range(DURATION_BINS):
        n, total, squares = (
            measures.get(f"wait:csat:{number}:{part}", 0) for part in ("n", "sum", "sumsq")
        )
        if n:
            bins.append(_Bin(_middle(number), n, total / n))
            within += squares - total * total / n
    return bins, within


def _middle(number: int) -> float:
    """ln(1 + wait) in the middle of a bin."""
    low, high = bin_start_s(number), bin_start_s(number + 1)
    return (math.log1p(low) + math.log1p(high)) / 2


def _knotted(bins: Sequence[_Bin], knot: float) -> tuple[float, float]:
    """Weighted least squares of mean on max(0, x - knot): (squares between bins, slope)."""
    rising = [one.x if knot == -math.inf else max(0.0, one.x - knot) for one in bins]
    n = sum(one.n for one in bins)
    mean_x = sum(one.n * x for one, x in zip(bins, rising, strict=True)) / n
    mean_y = sum(one.n * one.mean for one in bins) / n
    xx = sum(one.n * (x - mean_x) ** 2 for one, x in zip(bins, rising, strict=True))
    xy = sum(
        one.n * (x - mean_x) * (one.mean - mean_y) for one, x in zip(bins, rising, strict=True)
    )
    yy = sum(one.n * (one.mean - mean_y) ** 2 for one in bins)
    if xx <= 1e-9:
        return yy, 0.0
    return yy - xy * xy / xx, xy / xx


def _widened(low_s: float, high_s: float) -> tuple[float, float]:
    """The interval out to the edges of the bins that it lies in."""
    edges = [bin_start_s(number) for number in range(DURATION_BINS)]
    below = max((edge for edge in edges if edge <= low_s), default=0.0)
    above = min((edge for edge in edges if edge >= high_s), default=math.inf)
    return below, above
