"""Themes: which hurt and which pleased customers most this week.

Impact = n·p̃, where p̃ is the theme's shrunken negative (or positive) share: a theme with many
bad experiences comes before a small one that happened to have only bad ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.shrinkage import prior
from chalicelib.summary import UNSURE

Sentiment = Literal["negative", "positive"]


@dataclass(frozen=True)
class RankedTheme:
    """`k` of the theme's `n` contacts had the sentiment; `impact` orders the themes."""

    theme: str
    k: int
    n: int
    impact: float


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
    return tuple(sorted(ranked, key=lambda t: (-t.impact, t.theme)))


def judged(measures: Mapping[str, int]) -> int:
    """Contacts whose sentiment is known: those with customer text."""
    return sum(measures.get(tone, 0) for tone in ("negative", "neutral", "positive"))
