"""Did the fix work: intervals that hold, and no praise for weeks that were only lucky."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from chalicelib.insights.actions import Effect, Outcome, effect
from chalicelib.insights.distributions import student_quantile
from chalicelib.insights.weeks import IsoWeek
from tests.insights.worlds import count

WEEK = IsoWeek(date(2026, 11, 16))


def _world(
    rng: random.Random, before: int, after: int, mean: float, factor: float
) -> dict[str, list[int]]:
    """A theme whose mean is multiplied by `factor` after the action, and nine that stay."""
    weeks = before + 3 + after  # two trigger weeks and the week of the action between them
    fixed = [count(rng, mean * (factor if week >= before + 3 else 1)) for week in range(weeks)]
    return {"fixed": fixed} | {
        f"t{number}": [count(rng, 40) for _ in range(weeks)] for number in range(9)
    }


def _effect(table: dict[str, list[int]], after: int, compare: tuple[str, ...] = ()) -> Effect:
    found = effect("a", "fixed", WEEK.back(after).monday + timedelta(2), compare, table, WEEK)
    assert found is not None
    return found


def test_a_known_difference() -> None:
    """Comparison constant: a fall from 20 to 10 is a half, whatever the weeks."""
    table = {"fixed": [20] * 15 + [10] * 4, "other": [99] * 19}
    found = _effect(table, 4)
    assert found.outcome is Outcome.HELPED
    assert found.change == pytest.approx(10.5 / 20.5 - 1)
    assert found.low == pytest.approx(found.change)


def test_a_busy_house_is_not_a_failed_fix() -> None:
    rng = random.Random(4)
    table = _world(rng, 12, 4, 60, 1.0)
    busy = {theme: [*counts[:-4], *(2 * n for n in counts[-4:])] for theme, counts in table.items()}
    assert _effect(busy, 4).outcome is Outcome.NO_EFFECT_SEEN


@pytest.mark.parametrize(
    ("before", "after", "factor", "power"),
    [(8, 3, 0.5, 0.35), (12, 4, 0.5, 0.7), (12, 8, 0.5, 0.9)],
)
def test_a_fix_that_works_is_seen(before: int, after: int, factor: float, power: float) -> None:
    rng = random.Random(9)
    found = [_effect(_world(rng, before, after, 60, factor), after) for _ in range(80)]
    assert sum(one.outcome is Outcome.HELPED for one in found) / 80 >= power


def test_the_interval_holds_the_truth() -> None:
    rng = random.Random(2)
    held = errors = 0
    for _ in range(500):
        found = _effect(_world(rng, 12, 6, 50, 0.7), 6)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= -0.3 <= found.high
        errors += _effect(_world(rng, 12, 6, 50, 1), 6).outcome is not Outcome.NO_EFFECT_SEEN
    assert 0.92 <= held / 500 <= 0.98
    assert errors / 500 <= 0.08


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (12, 2, Outcome.TOO_EARLY),
        (12, 0, Outcome.TOO_EARLY),
        (7, 4, Outcome.NOT_COMPARABLE),
        (8, 3, Outcome.NO_EFFECT_SEEN),
    ],
)
def test_what_may_not_be_judged(before: int, after: int, outcome: Outcome) -> None:
    found = _effect(_world(random.Random(1), before, after, 50, 1), after)
    assert found.outcome is outcome
    assert (found.change is None) == (outcome is not Outcome.NO_EFFECT_SEEN)
    assert found.preliminary


def test_what_is_not_done_yet_is_not_told() -> None:
    table = _world(random.Random(1), 12, 4, 50, 1)
    assert effect("a", "fixed", WEEK.sunday + timedelta(1), (), table, WEEK) is None
    assert _effect(table, 4, ("unheard",)).outcome is Outcome.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("free", "quantile"),
    [(1, 12.706205), (2, 4.302653), (9, 2.262157), (30, 2.042272), (1000, 1.962339)],
)
def test_students_t_as_tabulated(free: int, quantile: float) -> None:
    assert student_quantile(0.975, free) == pytest.approx(quantile, abs=2e-6)
