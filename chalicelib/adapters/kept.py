"""Kept deliveries: the requests that the event log still holds, with the events they gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.update import Action

from chalicelib.adapters import codec
from chalicelib.adapters.archive import Archive
from chalicelib.adapters.log import UNREADABLE, EventKey, named_by
from chalicelib.adapters.tables import EventRow, stamp
from chalicelib.connectors.base import Request
from chalicelib.deliveries import time_digits
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.interaction import Event

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Kept:
    """A delivery whose request is kept. `holder` is the row that has it.

    `stored` are the events that it added to the log; none where `unreadable` says why it could
    not be read.
    """

    source: str
    received_at: datetime
    request: Request
    holder: EventKey
    stored: Mapping[EventKey, Event]
    unreadable: str = ""

    @property
    def id(self) -> str:
        """The part of the delivery's id that tells its time, which finds it."""
        return time_digits(self.received_at)


def kept(
    archive: Archive,
    source: str,
    since: datetime,
    until: datetime,
    *,
    unreadable: bool,
    now: datetime,
) -> Iterator[Kept]:
    """Kept deliveries of a source that came in [since, until), oldest first.

    What expired before `now` is left out, though the table deletes it some days later. So are
    events of files, backfills and fetches, which came in no delivery. Raises Retryable or
    Misconfigured when the tables do not answer.
    """
    index = source + UNREADABLE if unreadable else source
    when = EventRow.received_at.between(stamp(since), stamp(until - _INSTANT))
    try:
        rows = EventRow.by_source.query(index, when)
        for came_at, group in groupby(rows, lambda row: str(row.received_at)):
            keys = [EventKey(row.interaction, row.event_id) for row in group]
            yield from _deliveries(archive, source, came_at, keys, now)
    except PynamoDBException as error:
        raise _named(error) from error


def _deliveries(
    archive: Archive, source: str, came_at: str, keys: Sequence[EventKey], now: datetime
) -> Iterator[Kept]:
    """The deliveries of one instant, each with the events that name it; one, nearly always."""
    rows = {
        EventKey(row.interaction, row.event_id): row
        for row in EventRow.batch_get(keys)
        if row.expires_at > now
    }
    holders = {key: row for key, row in rows.items() if _request_of(row) is not None}
    named = {key: _holder(row) or key for key, row in rows.items() if row.raw_in or row.raw}
    first = next(iter(holders), None)
    for holder, row in holders.items():
        raw = row.raw if row.raw is not None else archive.get(row.raw_in)
        yield Kept(
            source=source,
            received_at=datetime.fromisoformat(came_at),
            request=codec.load_request(raw),
            holder=holder,
            stored={
                key: codec.load_event(rows[key].event)
                for key, of in named.items()
                # What names a row that is gone is told with the first.
                if rows[key].event is not None and (of if of in holders else first) == holder
            },
            unreadable=str(row.outcome) if row.event is None else "",
        )


def _request_of(row: EventRow) -> bytes | str | None:
    """What the row holds of its delivery: the request, or its archive key."""
    return row.raw if row.raw is not None else None if _holder(row) else row.raw_in


def _holder(row: EventRow) -> EventKey | None:
    """The row that holds the request, where this one only names it."""
    return named_by(row.raw_in) if row.raw is None else None


def rewrite(key: EventKey, event: Event) -> None:
    """Replace the content of a stored event; nothing when it expired or was erased meanwhile."""
    _change(key, EventRow.event.set(codec.dump_event(event)))


def hold(key: EventKey, raw: bytes) -> None:
    """Let a row hold the request, before the row that held it goes."""
    _change(key, EventRow.raw.set(raw))


def remove(key: EventKey) -> None:
    """Take a row out of the log that no reading of its delivery gives any more."""
    try:
        EventRow(*key).delete()
    except PynamoDBException as error:
        raise _named(error) from error


def _change(key: EventKey, action: Action) -> None:
    try:
        EventRow(*key).update(actions=[action], condition=EventRow.event_id.exists())
    except PynamoDBException as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise _named(error) from error


def _named(error: PynamoDBException) -> Retryable | Misconfigured:
    code = error.cause_response_code or type(error).__name__
    wrong = {"ResourceNotFoundException", "AccessDeniedException", "ValidationException"}
    kind = Misconfigured if code in wrong else Retryable
    return kind(f"could not work on kept deliveries: DynamoDB answered {code}")
