"""What moved a score: a published split, exact sums, and few false causes."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.moved import OTHERS, Movement, answers, movement

Period = dict[str, Counter[str]]


def _nps(**segments: tuple[int, int, int]) -> Period:
    groups = ("nps:promoter", "nps:passive", "nps:detractor")
    return {name: Counter(dict(zip(groups, of, strict=True))) for name, of in segments.items()}


def _moved(before: Period, after: Period) -> Movement:
    found = movement(before, after, "nps")
    assert found is not None
    return found


def test_a_known_split() -> None:
    """Shares .5/.3/.2 -> .3/.3/.4, NPS 40/10/-20 -> 45/5/-20: 19 -> 7, mix -12.5, rate +0.5."""
    found = _moved(
        _nps(a=(250, 200, 50), b=(100, 130, 70), c=(60, 40, 100)),
        _nps(a=(165, 105, 30), b=(85, 145, 70), c=(120, 80, 200)),
    )
    assert found.before.mean == pytest.approx(19)
    assert found.after.mean == pytest.approx(7)
    assert found.mix == pytest.approx(-12.5)
    assert found.rate == pytest.approx(0.5)
    assert found.parts[0].segment == "c"


_counts = st.integers(0, 60)
_period = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(_counts, _counts, _counts), max_size=6
).map(lambda groups: _nps(**groups))


@given(_period, _period)
def test_the_parts_add_up_exactly(before: Period, after: Period) -> None:
    found = movement(before, after, "nps")
    if found is None:
        return
    assert sum(part.effect for part in found.parts) == pytest.approx(found.change, abs=1e-9)
    for part in found.parts:
        assert part.segment == OTHERS or min(part.before.n, part.after.n) >= 10


@given(st.lists(st.integers(1, 7), min_size=10, max_size=40))
def test_ces_is_the_mean_of_its_answers(given_: list[int]) -> None:
    measures = {
        "ces:n": len(given_),
        "ces:sum": sum(given_),
        "ces:sumsq": sum(one * one for one in given_),
    }
    assert answers(measures, "ces").mean == pytest.approx(sum(given_) / len(given_))
    found = movement({"a": measures}, {"a": measures}, "ces")
    assert found is not None
    assert found.change == found.rate == found.mix == 0
    assert not found.parts[0].confirmed


def test_too_few_answers_are_not_split() -> None:
    assert movement(_nps(a=(3, 3, 3)), _nps(a=(30, 30, 30)), "nps") is None


def _drawn(rng: random.Random, n: int, shift: float) -> Period:
    """Ten segments of unequal size; the first one's detractors grow by `shift`."""
    period = {f"s{number}": Counter[str]() for number in range(10)}
    for _ in range(n):
        number = min(9, int(rng.expovariate(0.4)))
        more = shift if number == 0 else 0.0
        group = rng.choices(("promoter", "passive", "detractor"), (0.5 - more, 0.3, 0.2 + more))
        period[f"s{number}"]["nps:" + group[0]] += 1
    return period


def test_nothing_changed_has_few_causes_and_a_large_drop_is_found() -> None:
    rng = random.Random(7)
    false = sum(
        part.confirmed
        for _ in range(300)
        for part in _moved(_drawn(rng, 400, 0), _drawn(rng, 400, 0)).parts
    )
    assert false / 300 <= 0.15
    found = [
        {p.segment: p for p in _moved(_drawn(rng, 400, 0), _drawn(rng, 400, 0.2)).parts}["s0"]
        for _ in range(60)
    ]
    assert sum(part.confirmed and part.rate < 0 for part in found) >= 45


def test_only_a_clear_change_has_a_why() -> None:
    """40 of 100 promoters against 45 is chance; against 80 it is not."""
    same = _moved(_nps(a=(40, 30, 30)), _nps(a=(45, 30, 25)))
    assert not same.clear
    assert same.error > 0
    assert _moved(_nps(a=(40, 30, 30)), _nps(a=(80, 15, 5))).clear


def test_answers_whose_squares_were_not_counted_are_not_split() -> None:
    old = {"csat:n": 20, "csat:sum": 80}
    new = {"csat:n": 20, "csat:sum": 60, "csat:sumsq": 200}
    assert movement({"a": old}, {"a": new}, "csat") is None
    assert movement({"a": {**old, "csat:sumsq": 330}}, {"a": new}, "csat") is not None
