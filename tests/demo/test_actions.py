"""The fixes of the example: in the plot, in organisation.yaml, and dated for any day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from chalicelib.organisation import read
from infra.demo import plot, story
from infra.demo.simulate import first_monday

TEXT = (Path(__file__).parents[2] / "organisation.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 11, 23)


def test_the_file_dates_its_fixes_for_the_storys_own_day() -> None:
    assert {action.id for action in read(TEXT).actions} == set(plot.ACTIONS)
    assert read(story.organisation_at(TEXT, TODAY)) == read(TEXT)


def test_on_another_day_only_the_dates_move() -> None:
    later = read(story.organisation_at(TEXT, TODAY + timedelta(weeks=9, days=3)))
    for before, after in zip(read(TEXT).actions, later.actions, strict=True):
        assert after.done - before.done == timedelta(weeks=9)
        assert after.model_copy(update={"done": before.done}) == before
    assert later.model_copy(update={"actions": read(TEXT).actions}) == read(TEXT)


def test_the_fault_was_mended_in_the_week_before_invoices_were_right() -> None:
    (action,) = [one for one in read(TEXT).actions if one.id == "invoice-fix"]
    first_right = first_monday(TODAY) + timedelta(weeks=plot.INVOICE_FIXED)
    assert first_right - timedelta(days=7) <= action.done < first_right
    assert action.theme == "invoice-error"


def test_an_organisation_without_fixes_stays_as_it_is() -> None:
    bare = "name: x\ncontact: a@x.example\n"
    assert "actions" not in story.organisation_at(bare, TODAY)
