"""Headlines: at most three things that a busy reader should know."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.digest.contents import Headline, RatingRow, Top
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.themes import RankedTheme, Sentiment
from chalicelib.insights.usual import Finding, Findings
from chalicelib.insights.verdict import Verdict

HEADLINES = 3
NEWS = 2  # of them at most so many changes, so that the week's largest theme is always told


def headlines(
    findings: Findings,
    top: tuple[Sequence[RankedTheme], Sequence[RankedTheme]],
    ratings: Sequence[RatingRow],
    topics: Sequence[NewTopic] = (),
    *,
    silence: bool,
) -> tuple[Headline, ...]:
    """Changes first, then what hurt most and what pleased most (`top`, both ranked).

    The largest of the new `topics` follows the changes: no theme's owner will tell of it.
    Under `silence` of a source no fall is told: fewer contacts may only mean that nobody
    delivered them. What was news before is told again only where there is nothing else.
    """
    tellable = [f for f in _all(findings) if not (silence and f.verdict is Verdict.LESS)]
    news: list[Headline] = [f for f in tellable if not f.repeated]
    news += [row.whole for row in ratings if row.whole.verdict in {Verdict.MORE, Verdict.LESS}]
    chosen = news[:NEWS]
    told_themes = {f.theme for f in chosen if isinstance(f, Finding)}
    best: list[Headline] = []
    sentiments: tuple[Sentiment, Sentiment] = ("negative", "positive")
    for sentiment, ranked in zip(sentiments, top, strict=True):
        # Only the theme that really stands first may be called so.
        if ranked and ranked[0].theme not in told_themes:
            best.append(Top(sentiment, ranked[0]))
    known = (chosen + best + news[NEWS:] or tellable)[:HEADLINES]
    changes = len(chosen)
    told = [topic for topic in topics if topic.customers >= PUBLISHED_FROM][:1]
    return (*known[:changes], *told, *known[changes:])[:HEADLINES]


def falls_withheld(findings: Findings, *, silence: bool) -> bool:
    """Were falls found that `headlines` does not tell, because a source is silent?"""
    return silence and any(f.verdict is Verdict.LESS for f in _all(findings))


def _all(findings: Findings) -> list[Finding]:
    house = [findings.house] if findings.house else []
    return [*house, *findings.themes]
