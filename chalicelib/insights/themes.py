"""Themes: which hurt and which pleased customers most this week.

Impact = n·p̃, where p̃ is the theme's shrunken negative (or positive) share: a theme with many
bad experiences comes before a small one that happened to have only bad ones.

How sure the order is: the counts are drawn anew many times, contacts from Gamma(n + ½) and the
share from Beta(k + Mp, n − k + M(1 − p)), and it is counted how often a theme comes first or among
the first three.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.shrinkage import Prior, prior
from chalicelib.summary import UNSURE

FIRST, SURE = 3, 0.9
COMPARED = 10  # themes that could be among the first; drawing more costs time
DRAWS = 400  # a probability is right within 2.5 points

Sentiment = Literal["negative", "positive"]


@dataclass(frozen=True)
class RankedTheme:
    """`k` of the theme's `n` contacts had the sentiment; `impact` orders the themes.

    `first` is the probability, 0..1, that it truly is the first of the themes listed.
    """

    theme: str
    k: int
    n: int
    impact: float
    first: float = 1.0


def ranking(
    by_theme: Mapping[str, Mapping[str, int]], sentiment: Sentiment
) -> tuple[RankedTheme, ...]:
    """Themes with at least five contacts of this sentiment, the greatest impact first.

    `by_theme` is theme -> measures of the week; contacts whose theme is unsure are left out.
    """
    groups = {
        theme: (measures.get(sentiment, 0), judged(measures))
        for theme, measures in by_theme.items()
        if theme != UNSURE
    }
    common = prior(groups)
    ranked = [
        RankedTheme(theme, k, by_theme[theme].get("contacts", 0), n * common.shrink(k, n))
        for theme, (k, n) in groups.items()
        if k >= PUBLISHED_FROM
    ]
    ranked.sort(key=lambda t: (-t.impact, t.theme))
    return _with_surety(ranked, {t.theme: groups[t.theme][1] for t in ranked}, common)


def tied(ranked: Sequence[RankedTheme]) -> tuple[RankedTheme, ...]:
    """The themes that may each be the first: () where the first is surely so (90 %).

    None that has less than a tenth of the chance is among them, nor more than three.
    """
    if not ranked or ranked[0].first >= SURE:
        return ()
    return tuple(one for one in ranked if one.first >= 1 - SURE)[:FIRST]


def _with_surety(
    ranked: Sequence[RankedTheme], judged_: Mapping[str, int], common: Prior
) -> tuple[RankedTheme, ...]:
    compared = ranked[:COMPARED]
    rng = random.Random(0)  # the same week is told alike to everybody
    wins = Counter[str]()
    mp, weight = common.weight * common.share, common.weight
    for _ in range(DRAWS if len(compared) > 1 else 0):
        first = min(
            compared,
            key=lambda t: (
                -rng.gammavariate(judged_[t.theme] + 0.5, 1)
                * rng.betavariate(t.k + mp, max(1e-9, judged_[t.theme] - t.k + weight - mp))
            ),
        )
        wins[first.theme] += 1
    if not wins:
        return tuple(ranked)
    return tuple(replace(one, first=wins[one.theme] / DRAWS) for one in ranked)


def judged(measures: Mapping[str, int]) -> int:
    """Contacts whose sentiment is known: those with customer text."""
    return sum(measures.get(tone, 0) for tone in ("negative", "neutral", "positive"))
