"""Rising: which themes have grown week by week, while still too small to stand out of one week.

Score test of a log-linear trend over the last eight weeks (Cox and Lewis 1966, 'The Statistical
Analysis of Series of Events', for the Poisson case), with negative-binomial variance:

    U = Σ (t − t̄)(y − μ) / (1 + αμ),  Var U = Σ (t − t̄)² μ / (1 + αμ),  t̄ weighted alike,

where μ is the eight weeks' own mean times exposure and α comes from the weeks before them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.dispersion import levels
from chalicelib.insights.distributions import normal_tail
from chalicelib.insights.history import JUDGED_FROM_WEEKS

TREND_WEEKS = 8
RECENT_WEEKS = 3
RECENT_CONTACTS = 6  # in the last three weeks together
GROWN = 1.5  # their weekly rate beside the five weeks before them
FALSE_SHARE = 0.05


@dataclass(frozen=True)
class Rise:
    """A theme that grows: contacts of the last eight weeks, oldest first.

    `before` and `recent` are contacts a full week, in the first five weeks and the last three.
    """

    theme: str
    series: tuple[int, ...]
    before: float
    recent: float
    p: float


def rising(table: Mapping[str, Sequence[int]], exposures: Sequence[float]) -> tuple[Rise, ...]:
    """Themes that rise, the surest first; `table` is theme -> weekly contacts, oldest first.

    Empty with fewer than eight weeks before the eight.
    """
    if len(exposures) < JUDGED_FROM_WEEKS + TREND_WEEKS or not table:
        return ()
    recent = exposures[-TREND_WEEKS:]
    past = {theme: counts[:-TREND_WEEKS] for theme, counts in table.items()}
    alphas = levels(past, exposures[:-TREND_WEEKS])
    rises = {
        theme: _rise(theme, tuple(counts[-TREND_WEEKS:]), recent, alphas[theme].alpha)
        for theme, counts in table.items()
    }
    accepted = discoveries({theme: rise.p for theme, rise in rises.items()}, FALSE_SHARE)
    chosen = [rises[theme] for theme in accepted if _grown(rises[theme])]
    return tuple(sorted(chosen, key=lambda rise: (rise.p, rise.theme)))


def _rise(theme: str, counts: tuple[int, ...], exposures: Sequence[float], alpha: float) -> Rise:
    rate = sum(counts) / sum(exposures)
    means = [rate * e for e in exposures]
    information = [mean / (1 + alpha * mean) for mean in means]
    centre = sum(t * i for t, i in enumerate(information)) / (sum(information) or 1.0)
    score = sum(
        (t - centre) * (y - mean) / (1 + alpha * mean)
        for t, (y, mean) in enumerate(zip(counts, means, strict=True))
    )
    variance = sum((t - centre) ** 2 * i for t, i in enumerate(information))
    z = score / math.sqrt(variance) if variance else 0.0
    early, late = exposures[:-RECENT_WEEKS], exposures[-RECENT_WEEKS:]
    return Rise(
        theme,
        counts,
        before=sum(counts[:-RECENT_WEEKS]) / sum(early),
        recent=sum(counts[-RECENT_WEEKS:]) / sum(late),
        p=normal_tail(z),
    )


def _grown(rise: Rise) -> bool:
    return (
        sum(rise.series[-RECENT_WEEKS:]) >= RECENT_CONTACTS and rise.recent >= GROWN * rise.before
    )
