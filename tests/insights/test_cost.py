"""What failure demand costs: a known answer, and intervals that are honest about who was timed."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from chalicelib.insights.cost import FailureCost, failure_cost
from chalicelib.organisation import Price
from chalicelib.summary import Cell, Summary

EURO = Price(per_minute=0.8)
DAY = date(2026, 11, 16)


def _cell(theme: str, seconds: list[int], untimed: int, demand: str = "failure") -> Summary:
    counts = Counter(
        {
            "contacts": len(seconds) + untimed,
            "handle:n": len(seconds),
            "handle:sum_s": sum(seconds),
            "handle:sumsq_s": sum(s * s for s in seconds),
        }
    )
    return Summary({Cell(DAY, theme, "p", "chat", demand): counts})


def _cost(week: Summary, **avoidable: tuple[float, float]) -> FailureCost:
    found = failure_cost(week, EURO, avoidable)
    assert found is not None
    return found


def test_a_known_cost() -> None:
    """117.65 contacts of 6.5 minutes at 0.80 would be 612; here 100 and 20 of 6.5 minutes: 624."""
    found = _cost(_cell("late", [390] * 100, 0) + _cell("late", [], 20, "failure"))
    assert (found.contacts, found.measured) == (120, 100)
    assert found.minutes.value == pytest.approx(780)
    assert found.money is not None
    assert found.money.value == pytest.approx(624)
    assert found.avoidable is None


def test_value_demand_and_surveys_cost_nothing_here() -> None:
    survey = Summary({Cell(DAY, "late", "p", "survey", "failure"): {"contacts": 50}})
    week = _cell("late", [300] * 20, 0) + _cell("ask", [600] * 50, 0, "value") + survey
    assert _cost(week).minutes.value == pytest.approx(100)


def test_all_timed_is_certain_and_few_timed_are_not() -> None:
    certain = _cost(_cell("late", [100, 500] * 20, 0))
    assert certain.minutes.low == certain.minutes.value == certain.minutes.high
    rough = _cost(_cell("late", [100, 500] * 6, 28))
    assert rough.minutes.low < rough.minutes.value < rough.minutes.high
    assert rough.minutes.value == pytest.approx(certain.minutes.value)
    assert failure_cost(_cell("late", [300] * 9, 90), EURO, {}) is None


def test_themes_and_what_could_be_avoided() -> None:
    week = _cell("late", [600] * 30, 0) + _cell("invoice", [300] * 12, 0)
    found = _cost(week, late=(0.5, 0.7))
    assert [(theme, round(minutes)) for theme, minutes in found.themes] == [
        ("late", 300),
        ("invoice", 60),
    ]
    assert found.avoidable is not None
    assert found.avoidable.low == pytest.approx(300 * 0.5 * 0.8)
    assert found.avoidable.high == pytest.approx(300 * 0.7 * 0.8)
    without_price = failure_cost(week, None, {"late": (0.5, 0.7)})
    assert without_price is not None
    assert (without_price.money, without_price.avoidable) == (None, None)
