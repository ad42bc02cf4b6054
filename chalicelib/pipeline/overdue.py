"""overdue: the ledger, the schedules and the clock -> departments that lack their digest.

Sending itself counts what the mail service refuses, and stops trying after a day. What nobody
tried, because nothing ran or because the day was over, is seen here alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.fold import iso_week
from chalicelib.organisation import WEEKDAYS, Schedule
from chalicelib.pipeline.digests import reader_id

#: After its hour a digest may still be on its way: some runs, and the lease of one that died.
GRACE = timedelta(hours=2)
WEEK = timedelta(weeks=1)


def last_moment(schedule: Schedule, zone: ZoneInfo, now: datetime) -> datetime:
    """When a schedule last came, aware, in `zone`."""
    local = now.astimezone(zone)
    back = (local.weekday() - WEEKDAYS.index(schedule.weekday)) % 7
    moment = datetime.combine(local.date() - timedelta(days=back), schedule.at, zone)
    return moment if moment <= now else moment - WEEK


def monday_of(moment: datetime) -> date:
    """The Monday of the week that a digest of this scheduled moment tells of."""
    return moment.date() - timedelta(days=moment.weekday() + 7)


def overdue(
    schedule: Schedule,
    zone: ZoneInfo,
    now: datetime,
    published_at: datetime,
    sent: Callable[[date], bool],
) -> date | None:
    """The Monday of the week whose digest a reader should have and has not, or None.

    Told from GRACE after the scheduled moment until the next one. `sent` is the ledger: whether
    the reader's digest of a week, by its Monday, left. `published_at` is when the organisation
    became the current one: a reader whom it may have brought after the moment is owed nothing,
    unless they had the digest of the week before.
    """
    moment = last_moment(schedule, zone, now)
    monday = monday_of(moment)
    if now < moment + GRACE or sent(monday):
        return None
    known = published_at <= moment or sent(monday - WEEK)
    return monday if known else None


def count_overdue(world: World) -> int:
    """Count the departments a reader of whom lacks the last digest; how many."""
    organisation, now = world.organisation(), world.clock()
    published_at = world.registry.published_at()
    found = 0
    for department in organisation.departments:
        for recipient in department.recipients:
            reader = reader_id(world, department.id, recipient)

            def sent(monday: date, end: str = f"{department.id}_{reader}") -> bool:
                return world.registry.digest_state(f"{iso_week(monday)}_{end}", now) == "sent"

            monday = overdue(department.schedule, organisation.zone, now, published_at, sent)
            if monday is None or world.registry.opted_out(reader):
                continue
            warn("a digest is overdue", department=department.id, week=iso_week(monday))
            world.count("digest_overdue", department=department.id)
            found += 1
            break
    return found
