"""Exposure: how much of a normal week each week was open, so that Christmas is not a finding."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from chalicelib.insights.weeks import IsoWeek

SUNDAY = 6


def public_holidays(country: str, years: Collection[int]) -> Collection[date]:
    """The public holidays of an ISO country in some years; empty where none are known."""
    import holidays

    try:
        return set(holidays.country_holidays(country, years=set(years)))
    except NotImplementedError:
        return set()


def exposure(
    daily: Mapping[date, int],
    week: IsoWeek,
    weeks: int,
    closed: Collection[date],
) -> tuple[float, ...]:
    """The open share of each of `weeks + 1` weeks, oldest first; 1 is a week without holidays.

    A public holiday counts as a Sunday. What each weekday is worth comes from `daily` contacts
    outside holidays, so an organisation that never closes is not corrected.
    """
    worth = _weekday_worth(daily, closed)
    return tuple(
        sum(worth[SUNDAY if day in closed else day.weekday()] for day in week.back(age).days)
        for age in range(weeks, -1, -1)
    )


def _weekday_worth(daily: Mapping[date, int], closed: Collection[date]) -> tuple[float, ...]:
    """Each weekday's share of a normal week's contacts, Monday first; they sum to 1."""
    contacts, days = [1.0] * 7, [1.0] * 7  # one pseudo-day: no weekday is ever worth nothing
    for day, count in daily.items():
        if day not in closed:
            contacts[day.weekday()] += count
            days[day.weekday()] += 1
    means = [c / d for c, d in zip(contacts, days, strict=True)]
    return tuple(mean / sum(means) for mean in means)
