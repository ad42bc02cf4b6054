"""Front's API: the words of a message that a webhook only previewed, and what was missed.

Source: dev.frontapp.com/reference/get-message, /reference/list-events and /docs/rate-limiting, read
2026-11. Starter plans have 50 calls a minute. The list of events gives the newest first, 15 a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.front_events import KINDS, event_values, message_values
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import optional_section, sections, text
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    bearer,
    json_of,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Event

_API = "https://api2.frontapp.com"
#: Where `_pagination.next` may lead: the company's own host of Front's API, and nowhere else.
_NEXT = re.compile(r"https://[a-z0-9-]+(?:\.api)?\.frontapp\.com/events\?[!-~]*")


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The message that a preview named."""
    kind, _, message_id = event.fetch.partition(":")
    if kind != "message" or not message_id:
        raise Unreadable("front's message: this event names none to fetch")
    place = f"{_API}/messages/{quote(message_id, safe='')}"
    answer = yield Call(place, headers=bearer(credentials["api_token"]))
    message = json_of(answer, "front's message")
    common = {
        "event_id": event.event_id,
        "interaction_id": event.interaction_id,
        "occurred_at": event.occurred_at,
        "tags": event.tags,
    }
    values, via = message_values(message, common)
    if not values.get("message_id"):
        raise Skipped("front's message: it has no words")
    values["customer"] = values["customer"] or event.customer
    return [record.event(source, via, **values)]


def page(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
) -> Dialogue[Page]:
    """The events of the range, newest first. `cursor` is the address of the next page."""
    if cursor is None:
        query = [
            ("q[after]", f"{since.timestamp():.3f}"),
            ("q[before]", f"{until.timestamp():.3f}"),
        ]
        query += [("q[types][]", kind) for kind in sorted(KINDS)]
        cursor = f"{_API}/events?{urlencode(query)}"
    if not _NEXT.fullmatch(cursor):
        raise Unreadable("front's events: the next page is not at Front's own address")
    answer = yield Call(cursor, headers=bearer(credentials["api_token"]))
    body = json_of(answer, "front's events")
    events: list[Event] = []
    for one in sections(body, "_results"):
        kind = text(one.get("type"), "type")
        if kind in KINDS:
            values, via = event_values(one, kind)
            found = record.event(source, via, **values)
            events += yield from _whole(found, source, credentials)
    following = text(optional_section(body, "_pagination").get("next"), "_pagination.next")
    return Page(events, following or None)


def _whole(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The event, with its message where the list gives a preview too."""
    if not event.fetch:
        return [event]
    try:
        message = yield from fetch(event, source, credentials)
    except Skipped:  # deleted since
        message = []
    return [replace(event, fetch=""), *message]


FETCH = Fetch(dialogue=fetch, credentials=("api_token",), calls_per_minute=45)
BACKFILL = Backfill(page=page, credentials=("api_token",), calls_per_minute=45)
