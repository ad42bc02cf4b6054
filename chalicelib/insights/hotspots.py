"""Hot spots of the journey: touchpoints with more bad experiences than their volume explains.

Each touchpoint's negative share is drawn towards the whole journey's (beta-binomial, see
`shrinkage`); it is hot where even its 1 % lower bound lies above the average. Ranked by excess,
n·(p̃ − p): how many bad experiences fewer there would be at the average share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.shrinkage import prior

Z_98 = 2.33  # one-sided 1 %
TOUCHPOINTS_FROM = 3  # with fewer there is no ordinary variation to stand out of


@dataclass(frozen=True)
class HotSpot:
    """`negative` of `n` contacts with text; `excess` is how many more than its volume explains."""

    touchpoint: str
    negative: int
    n: int
    usual: float  # the journey's share, 0..1
    excess: float


def hot_spots(counts: Mapping[str, tuple[int, int]]) -> tuple[HotSpot, ...]:
    """The hot touchpoints, the largest excess first; `counts` is id -> (negative, with text)."""
    groups = {place: (k, n) for place, (k, n) in counts.items() if n}
    if len(groups) < TOUCHPOINTS_FROM:
        return ()
    common = prior(groups)
    found = []
    for place, (k, n) in groups.items():
        drawn = common.shrink(k, n)
        spread = math.sqrt(drawn * (1 - drawn) / (n + common.weight + 1))
        if k >= PUBLISHED_FROM and drawn - Z_98 * spread > common.share:
            found.append(HotSpot(place, k, n, common.share, n * (drawn - common.share)))
    return tuple(sorted(found, key=lambda spot: (-spot.excess, spot.touchpoint)))
