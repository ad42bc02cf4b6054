"""Patience beside scipy's Kaplan-Meier; thresholds found where they are, and nowhere else."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from scipy import stats

from chalicelib.insights.waiting import patience, threshold
from chalicelib.summary import bin_start_s, duration_bin


def _queue(
    rng: random.Random, n: int, mean_patience_s: float, mean_answer_s: float
) -> tuple[Counter[str], list[float], list[float]]:
    """Measures, and the exact waits of those who left and of those who were answered."""
    measures: Counter[str] = Counter()
    left, answered = [], []
    for _ in range(n):
        gives_up, is_answered = (rng.expovariate(1 / m) for m in (mean_patience_s, mean_answer_s))
        wait = min(gives_up, is_answered)
        measures[f"wait:bin:{duration_bin(wait)}"] += 1
        if gives_up < is_answered:
            measures[f"wait:gone:{duration_bin(wait)}"] += 1
            left.append(wait)
        else:
            answered.append(wait)
    return measures, left, answered


def test_patience_agrees_with_kaplan_meier_of_the_exact_times() -> None:
    measures, left, answered = _queue(random.Random(1), 4000, 240, 120)
    found = patience(measures)
    assert found is not None
    assert (found.n, found.left) == (4000, len(left))
    exact = stats.ecdf(stats.CensoredData(uncensored=left, right=answered))
    for point in found.curve:
        if point.within_s <= 600:
            assert point.share == pytest.approx(float(exact.cdf.evaluate(point.within_s)), abs=0.01)


def test_patience_is_not_the_waits_of_those_who_left() -> None:
    """Half of them would have left within 166 s; half of those who did had within 55 s."""
    measures, left, _ = _queue(random.Random(2), 6000, 240, 120)
    found = patience(measures)
    assert found is not None
    before = [point.within_s for point in found.curve if point.share < 0.5]
    half = next(point.within_s for point in found.curve if point.share >= 0.5)
    assert before[-1] <= 240 * math.log(2) <= half
    assert sorted(left)[len(left) // 2] < before[-1]


def test_the_interval_holds_the_truth() -> None:
    rng = random.Random(3)
    held = trials = 0
    for _ in range(200):
        found = patience(_queue(rng, 400, 240, 120)[0])
        assert found is not None
        for point in found.curve[4:10]:
            held += point.low <= 1 - math.exp(-point.within_s / 240) <= point.high
            trials += 1
    assert 0.92 <= held / trials <= 0.98


def test_few_waiters_tell_nothing() -> None:
    assert patience(_queue(random.Random(1), 90, 60, 60)[0]) is None
    assert patience(Counter({"wait:bin:3": 500, "wait:gone:3": 19})) is None
    all_left = patience(Counter({"wait:bin:3": 500, "wait:gone:3": 500}))
    assert all_left is not None
    assert 0.99 < all_left.curve[3].share < 1


def _rated(rng: random.Random, n: int, knot_s: float, slope: float) -> Counter[str]:
    """CSAT 1-5 that is flat up to a wait and then falls by `slope` per unit of ln(1 + wait)."""
    measures: Counter[str] = Counter()
    for _ in range(n):
        wait = rng.lognormvariate(math.log(150), 1.0)
        over = max(0.0, math.log1p(wait) - math.log1p(knot_s))
        answer = min(5, max(1, round(rng.gauss(4.1 + slope * over, 0.9))))
        place = f"wait:csat:{duration_bin(wait)}"
        measures.update({f"{place}:n": 1, f"{place}:sum": answer, f"{place}:sumsq": answer**2})
    return measures


@pytest.mark.parametrize("knot_s", [120, 240])
def test_a_threshold_is_found_where_it_is(knot_s: float) -> None:
    rng = random.Random(4)
    found = [threshold(_rated(rng, 10_000, knot_s, -1.0)) for _ in range(12)]
    told = [one for one in found if one]
    assert len(told) >= 10
    assert sum(one.low_s <= knot_s <= one.high_s for one in told) >= len(told) - 1
    assert all(one.high_s / one.low_s <= 2.1 for one in told)
    assert all(one.low_s in {bin_start_s(number) for number in range(24)} for one in told)


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_without_a_drop_there_is_no_threshold(slope: float) -> None:
    rng = random.Random(5)
    assert [threshold(_rated(rng, 3000, 120, slope)) for _ in range(40)] == [None] * 40


def test_a_gradual_decline_has_no_threshold() -> None:
    rng = random.Random(6)
    told = [one for one in (threshold(_rated(rng, 6000, 1, -0.35)) for _ in range(25)) if one]
    assert len(told) <= 1


def test_few_answers_have_no_threshold() -> None:
    assert threshold(_rated(random.Random(7), 2900, 120, -1.0)) is None
    assert threshold({}) is None
