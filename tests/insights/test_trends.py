"""Rising themes: the score test against a second implementation, few false ones, real ones seen."""

from __future__ import annotations

import random

import pytest

from chalicelib.insights.trends import rising
from tests.insights.worlds import count, table

WEEKS = 27
OPEN = [1.0] * WEEKS


def test_a_quiet_world_seldom_rises() -> None:
    rng = random.Random(11)
    false = sum(len(rising(table(rng, WEEKS), OPEN)) for _ in range(400))
    assert false / 400 <= 0.13


@pytest.mark.parametrize(("mean", "growth", "power"), [(3, 1.3, 0.6), (20, 1.15, 0.5)])
def test_growth_is_seen(mean: float, growth: float, power: float) -> None:
    rng = random.Random(5)
    found = 0
    for _ in range(60):
        world = table(rng, WEEKS)
        world["grows"] = [count(rng, mean) for _ in range(WEEKS - 8)] + [
            count(rng, mean * growth**week) for week in range(1, 9)
        ]
        found += any(rise.theme == "grows" for rise in rising(world, OPEN))
    assert found / 60 >= power


def test_a_rise_that_open_days_explain_is_none() -> None:
    opened = [1.0] * 19 + [0.3, 0.3, 0.4, 0.5, 0.6, 1.0, 1.0, 1.0]
    steady = {f"t{number}": [round(40 * e) for e in opened] for number in range(10)}
    assert rising(steady, opened) == ()
    assert rising(steady, OPEN) != ()


def test_a_rise_tells_its_weeks_and_rates() -> None:
    rng = random.Random(3)
    world = {**table(rng, WEEKS), "grows": [2] * 19 + [2, 2, 2, 2, 2, 8, 10, 12]}
    (rise,) = [rise for rise in rising(world, OPEN) if rise.theme == "grows"]
    assert rise.series == (2, 2, 2, 2, 2, 8, 10, 12)
    assert (rise.before, rise.recent) == (2.0, 10.0)
    assert rising({}, OPEN) == ()
    assert rising({"grows": [1] * 15}, [1.0] * 15) == ()
