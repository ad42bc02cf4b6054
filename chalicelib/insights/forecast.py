"""Forecast: next week's contacts by day, with an interval from the forecaster's own past errors.

A weekday profile (the median share of each weekday over eight weeks) times an exponentially
smoothed level of the week, with closed days left out: about what ETS gives, in milliseconds and
without a library. Each past week is forecast from the weeks before it; the scatter of those
errors, on the log scale, is the interval. How fast the level follows is what would have erred
least in them: slowly where weeks only scatter, fast where the level itself wanders.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from chalicelib.insights.weeks import IsoWeek

PROFILE_WEEKS = 8
PAST_WEEKS = 26  # at most: what this week and the next digest both know of the same week
ERROR_WEEKS = 26
SMOOTHINGS = (0.2, 0.5, 0.8)  # of the newest week in the level; the first unless another is
BETTER = 0.9  # times its error: few weeks tell little
FEWEST_PER_DAY = 5  # below it only the week's total is told
COVERAGE = 0.80  # what a planner staffs for: one week in five lies outside
ERRORS_FROM = 8  # past weeks forecast, before an interval is told
SUNDAY = 6  # until HOLIDAYS_FROM have been seen, a public holiday is expected to be as quiet
HOLIDAYS_FROM = 2


@dataclass(frozen=True)
class Expected:
    """A number of contacts and its 80 % interval; `low` and `high` None without enough past."""

    contacts: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Forecast:
    """Contacts of one channel in one week. `days` is empty where they are too few to tell apart."""

    week: IsoWeek
    total: Expected
    days: tuple[tuple[date, Expected], ...]


@dataclass(frozen=True)
class _Week:
    """Contacts of Monday to Sunday, and which of the days were no public holiday."""

    counts: tuple[int, ...]
    opened: tuple[bool, ...]


_Tried = tuple[list[float], tuple[int, ...]]


def forecast(daily: Mapping[date, int], week: IsoWeek, closed: Collection[date]) -> Forecast | None:
    """Forecast `week` from the days before it; None with fewer than eight whole weeks of them.

    `daily` is local day -> contacts (a missing day has none), `closed` the public holidays of
    the past and of `week`.
    """
    past = _past(daily, week, closed)
    if len(past) < PROFILE_WEEKS:
        return None
    smoothing, tried = _tried(past)
    chosen = smoothing != SMOOTHINGS[0]
    weekly = [_log_error(sum(expected), sum(counts)) for expected, counts in tried]
    by_day = [
        _log_error(mean, count)
        for expected, counts in tried
        for mean, count in zip(expected, counts, strict=True)
        if mean >= FEWEST_PER_DAY
    ]
    means = _expected(past, tuple(day not in closed for day in week.days), smoothing)
    total = sum(means)
    days: tuple[tuple[date, Expected], ...] = ()
    if total >= FEWEST_PER_DAY * sum(mean > 0 for mean in means):
        reach = _reach(by_day, chosen=chosen)
        days = tuple(
            (day, _interval(mean, reach)) for day, mean in zip(week.days, means, strict=True)
        )
    return Forecast(week, _interval(total, _reach(weekly, chosen=chosen)), days)


def _tried(past: Sequence[_Week]) -> tuple[float, list[_Tried]]:
    """The smoothing that suits, and with it each of the last weeks, forecast and as it came."""
    first = max(PROFILE_WEEKS, len(past) - ERROR_WEEKS)
    tried = {
        smoothing: [
            (_expected(past[:place], past[place].opened, smoothing), past[place].counts)
            for place in range(first, len(past))
        ]
        for smoothing in SMOOTHINGS
    }
    errors = {
        smoothing: sum(abs(_log_error(sum(expected), sum(counts))) for expected, counts in made)
        for smoothing, made in tried.items()
    }
    usual = SMOOTHINGS[0]
    best = min(SMOOTHINGS, key=errors.__getitem__)
    enough = len(past) - first >= ERRORS_FROM and errors[best] < BETTER * errors[usual]
    chosen = best if enough else usual
    return chosen, tried[chosen]


def _past(daily: Mapping[date, int], week: IsoWeek, closed: Collection[date]) -> list[_Week]:
    """The whole weeks before `week` since the first contact, at most 26, oldest first."""
    first = min((day for day, count in daily.items() if count > 0), default=week.monday)
    start = IsoWeek.of(first)
    if start.monday != first:
        start = start.back(-1)
    weeks = min(PAST_WEEKS, (week.monday - start.monday).days // 7)
    return [
        _Week(
            tuple(daily.get(day, 0) for day in one.days),
            tuple(day not in closed for day in one.days),
        )
        for one in (week.back(age) for age in range(weeks, 0, -1))
    ]


def _expected(past: Sequence[_Week], opened: Sequence[bool], smoothing: float) -> list[float]:
    """Contacts of Monday to Sunday in the week after `past`."""
    shares = _shares(past[-PROFILE_WEEKS:])
    level, on_holidays = 0.0, []
    for place, one in enumerate(past):
        days = list(zip(one.counts, shares, one.opened, strict=True))
        worth = sum(share for _, share, is_open in days if is_open)
        if worth < 0.2:  # closed nearly all week: nothing is learnt of the level
            continue
        own_level = sum(count for count, _, is_open in days if is_open) / worth
        level += (own_level - level) * (smoothing if place else 1.0)
        if own_level > 0:
            on_holidays += [count / own_level for count, _, is_open in days if not is_open]
    # Of a week, not of its own weekday: Easter Sunday is no quieter than Sundays are.
    holiday = median(on_holidays) if len(on_holidays) >= HOLIDAYS_FROM else shares[SUNDAY]
    return [
        level * (share if is_open else min(share, holiday))
        for share, is_open in zip(shares, opened, strict=True)
    ]


def _shares(weeks: Sequence[_Week]) -> list[float]:
    """Each weekday's share of a fully open week."""
    heard = [week for week in weeks if sum(week.counts) > 0]
    whole = [week for week in heard if all(week.opened)] or heard
    if not whole:
        return [1 / 7] * 7
    shares = [median(week.counts[day] / sum(week.counts) for week in whole) for day in range(7)]
    return [share / (sum(shares) or 1.0) for share in shares]


def _log_error(expected: float, came: int) -> float:
    return math.log((came + 0.5) / (expected + 0.5))


def _reach(errors: Sequence[float], *, chosen: bool) -> float | None:
    """How far, log scale, COVERAGE of past errors reached; None when there are too few.

    The split-conformal quantile (Vovk et al. 2005): right for errors of any shape, as long as
    the next one is like the past ones. Between two ranks it is interpolated: rounded up, 18 errors
    would hold 84 %. They are rounded up where the smoothing was `chosen` by these very errors,
    which look too small by about as much.
    """
    rank = COVERAGE * (len(errors) + 1)
    rank = math.ceil(rank) if chosen else rank
    if len(errors) < ERRORS_FROM or rank > len(errors):
        return None
    ordered = sorted(map(abs, errors))
    below = math.floor(rank)
    above = min(below, len(ordered) - 1)
    return ordered[below - 1] + (rank - below) * (ordered[above] - ordered[below - 1])


def _interval(mean: float, reach: float | None) -> Expected:
    if reach is None:
        return Expected(mean)
    return Expected(mean, mean * math.exp(-reach), mean * math.exp(reach))
