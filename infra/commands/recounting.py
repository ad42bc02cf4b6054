"""Counts made equal to what the stored interactions contribute: for after a table was restored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from chalicelib.adapters import transact
from chalicelib.adapters.summaries import summary_updates
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.summary import Summary, monday, total

_READ = 100  # interactions a request


def correct_counts(world: World) -> int:
    """Correct each cell that differs from what the stored interactions contribute; how many did.

    Weeks whose interactions may have expired stay as they are: nothing else knows their counts.
    Safe to stop and repeat, but only while nothing else writes: what is counted between the two
    readings would be taken for a fault. Raises Retryable.
    """
    organisation, now = world.organisation(), world.clock()
    retention, today = organisation.retention, organisation.local_day(now)
    first = monday(today - timedelta(days=retention.interactions_days)) + timedelta(weeks=1)
    wanted = total(_contributions(world)).where(lambda cell: cell.day >= first)
    # A sender's clock may be ahead.
    latest = max((cell.day for cell, _ in wanted), default=today)
    last = monday(max(latest, today)) + timedelta(weeks=2, days=-1)
    delta = _told(wanted, today) - _told(world.summaries.read(first, last), today)
    expires_at = now + timedelta(days=retention.summaries_days)
    cells = iter(delta)
    while batch := dict(islice(cells, transact.MAX_ITEMS)):
        try:
            transact.write(updates=summary_updates(Summary(batch), 0, expires_at))
        except transact.Cancelled as error:
            raise Retryable("counts changed meanwhile; stop what writes, and repeat") from error
    return len(delta.cells)


def _contributions(world: World) -> Iterator[Summary]:
    keys = world.interactions.all_keys()
    while batch := list(islice(keys, _READ)):
        yield from (state.contribution for state in world.interactions.read(batch).values())


def _told(summary: Summary, today: date) -> Summary:
    """At the Monday where the week may be rolled up whole (`Summaries.roll_up`), else by day."""
    return total(
        Summary({cell._replace(day=_day(cell.day, today)): counts}) for cell, counts in summary
    )


def _day(day: date, today: date) -> date:
    closed = monday(day) + timedelta(days=6) < today - timedelta(days=7)
    return monday(day) if closed else day
