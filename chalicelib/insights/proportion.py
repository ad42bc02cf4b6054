"""Shares with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.insights.verdict import Verdict

Z_95 = 1.959963984540054
Z_99 = 2.5758293035489004


@dataclass(frozen=True)
class Share:
    """`k` of `n`, n > 0, with the 95 % Wilson interval `low`..`high`; all shares are 0..1."""

    k: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.k / self.n


def share(k: int, n: int) -> Share | None:
    """The share k/n with its interval; None when n is 0."""
    if n <= 0:
        return None
    low, high = wilson(k, n)
    return Share(k, n, low, high)


def wilson(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of k successes in n > 0 trials, 0..1.

    Wilson (1927); the example 81/263 -> .255-.366 is in Newcombe (1998a), table I.
    """
    p, zz = k / n, z * z
    centre = (p + zz / (2 * n)) / (1 + zz / n)
    half = z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
    # At k = 0 and k = n the bound is exact, and rounding must not step over it.
    return (0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def difference(now: Share, before: Share, z: float = Z_95) -> tuple[float, float]:
    """Newcombe's interval of `now - before`, -1..1 (Newcombe 1998b, method 10)."""
    low, high = wilson(now.k, now.n, z)
    low_before, high_before = wilson(before.k, before.n, z)
    gap = now.value - before.value
    return (
        gap - math.hypot(now.value - low, high_before - before.value),
        gap + math.hypot(high - now.value, before.value - low_before),
    )


def scatter(weeks: Sequence[tuple[int, int]]) -> float:
    """How many times more a share varies from week to week than chance alone, at least 1.

    `weeks` are (k, n). Pearson's dispersion of a common share (McCullagh and Nelder 1989,
    section 4.5): what is talked about differs by week, so large counts are not certain ones.
    """
    total, everything = sum(k for k, _ in weeks), sum(n for _, n in weeks)
    heard = [(k, n) for k, n in weeks if n]
    if len(heard) < 2 or total in {0, everything}:
        return 1.0
    p = total / everything
    pearson = sum((k - n * p) ** 2 / (n * p * (1 - p)) for k, n in heard)
    return max(1.0, pearson / (len(heard) - 1))


def compare(
    now: Share | None, before: Share | None, least: int, dispersion: float = 1.0
) -> Verdict:
    """Did a share change? Judged at 99 %, because a digest compares several shares.

    Both sides need `least` observations; `dispersion` is the `scatter` of earlier weeks.
    """
    if before is None:
        return Verdict.ALONE
    if now is None or min(now.n, before.n) < least:
        return Verdict.UNJUDGED
    low, high = difference(now, before, Z_99 * math.sqrt(dispersion))
    if low > 0:
        return Verdict.MORE
    return Verdict.LESS if high < 0 else Verdict.SAME
