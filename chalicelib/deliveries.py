"""Deliveries: the line that each leaves in the log, and the id that names it.

    id          16 hex digits: 13 of when it came, in microseconds since 1970, and 3 at random
    in the log  {"message": "delivery", "id", "source", "outcome", "status", …}, see `receive`
    event log   what it stored has the id's time as its `received_at`

So an id alone finds the line, the events and the request that was kept, without an index.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.connectors.base import Outcome

ID_HEADER = "X-Delivery-Id"  # on every answer, so that it stands in the vendor's own log too
TIME_DIGITS = 13
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: Outcomes of deliveries that their vendor sent: the proof fitted.
VERIFIED = frozenset({Outcome.ACCEPTED, Outcome.DUPLICATE, Outcome.SKIPPED, Outcome.UNREADABLE})
#: Outcomes that a person should hear of.
FAULTS = frozenset({Outcome.REJECTED, Outcome.UNREADABLE, Outcome.RETRYABLE, Outcome.MISCONFIGURED})


@dataclass(frozen=True)
class Delivery:
    """One delivery, as its log line tells it.

    `kinds` counts its events by "kind/role", such as "message/customer"; `type` is the media type
    that the vendor named; `ms` the time the hub took.
    """

    id: str
    at: datetime
    source: str
    outcome: Outcome
    status: int
    reason: str = ""
    events: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    type: str = ""
    bytes: int = 0
    ms: float = 0


def delivery_id(at: datetime) -> str:
    """A name for a delivery that came at an aware time; ids sort by time."""
    return time_digits(at) + os.urandom(2).hex()[:3]


def time_digits(at: datetime) -> str:
    """The part of an id that tells the time; the same for all that the delivery stored."""
    return f"{(at - _EPOCH) // _MICROSECOND:0{TIME_DIGITS}x}"


def received_at(delivery: str) -> datetime:
    """The time in an id, or in its first 13 digits, aware UTC. Raises ValueError for no id."""
    if not TIME_DIGITS <= len(delivery) <= TIME_DIGITS + 3:
        raise ValueError(f"{delivery!r} is no delivery's id: those have 16 hex digits")
    try:
        return _EPOCH + int(delivery[:TIME_DIGITS], 16) * _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{delivery!r} is no delivery's id: those have 16 hex digits") from error


def read(line: Mapping[str, Any]) -> Delivery | None:
    """A log record as a delivery; None for any other record, and for one of an older form."""
    if line.get("message") != "delivery" or "id" not in line:
        return None
    try:
        return Delivery(
            id=str(line["id"]),
            at=received_at(str(line["id"])),
            source=str(line["source"]),
            outcome=Outcome(line["outcome"]),
            status=int(line["status"]),
            reason=str(line.get("reason", "")),
            events=int(line.get("events", 0)),
            kinds={str(kind): int(n) for kind, n in line.get("kinds", {}).items()},
            type=str(line.get("type", "")),
            bytes=int(line.get("bytes", 0)),
            ms=float(line.get("ms", 0)),
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
