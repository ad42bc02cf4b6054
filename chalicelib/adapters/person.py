"""What the tables hold of one person: found and removed, for a request under the GDPR.

Only these requests read whole tables: they are rare, and completeness comes first. They read row by
row, so that no size of the log is too large.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.adapters import codec
from chalicelib.adapters.archive import Archive
from chalicelib.adapters.log import EventKey, named_by
from chalicelib.adapters.tables import EventRow
from chalicelib.errors import Retryable
from chalicelib.interaction import Event

#: Where redacted texts wait for an asynchronous endpoint, see `pipeline/asking.py`.
QUESTIONS = ("asked/", "failed/")
_KEY = ("interaction", "event_id")


class Logged(NamedTuple):
    """A row of the log. `event` is None for a delivery that could not be read.

    `raw` is the whole kept delivery, headers and body; b"" where another row holds it, where none
    is kept, and where it was not asked for.
    """

    key: EventKey
    event: Event | None
    raw: bytes


@dataclass(frozen=True)
class Person:
    """DynamoDB and the archive bucket."""

    archive: Archive

    def logged(self, *, raw: bool) -> Iterator[Logged]:
        """Every row of the log; with its delivery, from the archive too, only if `raw`."""
        wanted = [*_KEY, "event", *(("raw", "raw_in") if raw else ())]
        for row in EventRow.scan(attributes_to_get=wanted):
            event = codec.load_event(row.event) if row.event is not None else None
            yield Logged(_key(row), event, self._raw(row) if raw else b"")

    def events_of(self, interaction: str) -> Iterator[tuple[EventKey, Event]]:
        """The logged events of an interaction, as the vendor told them."""
        for row in EventRow.query(interaction, attributes_to_get=[*_KEY, "event"]):
            if row.event is not None:
                yield _key(row), codec.load_event(row.event)

    def unexpired(self, keys: Iterable[EventKey], now: datetime) -> set[EventKey]:
        """Those whose time is not over, though the table may not have deleted the others yet."""
        wanted = [*_KEY, "expires_at"]
        rows = EventRow.batch_get(list(dict.fromkeys(keys)), attributes_to_get=wanted)
        return {_key(row) for row in rows if row.expires_at > now}

    def forget_questions(self, interactions: Collection[str]) -> int:
        """Empty the texts of interactions in questions to the endpoint; how many there were.

        The question keeps its form, so that the others' answers still fit it.
        """
        emptied = 0
        for key in self.archive.listed(QUESTIONS):
            question = self.archive.json(key)
            of = (question or {}).get("of", ())
            places = [place for place, one in enumerate(of) if one[0] in interactions]
            if question and any(question["texts"][place]["text"] for place in places):
                for place in places:
                    question["texts"][place]["text"] = ""
                self.archive.put_json(key, question)
                emptied += len(places)
        return emptied

    def forget_event(self, key: EventKey) -> bool:
        """Delete an event and the delivery that held it; True when a delivery was removed.

        A delivery that held several events goes for all of them: the others keep what was read.
        """
        row = _row(key)
        if row is None:
            return False
        removed = self._forget_raw(row)
        row.delete()
        return removed

    def forget_delivery(self, key: EventKey) -> bool:
        """Remove the delivery of an event, which keeps what was read; True when there was one."""
        row = _row(key)
        return row is not None and self._forget_raw(row)

    def redact_event(self, key: EventKey, redacted: Event) -> None:
        """Replace an event's words, and forget the delivery that still holds them."""
        self.forget_delivery(key)
        _update(key, [EventRow.event.set(codec.dump_event(redacted))])

    def _forget_raw(self, row: EventRow) -> bool:
        if holder := named_by(row.raw_in):
            found = _row(holder)
            return found is not None and self._forget_raw(found)
        if row.raw_in:
            self.archive.delete(row.raw_in)
        elif row.raw is None:
            return False
        _update(
            EventKey(row.interaction, row.event_id),
            [EventRow.raw.remove(), EventRow.raw_in.remove()],
        )
        return True

    def _raw(self, row: EventRow) -> bytes:
        raw = row.raw
        if raw is None and row.raw_in and not named_by(row.raw_in):
            raw = self.archive.found(row.raw_in)
        return zlib.decompress(raw) if raw else b""


def _row(key: EventKey) -> EventRow | None:
    return next(iter(EventRow.batch_get([key], consistent_read=True)), None)


def _key(row: EventRow) -> EventKey:
    return EventKey(row.interaction, row.event_id)


def _update(key: EventKey, actions: list[Action]) -> None:
    try:
        EventRow(*key).update(actions=actions, condition=EventRow.event_id.exists())
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise Retryable("could not change an event") from error
