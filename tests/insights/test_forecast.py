"""Forecasts: flat series exactly, better than last week's days, intervals that hold."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from chalicelib.insights.forecast import Forecast, forecast
from chalicelib.insights.weeks import IsoWeek
from tests.insights.worlds import count

WEEK = IsoWeek(date(2026, 11, 16))
SHAPE = (60, 50, 45, 45, 40, 12, 8)


def _days(weeks: int) -> list[date]:
    return [WEEK.monday - timedelta(days=back) for back in range(7 * weeks, 0, -1)]


def _made(daily: Mapping[date, int], closed: frozenset[date] = frozenset()) -> Forecast:
    found = forecast(daily, WEEK, closed)
    assert found is not None
    return found


def test_an_unchanging_series_goes_on() -> None:
    found = _made({day: SHAPE[day.weekday()] for day in _days(20)})
    assert [round(e.contacts, 6) for _, e in found.days] == list(SHAPE)
    assert found.total.low == pytest.approx(sum(SHAPE))
    assert found.total.high == pytest.approx(sum(SHAPE))


def test_a_closed_day_is_expected_as_a_sunday_and_teaches_no_level() -> None:
    holiday, past_holiday = WEEK.days[2], WEEK.monday - timedelta(days=5)
    daily = {day: SHAPE[day.weekday()] for day in _days(20)} | {past_holiday: 0}
    found = dict(_made(daily, frozenset({holiday, past_holiday})).days)
    assert found[WEEK.monday].contacts == pytest.approx(60)
    assert found[holiday].contacts == pytest.approx(SHAPE[6])


def test_holidays_are_as_quiet_as_they_were_before() -> None:
    holidays = {WEEK.monday - timedelta(days=5 + 7 * age) for age in (0, 4, 8)}
    daily = {day: SHAPE[day.weekday()] for day in _days(20)} | dict.fromkeys(holidays, 9)
    closed = frozenset(holidays | {WEEK.days[3]})
    assert dict(_made(daily, closed).days)[WEEK.days[3]].contacts == pytest.approx(9)


def test_a_holiday_at_a_weekend_is_no_quieter_than_the_weekend() -> None:
    easter = {WEEK.monday - timedelta(days=back) for back in (50, 45, 44, 3, 1)}
    daily = {day: SHAPE[day.weekday()] for day in _days(20)}
    daily |= dict.fromkeys(easter, SHAPE[6])
    found = dict(_made(daily, frozenset({*easter, WEEK.days[4], WEEK.days[6]})).days)
    assert found[WEEK.days[4]].contacts == pytest.approx(SHAPE[6])
    assert found[WEEK.days[6]].contacts == pytest.approx(SHAPE[6])


@pytest.mark.parametrize(("weeks", "made"), [(7, False), (8, True)])
def test_eight_weeks_are_needed(weeks: int, made: bool) -> None:
    daily = dict.fromkeys(_days(weeks), 20)
    assert (forecast(daily, WEEK, ()) is not None) is made
    assert forecast({}, WEEK, ()) is None


def test_without_enough_past_there_is_no_interval_and_few_contacts_have_no_days() -> None:
    found = _made(dict.fromkeys(_days(12), 20))
    assert (found.total.low, found.total.high) == (None, None)
    few = _made(dict.fromkeys(_days(20), 3))
    assert few.days == ()
    assert few.total.contacts == pytest.approx(21)


def test_better_than_last_weeks_days_and_as_sure_as_it_says() -> None:
    rng = random.Random(8)
    errors = naive = within = total_within = trials = 0.0
    for _ in range(120):
        level = 1.0
        daily: dict[date, int] = {}
        for day in [*_days(30), *WEEK.days]:
            level *= rng.gauss(1, 0.01)
            daily[day] = count(rng, level * 2 * SHAPE[day.weekday()], 0.02)
        past = {day: n for day, n in daily.items() if day < WEEK.monday}
        found = _made(past)
        for day, expected in found.days:
            assert expected.low is not None
            assert expected.high is not None
            errors += abs(expected.contacts - daily[day])
            naive += abs(daily[day - timedelta(days=7)] - daily[day])
            within += expected.low <= daily[day] <= expected.high
            trials += 1
        total = sum(daily[day] for day in WEEK.days)
        assert found.total.low is not None
        assert found.total.high is not None
        total_within += found.total.low <= total <= found.total.high
    assert errors / naive <= 0.86
    assert 0.75 <= within / trials <= 0.85
    assert total_within / 120 >= 0.70
