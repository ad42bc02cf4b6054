"""The event log: every event once, under its signed identity, with the delivery that held it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.exceptions import DoesNotExist, PutError, PynamoDBException, UpdateError

from chalicelib.adapters import codec
from chalicelib.adapters.archive import Archive
from chalicelib.adapters.tables import MAX_ITEM_BYTES, EventRow, stamp
from chalicelib.connectors.base import Request
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.interaction import Event, EventKind

UNREADABLE = "!unreadable"  # the by_source index keeps unreadable deliveries apart under it


class EventKey(NamedTuple):
    """Where an event lies: what the queue carries."""

    interaction: str
    event_id: str


_SIBLING = "#event:"


def named_by(raw_in: str | None) -> EventKey | None:
    """The event of the same delivery that holds the request, where `raw_in` names one."""
    if not raw_in or not raw_in.startswith(_SIBLING):
        return None
    return EventKey(*json.loads(raw_in.removeprefix(_SIBLING)))


class Arrival(NamedTuple):
    """A stored event, and when its delivery came: the time in that delivery's id."""

    event: Event
    received_at: datetime


class Waiting(NamedTuple):
    """A stored event, whether what it waits for was fetched, and when its delivery came."""

    event: Event
    fetched: bool
    received_at: datetime


@dataclass(frozen=True)
class EventLog:
    """DynamoDB, with the archive bucket for payloads that an item cannot hold."""

    archive: Archive

    def add(
        self,
        event: Event,
        received_at: datetime,
        keep_days: int,
        raw: bytes | EventKey | None,
    ) -> bool:
        """Store an event unless its identity is stored already; True when it is new.

        `raw` is the delivery (`codec.dump_request`), or the event of the same delivery that
        holds it. One write. Raises Retryable when the table does not answer.
        """
        row = EventRow(
            event.interaction_key,
            event.event_id,
            source=event.source,
            received_at=stamp(received_at),
            outcome="accepted",
            event=codec.dump_event(event),
            expires_at=timedelta(days=keep_days),
        )
        return self._put(row, raw)

    def keep_unreadable(
        self, source: str, request: Request, received_at: datetime, keep_days: int, reason: str
    ) -> EventKey:
        """Keep a verified delivery of unknown shape, once, until it is replayed or expires."""
        raw = codec.dump_request(request)
        digest = hashlib.sha256(request.url.encode() + b"\n" + request.body).hexdigest()
        key = EventKey(f"{source}{UNREADABLE}#{digest}", "delivery")
        row = EventRow(
            *key,
            source=source + UNREADABLE,
            received_at=stamp(received_at),
            outcome=reason[:500],
            expires_at=timedelta(days=keep_days),
        )
        self._put(row, raw)
        return key

    def _put(self, row: EventRow, raw: bytes | EventKey | None) -> bool:
        if isinstance(raw, EventKey):
            row.raw_in = _SIBLING + json.dumps(raw)  # vendors' ids may hold any character
        elif raw is not None and len(raw) + len(row.event or b"") > MAX_ITEM_BYTES:
            row.raw_in = self.archive.put_raw(row.source, raw)
        else:
            row.raw = raw
        try:
            row.save(condition=EventRow.event_id.does_not_exist())
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise _named(error, "store an event") from error
        return True

    def read(self, keys: Iterable[EventKey]) -> dict[EventKey, Event]:
        """The events that are stored; a key that expired or was erased is missing."""
        return {key: arrival.event for key, arrival in self.arrivals(keys).items()}

    def arrivals(
        self, keys: Iterable[EventKey], broken: set[EventKey] | None = None
    ) -> dict[EventKey, Arrival]:
        """As `read`, with the time of each event's delivery.

        A record that cannot be read back joins `broken`; without it, raises ValueError.
        """
        found = {}
        try:
            for row in EventRow.batch_get(list(dict.fromkeys(keys)), consistent_read=True):
                if row.event is None:
                    continue
                key = EventKey(row.interaction, row.event_id)
                with codec.collecting(broken, key):
                    arrived = datetime.fromisoformat(row.received_at)
                    found[key] = Arrival(codec.load_event(row.event), arrived)
        except PynamoDBException as error:
            raise _named(error, "read events") from error
        return found

    def waiting(self, key: EventKey) -> Waiting | None:
        """One event that may wait for its vendor's API; None when it expired or was erased."""
        try:
            row = EventRow.get(
                *key,
                consistent_read=True,
                attributes_to_get=["event", "fetched_at", "received_at"],
            )
        except DoesNotExist:
            return None
        except PynamoDBException as error:
            raise _named(error, "read an event") from error
        if row.event is None:
            return None
        return Waiting(
            codec.load_event(row.event),
            row.fetched_at is not None,
            datetime.fromisoformat(row.received_at),
        )

    def mark_fetched(self, key: EventKey, now: datetime) -> None:
        """What the event waited for is stored and queued. Harmless to repeat."""
        try:
            EventRow(*key).update(
                actions=[EventRow.fetched_at.set(stamp(now))],
                condition=EventRow.event_id.exists(),
            )
        except UpdateError as error:
            # An event that expired meanwhile must not come back as an empty row.
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise _named(error, "mark an event as fetched") from error

    def erased(self, interaction: str) -> bool:
        """True when the log holds an erasure of the whole interaction, understood or not."""
        try:
            return any(
                row.event is not None and _erases_all(codec.load_event(row.event))
                for row in EventRow.query(
                    interaction, consistent_read=True, attributes_to_get=["event"]
                )
            )
        except PynamoDBException as error:
            raise _named(error, "read an interaction's events") from error

    def discard(self, key: EventKey) -> None:
        """Remove a kept delivery that was replayed."""
        EventRow(*key).delete()

    def last_received_at(self, source: str) -> datetime | None:
        """When a source last delivered an event; None when never, or not within retention."""
        found = next(EventRow.by_source.query(source, scan_index_forward=False, limit=1), None)
        return datetime.fromisoformat(found.received_at) if found else None

    def all_keys(self) -> Iterator[EventKey]:
        """Every stored event, for rebuilding what stands to the right of the log."""
        for row in EventRow.scan(attributes_to_get=["interaction", "event_id", "source"]):
            if not row.source.endswith(UNREADABLE):
                yield EventKey(row.interaction, row.event_id)

    def add_many(
        self, events: Sequence[Event], received_at: datetime, keep_days: int
    ) -> list[bool]:
        """Store up to 100 events of an import in one transaction; True for those that are new."""
        return _add_many(events, received_at, keep_days)


def _erases_all(event: Event) -> bool:
    return event.kind is EventKind.ERASURE and event.erases is None


def _add_many(events: Sequence[Event], received_at: datetime, keep_days: int) -> list[bool]:
    from chalicelib.adapters.transact import Cancelled, write

    new = [True] * len(events)
    seen: set[EventKey] = set()
    for position, event in enumerate(events):
        key = EventKey(event.interaction_key, event.event_id)
        new[position] = key not in seen
        seen.add(key)
    while True:
        left = [position for position, fresh in enumerate(new) if fresh]
        if not left:
            return new
        rows = [_import_row(events[position], received_at, keep_days) for position in left]
        try:
            write(puts=[(row, EventRow.event_id.does_not_exist()) for row in rows])
        except Cancelled as cancelled:
            if not cancelled.failed_conditions:
                raise Retryable("the events table refused an import for now") from cancelled
            for place in cancelled.failed_conditions:
                new[left[place]] = False
        else:
            return new


def _import_row(event: Event, received_at: datetime, keep_days: int) -> EventRow:
    return EventRow(
        event.interaction_key,
        event.event_id,
        source=event.source,
        received_at=stamp(received_at),
        outcome="accepted",
        event=codec.dump_event(event),
        expires_at=timedelta(days=keep_days),
    )


def _named(error: PynamoDBException, doing: str) -> Retryable | Misconfigured:
    """Our name for what DynamoDB said: wait, or tell a person."""
    code = error.cause_response_code or type(error).__name__
    wrong = {"ResourceNotFoundException", "AccessDeniedException", "ValidationException"}
    if code in wrong:
        return Misconfigured(f"could not {doing}: DynamoDB answered {code}")
    return Retryable(f"could not {doing}: DynamoDB answered {code}")
