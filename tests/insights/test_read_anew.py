"""A change of model is no change of customers: its weeks are not compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from chalicelib.insights.read_anew import ReadAnew, read_anew
from chalicelib.summary import SEVERAL, Cell, Summary, total, weekly
from tests.digest.sample import WEEK

Read = Mapping[str, int]  # contacts by the model that read them


def _week(age: int, read: Read, heard: int | None = None) -> Summary:
    """One week of contacts on its Wednesday; `heard` where some were counted before models were."""
    n = sum(read.values()) if heard is None else heard
    measures = {"contacts": n, "negative": n} | {f"model:{m}": k for m, k in read.items()}
    day = WEEK.back(age).monday + timedelta(days=2)
    return Summary({Cell(day, "late", "delivery", "chat", "failure"): measures})


def _weeks(*read: Read) -> Summary:
    """This week first, then the weeks before it; the last one stands for all that are older."""
    padded = [*read, *[read[-1]] * (27 - len(read))]
    return total(_week(age, of) for age, of in enumerate(padded))


OLD, NEW = {"old": 100}, {"new": 100}
MIXED = {"old": 40, "new": 55, SEVERAL: 5}


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        pytest.param([OLD], None, id="never changed"),
        pytest.param([{}], None, id="models were not noted"),
        pytest.param([MIXED, OLD], ReadAnew(0, WEEK), id="changed this week"),
        pytest.param([{"old": 90, "new": 10}, OLD], ReadAnew(0, WEEK), id="on Sunday"),
        pytest.param([NEW, MIXED, OLD], ReadAnew(0, WEEK.back()), id="changed last week"),
        pytest.param([NEW, OLD], ReadAnew(0, WEEK), id="on Monday morning"),
        pytest.param([NEW, NEW, NEW, MIXED, OLD], ReadAnew(2, WEEK.back(3)), id="three weeks ago"),
        pytest.param([NEW, NEW, MIXED], ReadAnew(1, None), id="being read again"),
        pytest.param([MIXED], ReadAnew(0, None), id="being read again, this week too"),
        pytest.param([NEW, {"new": 98, "old": 2}], None, id="two could not be read again"),
        pytest.param([NEW, {"new": 97, "old": 3}], ReadAnew(0, None), id="three are too many"),
        pytest.param([{}, NEW, OLD], None, id="nobody wrote this week"),
        pytest.param([NEW, {}, {}, OLD], ReadAnew(2, WEEK.back(2)), id="a holiday between"),
        pytest.param([NEW, {SEVERAL: 100}, OLD], ReadAnew(0, WEEK), id="long conversations"),
        pytest.param([*26 * [NEW], OLD], ReadAnew(25, WEEK.back(25)), id="the oldest week"),
    ],
)
def test_weeks_of_the_same_model(weeks: list[Read], expected: ReadAnew | None) -> None:
    assert read_anew(_weeks(*weeks), WEEK) == expected
    assert read_anew(weekly(_weeks(*weeks)), WEEK) == expected


def test_contacts_counted_before_models_were_noted_pass() -> None:
    """A hub that began to note its model on Wednesday has not changed it."""
    noted = total([_week(0, NEW), _week(1, {"new": 30}, heard=100), _week(2, {}, heard=100)])
    assert read_anew(noted, WEEK) is None


def test_a_large_week_may_hold_two_percent_of_others() -> None:
    def old(n: int) -> Summary:
        return _weeks(NEW, {"new": 1000 - n, "old": n}, {"new": 1000})

    assert read_anew(old(20), WEEK) is None
    assert read_anew(old(21), WEEK) == ReadAnew(0, None)
