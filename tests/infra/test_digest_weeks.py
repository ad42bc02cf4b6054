"""`hub digest`: a year of digests as files, each as it would have been sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.pipeline.understand import understand
from infra.commands import digest_weeks
from tests.events import event

TODAY = date(2026, 11, 25)  # a Wednesday: its own week is not over
FIRST, LAST = date(2026, 11, 2), date(2026, 11, 16)
COMPLAINTS = {date(2026, 11, 2): 6, date(2026, 11, 9): 8, date(2026, 11, 16): 12}


@pytest.fixture
def three_weeks(world: World) -> World:
    """Complaints about late deliveries on the Wednesdays of three weeks."""
    keys = []
    for monday, n in COMPLAINTS.items():
        for number in range(n):
            at = datetime(monday.year, monday.month, monday.day + 2, 10, tzinfo=UTC)
            told = event(
                event_id=f"{monday}-{number}",
                interaction_id=f"c-{monday}-{number}",
                occurred_at=at,
                customer=f"asiakas-{number}",
                text=f"Toimitus on myöhässä jo {number + 2} päivää, surkeaa.",
            )
            world.log.add(told, at, 400, None)
            keys.append(EventKey(told.interaction_key, told.event_id))
    assert understand(world, keys) == frozenset()
    clock = datetime(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=UTC)
    return replace(world, clock=lambda: clock)


def test_each_full_week_since_the_first_contact_gives_every_department_its_digest(
    three_weeks: World, tmp_path: Path
) -> None:
    done = digest_weeks.write(three_weeks, TODAY, 5, tmp_path)
    assert [(one.week, one.department) for one in done] == [
        (week, department)
        for week in ("2026-W45", "2026-W46", "2026-W47")
        for department in ("processes", "service")
    ]
    assert len(list(tmp_path.iterdir())) == 2 * len(done)
    for one in done:
        assert one.html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_week_knows_nothing_of_later_ones(three_weeks: World, tmp_path: Path) -> None:
    many = {one.week: one for one in digest_weeks.write(three_weeks, TODAY, 3, tmp_path / "many")}
    then = TODAY - timedelta(weeks=1)
    alone = digest_weeks.write(three_weeks, then, 1, tmp_path / "one")
    for one in alone:
        same = tmp_path / "many" / one.text.name
        assert same.read_text(encoding="utf-8") == one.text.read_text(encoding="utf-8")
    assert set(many) == {"2026-W45", "2026-W46", "2026-W47"}


def test_the_counts_are_those_of_each_week(three_weeks: World, tmp_path: Path) -> None:
    digest_weeks.write(three_weeks, TODAY, 3, tmp_path)
    for week, n in zip(("2026-W45", "2026-W46", "2026-W47"), COMPLAINTS.values(), strict=True):
        text = (tmp_path / f"{week}-processes.txt").read_text(encoding="utf-8")
        assert f"Yhteydenottoja: {n}\n" in text


def test_nothing_is_sent_and_an_empty_hub_writes_nothing(world: World, tmp_path: Path) -> None:
    assert digest_weeks.write(world, TODAY, 4, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_source_is_silent_only_as_far_as_was_known_then(three_weeks: World) -> None:
    organisation = three_weeks.organisation()
    summary = three_weeks.summaries.read(FIRST - timedelta(weeks=26), FIRST + timedelta(days=6))
    at = datetime(2026, 11, 9, 7, tzinfo=UTC)
    heard = digest_weeks.heard(three_weeks, organisation, summary, at)["shop"]
    assert heard is not None
    # Its complaints came on a Wednesday, though later ones are known now.
    assert heard.astimezone(organisation.zone).date() <= date(2026, 11, 5)
    before = three_weeks.summaries.read(date(2026, 5, 4), date(2026, 11, 1))
    assert digest_weeks.heard(three_weeks, organisation, before, at - timedelta(weeks=1)) == {}
