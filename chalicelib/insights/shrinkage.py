"""Shrinkage: a share from few observations is drawn towards the share of all.

Beta-binomial with the moment estimate of Kleinman (1973), weights n.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOOSEST, TIGHTEST = 1.0, 1e4  # bounds of M, pseudo-observations


@dataclass(frozen=True)
class Prior:
    """The common share p, 0..1, worth M pseudo-observations."""

    share: float
    weight: float

    def shrink(self, k: int, n: int) -> float:
        """(k + Mp) / (n + M), 0..1."""
        return (k + self.weight * self.share) / (n + self.weight)


def prior(groups: Mapping[str, tuple[int, int]]) -> Prior:
    """The prior of groups of (k, n); the fewer real differences between them, the heavier."""
    sizes = [n for _, n in groups.values() if n]
    everything = sum(sizes)
    if not everything:
        return Prior(0.0, TIGHTEST)
    share = sum(k for k, n in groups.values() if n) / everything
    spread = share * (1 - share)
    free = len(sizes) - 1
    room = everything - sum(n * n for n in sizes) / everything - free
    if spread == 0 or free < 1 or room <= 0:
        return Prior(share, TIGHTEST)
    between = sum(n * (k / n - share) ** 2 for k, n in groups.values() if n)
    likeness = (between - spread * free) / (spread * room)
    if likeness <= 0:
        return Prior(share, TIGHTEST)
    return Prior(share, min(TIGHTEST, max(LOOSEST, (1 - likeness) / likeness)))
