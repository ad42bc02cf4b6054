"""Freshdesk's API: tickets with their conversations, then the satisfaction ratings.

Source: developers.freshdesk.com/api: #list_all_tickets, #list_all_ticket_notes (conversations) and
#view_all_satisfaction_ratings, read 2026-11. Lists end at page 300; the smallest plan allows 50
calls a minute. The key goes as the user of HTTP Basic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.freshdesk_tickets import (
    Values,
    channel_of,
    opening,
    rating_of,
    reply,
    resolution,
)
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_value,
    labels,
    optional_section,
    section,
    text,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    checked,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

CHANNEL = Channel.EMAIL
_TICKETS = 30  # a page: each ticket's conversation is a call of its own
_ROWS = 100
_LAST_PAGE = 300
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def check(source: Source) -> None:
    """Raises Misconfigured for a `domain` that is not the first part of the account's address."""
    domain = source.options.get("domain")
    if domain is not None and not (isinstance(domain, str) and _DOMAIN.fullmatch(domain)):
        raise Misconfigured(
            f"sources.{source.name}.options.domain must be the first part of the account's "
            "address: havuvakka of havuvakka.freshdesk.com"
        )


def page(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
) -> Dialogue[Page]:
    """A page of tickets, oldest change first, each with its conversation; then of ratings.

    `cursor` is "tickets|changed since|page" or "ratings|page".
    """
    part, _, rest = (cursor or f"tickets|{_stamp(since)}|1").partition("|")
    if part == "ratings":
        return (yield from _ratings(source, credentials, since, until, _page_number(rest)))
    changed, _, number = rest.partition("|")
    found = _page_number(number)
    query = {
        "updated_since": changed,
        "order_by": "updated_at",
        "order_type": "asc",
        "include": "requester,description,stats",
        "per_page": str(_TICKETS),
        "page": str(found),
    }
    tickets = yield from _rows("tickets", source, credentials, query)
    events: list[Event] = []
    for ticket in tickets:
        told = _ticket(ticket, source)
        told += yield from _conversation(ticket, source, credentials)
        events += (one for one in told if since <= one.occurred_at < until)
    if len(tickets) < _TICKETS:
        return Page(events, "ratings|1")
    if found < _LAST_PAGE:
        return Page(events, f"tickets|{changed}|{found + 1}")
    last = iso_time(tickets[-1].get("updated_at"), "updated_at")
    return Page(events, f"tickets|{_stamp(last)}|1")


def _ticket(ticket: Json, source: Source) -> list[Event]:
    """The description and the present status."""
    common = _common(ticket)
    created = iso_time(ticket.get("created_at"), "created_at")
    changed = iso_time(ticket.get("updated_at"), "updated_at")
    ticket_id, via = common["interaction_id"], ticket.get("source")
    description = ticket.get("description")
    told = opening(ticket_id, ticket.get("subject"), description, via)
    status = text(str(ticket.get("status", ""))[:20], "status")
    state: Values = {
        "event_id": f"{ticket_id}:status:{status}:{changed.isoformat()}",
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": changed,
        "resolved": resolution(ticket.get("status")),
        "wait_s": _wait(ticket, created),
    }
    channel = channel_of(via)
    made = [*({"occurred_at": created} | one for one in told), state]
    return [record.event(source, channel, **common | one) for one in made]


def _common(ticket: Json) -> Values:
    requester = optional_section(ticket, "requester")
    return {
        "interaction_id": identifier(ticket.get("id"), "id"),
        "tags": labels(ticket.get("tags"), "tags"),
        "customer": record.customer(
            email=text(requester.get("email"), "requester.email"),
            phone=text(requester.get("phone") or requester.get("mobile"), "requester.phone"),
        ),
    }


def _wait(ticket: Json, created: datetime) -> float | None:
    """Seconds from the ticket to the first answer."""
    answered = optional_section(ticket, "stats").get("first_responded_at")
    if answered is None:
        return None
    return max(0.0, (iso_time(answered, "first_responded_at") - created).total_seconds())


def _conversation(
    ticket: Json, source: Source, credentials: Credentials
) -> Dialogue[Sequence[Event]]:
    """The replies and notes of a ticket; none where it was deleted since it was listed."""
    common = _common(ticket)
    ticket_id = common["interaction_id"]
    if not re.fullmatch(r"\d{1,20}", ticket_id):
        raise Unreadable("a ticket's id is not a number")
    events: list[Event] = []
    number = 1
    while True:
        query = {"per_page": str(_ROWS), "page": str(number)}
        try:
            rows = yield from _rows(
                f"tickets/{ticket_id}/conversations", source, credentials, query
            )
        except Skipped:
            return events
        for row in rows:
            role = Role.CUSTOMER if row.get("incoming") is True else Role.AGENT
            role = Role.NOTE if row.get("private") is True else role
            at = iso_time(row.get("created_at"), "conversations.created_at")
            values = common | {"occurred_at": at} | reply(ticket_id, role, row.get("body"))
            events.append(record.event(source, channel_of(ticket.get("source")), **values))
        number += 1
        if len(rows) < _ROWS or number > _LAST_PAGE:
            return events


def _ratings(
    source: Source, credentials: Credentials, since: datetime, until: datetime, number: int
) -> Dialogue[Page]:
    """Ratings, by their answer to the survey's first question. Plans without surveys have none."""
    query = {"created_since": _stamp(since), "per_page": str(_ROWS), "page": str(number)}
    place = "surveys/satisfaction_ratings"
    answer = yield _call(place, source, credentials, query)
    if answer.status in (403, 404):
        return Page([], None)
    rows = _list(checked(answer, "freshdesk's ratings").body, "freshdesk's ratings")
    events = [_rating(row, source) for row in rows]
    told = [event for event in events if since <= event.occurred_at < until]
    more = len(rows) == _ROWS and number < _LAST_PAGE
    return Page(told, f"ratings|{number + 1}" if more else None)


def _rating(row: Json, source: Source) -> Event:
    code = section(row, "ratings").get("default_question")
    return record.event(
        source,
        CHANNEL,
        event_id=f"rating:{identifier(row.get('id'), 'id')}",
        interaction_id=identifier(row.get("ticket_id"), "ticket_id"),
        kind=EventKind.RATING,
        message_id="rating",
        occurred_at=iso_time(row.get("created_at"), "created_at"),
        text=text(row.get("feedback"), "feedback"),
        ratings=(rating_of(code, "ratings.default_question"),),
    )


# --- calls --------------------------------------------------------------------------------------


def _call(place: str, source: Source, credentials: Credentials, query: dict[str, str]) -> Call:
    check(source)
    domain = source.options.get("domain")
    if not domain:
        raise Misconfigured(
            f"sources.{source.name}.options.domain is missing: the first part of the account's "
            "address, such as havuvakka of havuvakka.freshdesk.com"
        )
    url = f"https://{domain}.freshdesk.com/api/v2/{place}?{urlencode(query)}"
    return Call(url, headers=basic(credentials["api_key"], "X"))


def _rows(
    place: str, source: Source, credentials: Credentials, query: dict[str, str]
) -> Dialogue[list[Json]]:
    what = f"freshdesk's {place.rpartition('/')[2]}"
    answer = yield _call(place, source, credentials, query)
    return _list(checked(answer, what).body, what)


def _list(body: bytes, what: str) -> list[Json]:
    rows = json_value(body)
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unreadable(f"{what}: the vendor's answer is not a list of objects")
    return rows


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page_number(word: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", word, re.ASCII):
        raise Unreadable("freshdesk's backfill: the cursor names no page")
    return int(word)


BACKFILL = Backfill(page=page, credentials=("api_key",), calls_per_minute=40)
