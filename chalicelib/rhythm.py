"""A source's usual rhythm by the hour of the week, and how surprising its silence is.

An hour is active when something verified came in it. For each of the 168 hours of the local week
the share of active ones among the past six weeks is estimated, drawn towards the hours around it;
a silence is as probable as all its hours being inactive together. It is told when that is less
probable than FALSE_ALARMS_A_YEAR of one year's hours: a silence begins after an hour, so a source
that keeps its rhythm is called silent by chance at most that often. Days off say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from itertools import pairwise

from chalicelib.source_tally import HOUR_S, REMEMBERED, Tally, hour_of

#: By chance, for one source; see `tests/test_sources_health.py` for what uneven days make of it.
FALSE_ALARMS_A_YEAR = 0.25
_HOURS_A_YEAR = 8766
_HOURS_A_WEEK = 168
SURPRISING = FALSE_ALARMS_A_YEAR / _HOURS_A_YEAR
#: With less there is no rhythm to compare with.
HISTORY = timedelta(days=21)
ACTIVE_HOURS = 20
#: How many weeks' evidence the hours around one are worth.
_PRIOR_WEEKS = 12
#: No hour is surer than this: a meeting, a maintenance break or a fire drill happens in any.
_SUREST = 0.9
#: A silence is no surprise when the source had about as unlikely ones in these six weeks: its days
#: are then more uneven than hours that know nothing of each other can tell.
_BEYOND = 1.25


@dataclass(frozen=True)
class Silence:
    """No sign of life since a moment.

    `log_p` is the logarithm of how probable that is in the usual rhythm; below `limit` it is
    told.
    """

    since: datetime
    log_p: float
    limit: float

    @property
    def told(self) -> bool:
        return self.log_p < self.limit


def silence(
    tally: Tally, now: datetime, zone: tzinfo, days_off: Collection[date] = ()
) -> Silence | None:
    """The silence of a source with a known rhythm, however probable; None without one."""
    last, first = tally.last_verified, tally.first_verified
    if last is None or first is None:
        return None
    start = max(hour_of(first), hour_of(now - REMEMBERED))
    active = {hour for hour in tally.active_hours() if hour >= start}
    end = hour_of(last)  # the hour in which it was last heard
    if len(active) < ACTIVE_HOURS or (end - start) * HOUR_S < HISTORY.total_seconds():
        return None
    week = _Week(zone, days_off)
    for hour in range(start, end + 1):
        week.add(hour, hour in active)
    log_p = week.log_p(range(end + 1, hour_of(now)))
    worst = min(week.log_p(gap) for gap in _gaps(sorted(active)))
    return Silence(last, log_p, min(math.log(SURPRISING), _BEYOND * worst))


def _gaps(active: Sequence[int]) -> Iterator[range]:
    """The inactive hours between active ones, an empty range where there are none."""
    for before, after in pairwise(active):
        yield range(before + 1, after)


class _Week:
    """How often each hour of the local week was active."""

    def __init__(self, zone: tzinfo, days_off: Collection[date]) -> None:
        self._zone = zone
        self._days_off = frozenset(days_off)
        self._seen = [0] * _HOURS_A_WEEK
        self._active = [0] * _HOURS_A_WEEK

    def _slot(self, hour: int) -> int:
        """The hour of the week, Monday's first is 0; -1 on a day off."""
        local = datetime.fromtimestamp(hour * HOUR_S, self._zone)
        return -1 if local.date() in self._days_off else 24 * local.weekday() + local.hour

    def add(self, hour: int, active: bool) -> None:
        slot = self._slot(hour)
        if slot >= 0:
            self._seen[slot] += 1
            self._active[slot] += active

    def log_p(self, hours: range) -> float:
        """The logarithm of the probability that all these hours are inactive."""
        return sum(self._log_inactive[slot] for hour in hours if (slot := self._slot(hour)) >= 0)

    @cached_property
    def _log_inactive(self) -> list[float]:
        """Of each hour of the week, once all have been added."""
        return [math.log(1 - self._p(slot)) for slot in range(_HOURS_A_WEEK)]

    def _p(self, slot: int) -> float:
        """The probability that this hour of a week is active."""
        around = self._around(slot)
        # One inactive hour more than was seen: what never failed in few weeks may still fail.
        nearby = sum(self._active[s] for s in around) / (sum(self._seen[s] for s in around) + 1)
        own = (self._active[slot] + _PRIOR_WEEKS * nearby) / (self._seen[slot] + _PRIOR_WEEKS)
        return min(own, _SUREST)

    def _around(self, slot: int) -> list[int]:
        """The same hour and its neighbours, on all working days or on this weekend day."""
        day, hour = divmod(slot, 24)
        days = range(5) if day < 5 else (day,)
        return [24 * d + h for d in days for h in range(max(0, hour - 1), min(23, hour + 1) + 1)]
