"""Summaries add exactly, in any order and grouping."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters import codec
from chalicelib.summary import (
    EMPTY,
    Cell,
    Summary,
    bin_start_s,
    contacts_by_day,
    duration_bin,
    total,
    weekly,
)

cells = st.builds(
    Cell,
    st.dates(date(2026, 1, 1), date(2026, 1, 9)),
    st.sampled_from(["late", "invoice"]),
    st.sampled_from(["delivery", "unsure"]),
    st.sampled_from(["chat", "email"]),
    st.sampled_from(["failure", "value"]),
)
measures = st.dictionaries(
    st.sampled_from(["contacts", "negative", "wait:bin:3", "mention:late"]),
    st.integers(-5, 50).filter(bool),
    min_size=1,
)
summaries = st.dictionaries(cells, measures, max_size=5).map(Summary)


@given(summaries, summaries, summaries)
def test_addition_is_commutative_and_associative(a: Summary, b: Summary, c: Summary) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c) == total((c, a, b))


@given(summaries)
def test_taking_away_what_was_added_leaves_nothing(a: Summary) -> None:
    assert a - a == EMPTY
    assert a + EMPTY == a


@given(summaries)
def test_days_partition_a_summary(a: Summary) -> None:
    early = a.between(date(2026, 1, 1), date(2026, 1, 4))
    late = a.between(date(2026, 1, 5), date(2026, 1, 9))
    assert early + late == a


@given(summaries)
def test_groups_add_up_to_the_totals(a: Summary) -> None:
    by_theme = a.by(lambda cell: cell.theme)
    for name, value in a.totals().items():
        assert sum(counts[name] for counts in by_theme.values()) == value == a.count(name)


@given(summaries)
def test_a_stored_summary_comes_back_equal(a: Summary) -> None:
    assert codec.load_summary(codec.dump_summary(a)) == a


@given(summaries, summaries)
def test_weeks_add_up_like_days(a: Summary, b: Summary) -> None:
    assert weekly(weekly(a)) == weekly(a)
    assert weekly(a) + weekly(b) == weekly(a + b)
    assert weekly(a).totals() == a.totals()


def test_a_week_told_at_its_monday_still_knows_its_days() -> None:
    days = {date(2026, 1, 6): 2, date(2026, 1, 9): 3}
    counts = Summary(
        {
            Cell(day, "late", "delivery", "chat", "value"): {
                "contacts": n,
                f"weekday:{day.isoweekday()}": n,
            }
            for day, n in days.items()
        }
    )
    assert +contacts_by_day(counts) == +contacts_by_day(weekly(counts)) == days


def test_prefixed_names_what_follows() -> None:
    cell = Cell(date(2026, 1, 1), "late", "delivery", "chat", "failure")
    assert Summary({cell: {"mention:late": 2, "contacts": 3}}).prefixed("mention:") == {"late": 2}


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(0, 0), (4.99, 0), (5, 1), (7.07, 1), (7.08, 2), (10, 3), (9.99, 2), (10_240, 23), (1e9, 23)],
)
def test_duration_bins_start_at_their_edge(seconds: float, number: int) -> None:
    assert duration_bin(seconds) == number


@given(st.floats(0, 10_000))
def test_a_duration_lies_in_its_bin(seconds: float) -> None:
    number = duration_bin(seconds)
    assert bin_start_s(number) <= seconds * (1 + 1e-9)
    assert number == 23 or seconds <= bin_start_s(number + 1) * (1 + 1e-9)
