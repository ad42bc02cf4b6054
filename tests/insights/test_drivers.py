"""Drivers: the same coefficients as numpy's, real ones found, and few false ones."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from chalicelib.insights.distributions import student_tail
from chalicelib.insights.drivers import Kind, drivers, solve
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Summary, duration_bin

WEEK = IsoWeek(date(2026, 11, 16))


def test_the_same_coefficients_as_numpy() -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(200), rng.normal(size=(200, 5))])
    y = x @ np.array([3, 0.5, -1, 0, 2, 0.1]) + rng.normal(size=200)
    z = np.column_stack([x, y])
    expected = np.linalg.lstsq(x, y)[0]
    assert solve((z.T @ z).tolist(), 0.0) == pytest.approx(expected.tolist())
    shrunk = np.linalg.solve(x.T @ x + np.diag([0, 7, 7, 7, 7, 7]), x.T @ y)
    assert solve((z.T @ z).tolist(), 7.0) == pytest.approx(shrunk.tolist())


@pytest.mark.parametrize(("t", "free"), [(0.0, 3), (1.2, 1), (2.5, 12), (4.0, 25)])
def test_students_tail_as_scipys(t: float, free: int) -> None:
    assert student_tail(t, free) == pytest.approx(float(stats.t.sf(t, free)), rel=1e-8)


def _world(rng: random.Random, answers: int, effects: dict[str, float], weeks: int = 26) -> Summary:
    """Answers a week on eight themes and four touchpoints; `effects` shift their mean, 4."""
    cells: dict[Cell, Counter[str]] = {}
    for age in range(weeks):
        day = WEEK.monday - timedelta(weeks=age)
        mood = rng.gauss(0, 0.05)
        for _ in range(answers):
            theme = f"theme{min(7, int(rng.expovariate(0.4)))}"
            # Touchpoints go with themes: what belongs to one must not be told of the other.
            place = f"place{(int(theme[-1]) + rng.choice((0, 0, 1))) % 4}"
            wait = rng.lognormvariate(5, 1.2)
            band = "slow" if wait > 640 else "quick"
            mean = 4 + mood + sum(effects.get(one, 0.0) for one in (theme, place, band))
            answer = min(5, max(1, round(rng.gauss(mean, 0.9))))
            measures = cells.setdefault(Cell(day, theme, place, "chat", "value"), Counter())
            waited = f"wait:csat:{duration_bin(wait)}"
            measures.update(
                {"csat:n": 1, "csat:sum": answer, f"{waited}:n": 1, f"{waited}:sum": answer}
            )
    return Summary(cells)


def test_two_real_drivers_are_found_and_told_apart() -> None:
    rng = random.Random(2)
    found = drivers(_world(rng, 150, {"theme1": -0.8, "slow": -0.7}), WEEK)
    told = {(driver.kind, driver.id): driver for driver in found}
    assert (Kind.THEME, "theme1") in told
    assert (Kind.WAIT, "640") in told
    assert told[Kind.THEME, "theme1"].effect < -0.3
    assert not any(kind is Kind.TOUCHPOINT for kind, _ in told)
    assert [driver.effect for driver in found] == sorted(driver.effect for driver in found)


def test_without_drivers_few_are_told() -> None:
    rng = random.Random(3)
    assert sum(len(drivers(_world(rng, 60, {}), WEEK)) for _ in range(12)) <= 1


def test_few_answers_or_weeks_have_no_drivers() -> None:
    rng = random.Random(4)
    assert drivers(_world(rng, 10, {"theme1": -2}), WEEK) == ()
    assert drivers(_world(rng, 300, {"theme1": -2}, weeks=7), WEEK) == ()
    assert drivers(Summary(), WEEK) == ()
