"""First contact resolution by its definition."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.repeats import Contact, repeats
from chalicelib.insights.weeks import IsoWeek

WEEK = IsoWeek(date(2026, 11, 2))


def _contact(customer: str, theme: str, day: int, resolved: bool | None = True) -> Contact:
    return Contact(customer, theme, WEEK.monday + timedelta(days=day - 1), resolved)


def test_a_known_count() -> None:
    """A: X on days 1, 4; B: X on 2, 10; C: X on 2, Y on 3; D: X on 5, unresolved."""
    contacts = [
        _contact("a", "x", 1),
        _contact("a", "x", 4),
        _contact("b", "x", 2),
        _contact("b", "x", 10),
        _contact("c", "x", 2),
        _contact("c", "y", 3),
        _contact("d", "x", 5, False),
    ]
    found = repeats(contacts, WEEK, 7, 12)
    assert found.solved is not None
    assert (found.solved.k, found.solved.n) == (3, 5)  # and b's of day 10 starts next week
    assert found.repeated is not None
    assert (found.repeated.k, found.repeated.n) == (1, 6)
    assert found.linked is not None
    assert (found.linked.k, found.linked.n) == (6, 12)
    assert {theme: (s.k, s.n) for theme, s in found.by_theme.items()} == {"x": (2, 4), "y": (1, 1)}


@pytest.mark.parametrize(
    ("later", "solved"),
    [(1, 0), (7, 0), (8, 1), (30, 1)],
    ids=["next day", "last day of the window", "a day after it", "a month later"],
)
def test_the_window(later: int, solved: int) -> None:
    contacts = [_contact("a", "x", 3), _contact("a", "x", 3 + later)]
    found = repeats(contacts, WEEK, 7, 2).by_theme["x"]
    assert found.k == solved


def test_nobody_known_is_nothing_told() -> None:
    found = repeats([], WEEK, 7, 40)
    assert (found.solved, found.repeated) == (None, None)
    assert found.linked is not None
    assert found.linked.k == 0
    assert repeats([], WEEK, 7, 0).linked is None


_contacts = st.lists(
    st.builds(
        _contact,
        st.sampled_from("abc"),
        st.sampled_from("xy"),
        st.integers(-6, 16),
        st.sampled_from([True, False, None]),
    ),
    max_size=25,
)


@given(_contacts)
def test_every_contact_of_the_week_starts_an_issue_or_repeats_one(contacts: list[Contact]) -> None:
    found = repeats(contacts, WEEK, 7, len(contacts))
    in_week = sum(WEEK.monday <= one.day <= WEEK.sunday for one in contacts)
    assert (found.repeated.n if found.repeated else 0) == in_week
    starts = found.solved.n if found.solved else 0
    assert starts + (found.repeated.k if found.repeated else 0) == in_week
    assert sum(one.n for one in found.by_theme.values()) == starts
    assert repeats(contacts[::-1], WEEK, 7, len(contacts)) == found
