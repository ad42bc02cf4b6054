"""A digest that nobody sent rings: by the ledger, the schedule and the clock alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.adapters.world import World
from chalicelib.fold import iso_week
from chalicelib.organisation import WEEKDAYS, Schedule
from chalicelib.pipeline.digests import due, reader_id
from chalicelib.pipeline.overdue import GRACE, count_overdue, last_moment, monday_of, overdue
from tests.twins import Metrics

HELSINKI = ZoneInfo("Europe/Helsinki")
MONDAY_9 = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 09:00 in Helsinki
LAST, BEFORE = date(2026, 11, 16), date(2026, 11, 9)
LATE = MONDAY_9 + GRACE
LONG_AGO = MONDAY_9 - timedelta(days=90)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "published_at", "sent", "monday"),
    [
        pytest.param(LATE, LONG_AGO, (), LAST, id="nobody sent it"),
        pytest.param(LATE, LONG_AGO, (LAST,), None, id="it left"),
        pytest.param(LATE - SECOND, LONG_AGO, (), None, id="it may be on its way"),
        pytest.param(MONDAY_9 - SECOND, LONG_AGO, (), BEFORE, id="until the next one's time"),
        pytest.param(MONDAY_9, LONG_AGO, (), None, id="then the next one has its grace"),
        pytest.param(LATE, MONDAY_9, (), LAST, id="published in time"),
        pytest.param(LATE, MONDAY_9 + SECOND, (), None, id="published later: perhaps new"),
        pytest.param(LATE, MONDAY_9 + SECOND, (BEFORE,), LAST, id="published later, not new"),
        pytest.param(LATE, LONG_AGO, (BEFORE,), LAST, id="last week's is no excuse"),
    ],
)
def test_what_is_overdue(
    now: datetime, published_at: datetime, sent: Collection[date], monday: date | None
) -> None:
    found = overdue(Schedule(), HELSINKI, now, published_at, lambda week: week in sent)
    assert found == monday


@pytest.mark.parametrize("weekday", WEEKDAYS)
@pytest.mark.parametrize("at", [time(0, 15), time(9), time(23, 30)])
def test_it_is_of_the_week_that_was_due(weekday: str, at: time) -> None:
    """At any hour of two weeks that change the clocks, it is the week that `due` last said."""
    schedule = Schedule.model_validate({"weekday": weekday, "at": at})
    start = datetime(2026, 10, 19, tzinfo=UTC)
    said: date | None = None
    for hour in range(14 * 24):
        now = start + timedelta(hours=hour)
        said = due(schedule, HELSINKI, now) or said
        if said is not None and now - start > timedelta(days=8):
            assert monday_of(last_moment(schedule, HELSINKI, now)) == said


def _overdue(world: World, now: datetime) -> dict[str, int]:
    metrics = Metrics()
    found = count_overdue(replace(world, clock=lambda: now, count=metrics))
    counted = {key[-1]: n for key, n in metrics.items()}
    assert found == sum(counted.values())
    return counted


def test_a_department_counts_once_until_all_its_readers_have_it(world: World) -> None:
    """Published before the moment: conftest's clock is days earlier."""
    department, other = world.organisation().departments
    assert _overdue(world, MONDAY_9) == {}
    assert _overdue(world, LATE) == {department.id: 1, other.id: 1}
    readers = [(d, r) for d in (department, other) for r in d.recipients]
    assert len(readers) == 3
    left = {d.id: len(d.recipients) for d in (department, other)}
    for of, recipient in readers:
        reader = reader_id(world, of.id, recipient)
        if of == other:
            world.registry.opt_out(reader, MONDAY_9)
        else:
            world.registry.mark_sent(f"{iso_week(LAST)}_{of.id}_{reader}", MONDAY_9)
        left[of.id] -= 1
        assert _overdue(world, LATE) == {name: 1 for name, n in left.items() if n}
