"""What the tables hold of one person: found and removed, for a request under the GDPR.

Only these requests read whole tables: they are rare, and completeness comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.adapters import codec
from chalicelib.adapters.archive import Archive
from chalicelib.adapters.log import UNREADABLE, EventKey
from chalicelib.adapters.tables import EventRow
from chalicelib.errors import Retryable
from chalicelib.interaction import Event

#: Where redacted texts wait for an asynchronous endpoint, see `pipeline/asking.py`.
QUESTIONS = ("asked/", "failed/")
_KEY_AND_EXPIRY = ["interaction", "event_id", "expires_at"]


@dataclass(frozen=True)
class Person:
    """DynamoDB and the archive bucket."""

    archive: Archive

    def events(self) -> Iterator[tuple[EventKey, Event]]:
        """Every logged event, as the vendor told it."""
        for row in EventRow.scan(attributes_to_get=["interaction", "event_id", "event"]):
            if row.event is not None:
                yield EventKey(row.interaction, row.event_id), codec.load_event(row.event)

    def unexpired(self, keys: Iterable[EventKey], now: datetime) -> set[EventKey]:
        """Those whose time is not over, though the table may not have deleted the others yet."""
        rows = EventRow.batch_get(list(dict.fromkeys(keys)), attributes_to_get=_KEY_AND_EXPIRY)
        return {EventKey(row.interaction, row.event_id) for row in rows if row.expires_at > now}

    def unreadable_with(self, holds: Callable[[bytes], bool]) -> Iterator[EventKey]:
        """Kept deliveries of unknown shape whose bytes `holds` accepts."""
        kept = EventRow.source.contains(UNREADABLE)
        for row in EventRow.scan(filter_condition=kept):
            request = codec.load_request(self._raw(row))
            if holds(request.url.encode() + b"\n" + request.body):
                yield EventKey(row.interaction, row.event_id)

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
        row = next(iter(EventRow.batch_get([key], consistent_read=True)), None)
        if row is None:
            return False
        removed = self._forget_raw(row)
        row.delete()
        return removed

    def redact_event(self, key: EventKey, redacted: Event) -> None:
        """Replace an event's words, and forget the delivery that still holds them."""
        row = next(iter(EventRow.batch_get([key], consistent_read=True)), None)
        if row is not None:
            self._forget_raw(row)
            _update(key, [EventRow.event.set(codec.dump_event(redacted))])

    def _forget_raw(self, row: EventRow) -> bool:
        if row.raw_in and row.raw_in.startswith("#event:"):
            event_id, _, interaction = row.raw_in.removeprefix("#event:").partition("#")
            holder = EventKey(interaction, event_id)
            found = next(iter(EventRow.batch_get([holder], consistent_read=True)), None)
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
        return row.raw if row.raw is not None else self.archive.get(row.raw_in)


def _update(key: EventKey, actions: list[Action]) -> None:
    try:
        EventRow(*key).update(actions=actions, condition=EventRow.event_id.exists())
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise Retryable("could not change an event") from error
