"""Tally: what is remembered of one source's deliveries, so that no log is read twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import FAULTS, VERIFIED, Delivery

#: How far back the hours are counted: six weeks tell a source's usual rhythm.
REMEMBERED = timedelta(weeks=6)
#: How far back the kinds of events are counted.
KINDS_REMEMBERED = timedelta(days=30)
#: A fault that has not come again for so long is over.
QUIET = timedelta(hours=24)
HOUR_S = 3600
DAY_S = 86400


class Cause(StrEnum):
    """Why a source needs its integrator."""

    NO_SECRET = "no-secret"  # noqa: S105
    UNSIGNED = "unsigned"
    SECRET = "secret"  # noqa: S105
    CLOCK = "clock"
    CONTENT_TYPE = "content-type"
    UNREADABLE = "unreadable"
    SET_UP = "set-up"
    NOT_SUBSCRIBED = "not-subscribed"
    SILENT = "silent"


#: Causes that keep every delivery out: one that is verified shows that they are over.
SHUT_OUT = frozenset({Cause.NO_SECRET, Cause.UNSIGNED, Cause.SECRET, Cause.CLOCK, Cause.SET_UP})


@dataclass(frozen=True)
class Run:
    """One cause's deliveries in a row: how many, from when to when, and the last one's reason."""

    first: datetime
    last: datetime
    n: int
    reason: str = ""
    type: str = ""


@dataclass(frozen=True)
class Tally:
    """One source, as its deliveries before `read_until` tell it.

    `hours` counts outcomes by hour (since 1970, UTC), `kinds` events by day (since 1970) and
    "kind/role"; `runs` holds the faults that last, by Cause.
    """

    read_until: datetime
    first_verified: datetime | None = None
    last_verified: datetime | None = None
    last: Delivery | None = None
    last_fault: Delivery | None = None
    hours: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    kinds: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    runs: Mapping[str, Run] = field(default_factory=dict)

    def counts(self, since: datetime) -> Counter[str]:
        """Deliveries by outcome from the whole hour of a moment on."""
        first, total = hour_of(since), Counter[str]()
        for hour, outcomes in self.hours.items():
            if hour >= first:
                total.update(outcomes)
        return total

    def events_by_role(self) -> Counter[str]:
        """Events of the remembered days by who spoke."""
        total = Counter[str]()
        for counted in self.kinds.values():
            for kind, n in counted.items():
                total[kind.partition("/")[2]] += n
        return total

    def active_hours(self) -> frozenset[int]:
        """The hours in which something came that the vendor did send."""
        return frozenset(
            hour
            for hour, outcomes in self.hours.items()
            if any(outcomes.get(outcome) for outcome in VERIFIED)
        )


def hour_of(at: datetime) -> int:
    """The whole hour since 1970 that holds a moment."""
    return int(at.timestamp()) // HOUR_S


def cause_of(delivery: Delivery) -> Cause | None:
    """What a delivery's fault says about the set-up; None where it says nothing."""
    reason = delivery.reason
    if delivery.outcome is Outcome.REJECTED:
        if "no secret" in reason:
            return Cause.NO_SECRET
        if "missing" in reason:
            return Cause.UNSIGNED
        return Cause.CLOCK if "a clock that is wrong" in reason else Cause.SECRET
    if delivery.outcome is Outcome.MISCONFIGURED:
        return Cause.NO_SECRET if reason.startswith("secret ") else Cause.SET_UP
    if delivery.outcome is Outcome.UNREADABLE:
        return Cause.CONTENT_TYPE if _wrong_type(delivery) else Cause.UNREADABLE
    return None


def _wrong_type(delivery: Delivery) -> bool:
    """True where the body is not what the connector reads, and its media type says so too."""
    if "not JSON" in delivery.reason or "a JSON object" in delivery.reason:
        return "json" not in delivery.type
    return "form" in delivery.reason and "form" not in delivery.type


def fold(tally: Tally, deliveries: Iterable[Delivery], read_until: datetime) -> Tally:
    """The tally with more deliveries of its source, those before its `read_until` left out.

    Reading some of them twice, or after a stop, changes nothing.
    """
    new = sorted(
        (d for d in deliveries if tally.read_until <= d.at < read_until), key=lambda d: d.id
    )
    hours = {hour: Counter(counts) for hour, counts in tally.hours.items()}
    kinds = {day: Counter(counts) for day, counts in tally.kinds.items()}
    for delivery in new:
        tally = _with(tally, delivery)
        hours.setdefault(hour_of(delivery.at), Counter())[delivery.outcome.value] += 1
        if delivery.outcome is Outcome.ACCEPTED:
            day = int(delivery.at.timestamp()) // DAY_S
            kinds.setdefault(day, Counter()).update(delivery.kinds)
    oldest_hour = hour_of(read_until - REMEMBERED)
    oldest_day = int((read_until - KINDS_REMEMBERED).timestamp()) // DAY_S
    return replace(
        tally,
        read_until=max(tally.read_until, read_until),
        hours={hour: dict(of) for hour, of in hours.items() if hour >= oldest_hour},
        kinds={day: dict(of) for day, of in kinds.items() if day >= oldest_day},
        runs={cause: run for cause, run in tally.runs.items() if run.last > read_until - QUIET},
    )


def _with(tally: Tally, delivery: Delivery) -> Tally:
    runs = dict(tally.runs)
    verified = delivery.outcome in VERIFIED
    if verified:
        runs = {cause: run for cause, run in runs.items() if cause not in SHUT_OUT}
    cause = cause_of(delivery)
    if cause is not None:
        known = runs.get(cause)
        going_on = known is not None and delivery.at - known.last <= QUIET
        runs[cause] = Run(
            first=known.first if known and going_on else delivery.at,
            last=delivery.at,
            n=known.n + 1 if known and going_on else 1,
            reason=delivery.reason,
            type=delivery.type,
        )
    return replace(
        tally,
        first_verified=(tally.first_verified or delivery.at) if verified else tally.first_verified,
        last_verified=delivery.at if verified else tally.last_verified,
        last=delivery,
        last_fault=delivery if delivery.outcome in FAULTS else tally.last_fault,
        runs=runs,
    )
