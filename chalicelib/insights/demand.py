"""Failure demand: contacts "caused by a failure to do something or do something right for the
customer" (Seddon). The share is among contacts whose demand is known; survey answers are not
demand, because the company asked for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.solicited import asked
from chalicelib.summary import UNSURE, Summary


@dataclass(frozen=True)
class ThemeDemand:
    """`failures` of the theme's contacts with known demand."""

    theme: str
    failures: Share


@dataclass(frozen=True)
class FailureDemand:
    """The week's share, how many contacts could not be told, and the themes that cause most."""

    failures: Share
    unknown: int
    themes: tuple[ThemeDemand, ...]


def failure_demand(week: Summary) -> FailureDemand | None:
    """Failure demand of one week's summary; None under five contacts with known demand."""
    unasked = week.where(lambda cell: not asked(cell.channel))
    whole = _known(unasked)
    if whole is None or whole.n < PUBLISHED_FROM:
        return None
    by_theme: dict[str, list[int]] = {}
    unknown = 0
    for cell, measures in unasked:
        contacts = measures.get("contacts", 0)
        if cell.demand == UNSURE:
            unknown += contacts
            continue
        counts = by_theme.setdefault(cell.theme, [0, 0])
        counts[0] += contacts if cell.demand == "failure" else 0
        counts[1] += contacts
    themes = [
        ThemeDemand(theme, failures)
        for theme, (k, n) in by_theme.items()
        if theme != UNSURE and k >= PUBLISHED_FROM and (failures := share(k, n))
    ]
    themes.sort(key=lambda t: (-t.failures.k, t.theme))
    return FailureDemand(whole, unknown, tuple(themes))


def _known(summary: Summary) -> Share | None:
    counts = {"failure": 0, "value": 0}
    for cell, measures in summary:
        if cell.demand in counts:
            counts[cell.demand] += measures.get("contacts", 0)
    return share(counts["failure"], sum(counts.values()))
