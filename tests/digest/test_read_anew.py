"""What a new model sees differently is not told as a change of customers."""

from __future__ import annotations

import pytest

from chalicelib.digest import render
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict
from chalicelib.summary import Cell, Summary
from tests.digest.sample import LINKS, WEEK, digest


def _seen(new_weeks: int, *, still_reading: bool = False) -> Summary:
    """8 contacts a week on each of three themes; the new model takes 30 more for 'price'."""
    cells = {}
    for age in range(27):
        new = age < new_weeks
        for theme in ("price", "availability", "newsletter"):
            n = 38 if new and theme == "price" else 8
            measures = {"contacts": n, "negative": n // 2, "neutral": n - n // 2}
            measures["model:new" if new else "model:old"] = n
            if still_reading and not new:
                measures |= {"model:new": 4, "model:old": n - 4}
            cells[Cell(WEEK.back(age).monday, theme, "browse", "chat", "value")] = measures
    return Summary(cells)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "fi",
            "Viestejä on tulkinnut 16.11.2026 alkaneesta viikosta lähtien ohjelman uusi versio.",
        ),
        ("sv", "Sedan veckan som började den 16 november 2026 läses meddelandena av en ny version"),
        (
            "en",
            "A new version of the software has read the messages since the week of "
            "16 November 2026.",
        ),
    ],
)
def test_the_reader_is_told_and_no_change_is(language: str, told: str) -> None:
    one = digest("marketing", language, whole=_seen(1))
    assert not any(isinstance(head, Finding) for head in one.headlines)
    assert (one.judged, one.history_weeks, one.negative.verdict) == (False, 0, Verdict.ALONE)
    assert told in " ".join(render(one, LINKS).text.split())


def test_the_same_counts_of_one_model_are_news() -> None:
    cells = {}
    for cell, measures in _seen(1):
        cells[cell] = {name: n for name, n in measures.items() if not name.startswith("model:")}
    one = digest("marketing", whole=Summary(cells))
    assert [h.theme for h in one.headlines if isinstance(h, Finding)] == ["price"]


def test_after_eight_weeks_of_it_changes_are_told_again() -> None:
    for weeks, judged in ((8, False), (9, True)):
        one = digest("marketing", whole=_seen(weeks))
        assert one.judged is judged
        assert not any(isinstance(head, Finding) for head in one.headlines)
        assert ("uusi versio" in render(one, LINKS).text) is not judged


def test_while_the_past_is_read_again_it_is_not_compared() -> None:
    one = digest("marketing", whole=_seen(1, still_reading=True))
    assert not any(isinstance(head, Finding) for head in one.headlines)
    text = " ".join(render(one, LINKS).text.split())
    assert "tulkitsee aiempien viikkojen viestejä parhaillaan uudelleen" in text


def test_read_again_all_of_it_is_history() -> None:
    one = digest("marketing", whole=_seen(27))
    assert (one.judged, one.history_weeks) == (True, 26)
    assert "uusi versio" not in render(one, LINKS).text
