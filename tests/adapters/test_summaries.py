"""Rolling up moves counts and never changes what they add up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.adapters import transact
from chalicelib.adapters.summaries import Summaries, summary_updates
from chalicelib.adapters.tables import SummaryRow
from chalicelib.adapters.world import World
from chalicelib.summary import Cell, Summary, weekly
from tests.conftest import NOW

FIRST, LAST = date(2026, 11, 2), date(2026, 11, 22)
TODAY = date(2026, 11, 18)


def _cell(day: int, theme: str = "late") -> Cell:
    return Cell(date(2026, 11, day), theme, "delivery", "chat", "failure")


def _add(world: World, summary: Summary, shard: int = 0) -> None:
    for update in summary_updates(summary, shard, NOW, world.summaries.partitions):
        transact.write(updates=[update])


def _rows() -> int:
    return len(list(SummaryRow.scan()))


def test_shards_add_up(world: World) -> None:
    one = Summary({_cell(16): {"contacts": 1, "wait:bin:3": 1}})
    for shard in (0, 3, 11, 3):
        _add(world, one, shard)
    assert world.summaries.read(FIRST, LAST) == Summary(
        {_cell(16): {"contacts": 4, "wait:bin:3": 4}}
    )
    assert _rows() == 2  # shards 0 and 3; 11 is 3 of eight


@pytest.mark.parametrize("partitions", [2, 12])
def test_a_week_spread_over_partitions_adds_up_and_rolls_into_one(
    world: World, partitions: int
) -> None:
    spread = replace(world, summaries=Summaries(partitions))
    one = Summary({_cell(16): {"contacts": 1}, _cell(3): {"contacts": 1}})
    for shard in range(14):
        _add(spread, one, shard)
    assert len({row.week for row in SummaryRow.scan()}) == 2 * partitions
    counts = Summary({_cell(16): {"contacts": 14}, _cell(3): {"contacts": 14}})
    assert spread.summaries.read(FIRST, LAST) == counts
    spread.summaries.roll_up(FIRST, TODAY, NOW)
    assert {row.week for row in SummaryRow.scan()} == {"2026-W45", "2026-W47"}
    assert spread.summaries.read(FIRST, LAST).totals() == counts.totals()
    assert world.summaries.read(FIRST, LAST).totals() == counts.totals(), "may be lowered now"


def test_what_was_taken_back_leaves_nothing(world: World) -> None:
    one = Summary({_cell(16): {"contacts": 1, "negative": 1}, _cell(17): {"contacts": 1}})
    for change in (one, -one, Summary({_cell(17): {"contacts": 1}})):
        _add(world, change)
    assert world.summaries.read(FIRST, LAST) == Summary({_cell(17): {"contacts": 1}})


def test_a_closed_day_is_one_row_and_an_open_day_stays(world: World) -> None:
    counts = Summary(
        {_cell(day, theme): {"contacts": day} for day in (16, 17, 18) for theme in "abc"}
    )
    _add(world, counts)
    assert world.summaries.roll_up(FIRST, TODAY, NOW) == 6
    assert _rows() == 2 + 3
    assert world.summaries.read(FIRST, LAST) == counts
    assert world.summaries.roll_up(FIRST, TODAY, NOW) == 0


def test_a_week_that_closed_a_week_ago_is_one_row(world: World) -> None:
    counts = Summary(
        {_cell(day): {"contacts": day, f"weekday:{day - 1}": day} for day in (2, 5, 8)}
    )
    _add(world, counts)
    assert world.summaries.roll_up(FIRST, date(2026, 11, 15), NOW) == 3
    assert _rows() == 3, "a week is given a week for what comes late"
    assert world.summaries.read(FIRST, LAST) == counts
    assert world.summaries.roll_up(FIRST, date(2026, 11, 16), NOW) == 3
    assert _rows() == 1
    assert world.summaries.read(FIRST, LAST) == weekly(counts)
    assert world.summaries.read(FIRST, LAST).count("weekday:4") == 5


@pytest.mark.parametrize("day", [3, 16], ids=["in a closed week", "on a closed day"])
def test_a_late_correction_adds_to_what_is_closed(world: World, day: int) -> None:
    _add(world, Summary({_cell(day): {"contacts": 5, "negative": 2}}))
    world.summaries.roll_up(FIRST, TODAY, NOW)
    _add(world, Summary({_cell(day): {"negative": -1, "positive": 1}}))
    expected = Summary({_cell(day): {"contacts": 5, "negative": 1, "positive": 1}})
    assert weekly(world.summaries.read(FIRST, LAST)) == weekly(expected)
    world.summaries.roll_up(FIRST, TODAY, NOW)
    assert weekly(world.summaries.read(FIRST, LAST)) == weekly(expected)
    assert _rows() == 1


def test_many_cells_move_in_several_transactions(world: World) -> None:
    counts = Summary({_cell(17, f"t{n}"): {"contacts": n + 1} for n in range(230)})
    _add(world, counts)
    assert world.summaries.roll_up(FIRST, TODAY, NOW) == 230
    assert world.summaries.read(FIRST, LAST) == counts


def test_a_row_that_changes_while_it_is_rolled_up_stays_right(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _add(world, Summary({_cell(3): {"contacts": 1}}))
    write = transact.write

    def meanwhile(**parts: Any) -> None:
        monkeypatch.setattr(transact, "write", write)
        _add(world, Summary({_cell(3): {"contacts": 1}}))
        write(**parts)

    monkeypatch.setattr(transact, "write", meanwhile)
    assert world.summaries.roll_up(FIRST, TODAY, NOW) == 0
    assert world.summaries.read(FIRST, LAST).count("contacts") == 2
    assert world.summaries.roll_up(FIRST, TODAY, NOW) == 1
    assert world.summaries.read(FIRST, LAST).count("contacts") == 2


def test_only_the_days_asked_for(world: World) -> None:
    _add(world, Summary({_cell(day): {"contacts": 1} for day in (3, 8, 9, 18)}))
    assert world.summaries.read(date(2026, 11, 8), date(2026, 11, 9)).count("contacts") == 2
    year_end = date(2026, 12, 28)
    assert world.summaries.read(year_end, year_end + timedelta(days=9)) == Summary()
