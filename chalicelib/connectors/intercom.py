"""Intercom (web chat, tickets): conversation and ticket topics.

Source: developers.intercom.com/docs/references/2.16/webhooks/webhook-models, read 2026-11.
Signed: `X-Hub-Signature: sha1=` hex HMAC-SHA1 of the body with the app's client secret, without a
time. Times: Unix seconds. Bodies: HTML. The payload follows the API version of the app: both
`source` (2.0 and later) and `conversation_message` are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors import intercom_api
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    identifier,
    json_body,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.vendor_api import Backfill, Credentials, Dialogue, Page
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind, Role

_SIGNATURE = "x-hub-signature"
_CUSTOMERS = frozenset({"user", "lead", "contact"})
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(_CUSTOMERS, Role.CUSTOMER),
    "admin": Role.AGENT,
    "team": Role.AGENT,
    "bot": Role.BOT,
    "operator": Role.BOT,
}
_CHANNELS: Mapping[str, Channel] = {
    "email": Channel.EMAIL,
    "phone_call": Channel.VOICE,
    "phone_switch": Channel.VOICE,
    "sms": Channel.SMS,
}
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_body_hex(
        request.body, signatures.signature_of(request.headers, _SIGNATURE), secrets
    )


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return request.with_headers(**{_SIGNATURE: signatures.sign_body_hex(request.body, secret)})


def handshake(request: Request) -> Reply | None:
    """HEAD when the URL is saved, and a signed `ping` when the topics are."""
    if request.method == "HEAD":
        return Reply(200)
    if b'"ping"' not in request.body:  # spares every other delivery a second parsing
        return None
    try:
        return Reply(200) if json_body(request).get("topic") == "ping" else None
    except Unreadable:
        return None


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One notification: a message or more, a status, a rating or an erasure."""
    body = json_body(request)
    topic = text(body.get("topic"), "topic")
    read = _READERS.get(topic)
    if read is None:
        raise Skipped(f"intercom topic {topic[:60]!r}")
    item = section(section(body, "data"), "item")
    common: Values = {
        "event_id": identifier(body.get("id"), "id"),
        "interaction_id": _interaction(item),
        "occurred_at": unix_time(body.get("created_at"), "created_at"),
        "customer": _customer(item),
        "tags": _tags(item),
    }
    made = read(item, common)
    if not made:
        raise Unreadable(f"intercom topic {topic!r} came without its message")
    for place, values in enumerate(made):
        if place:  # the first keeps the notification's id, the others add the message's
            values["event_id"] = f"{common['event_id']}:{values.get('message_id') or place}"
    channel = _channel(item)
    return [record.event(source, channel, **values) for values in made]


def backfilled(source: Source, item: Json) -> Sequence[Event]:
    """A whole conversation of the API: its messages with the ids that the webhooks gave them."""
    common: Values = {
        "interaction_id": identifier(item.get("id"), "id"),
        "occurred_at": unix_time(item.get("updated_at"), "updated_at"),
        "customer": _customer(item),
        "tags": _tags(item),
    }
    made = _opened(item, common) + _rated_if_asked(item, common)
    if text(item.get("state"), "state") == "closed":
        statistics = optional_section(item, "statistics")
        closed = {"kind": EventKind.STATUS, "role": Role.SYSTEM, "resolved": True}
        made.append(common | closed | {"occurred_at": _time(statistics, "last_close_at", common)})
    channel = _channel(item)
    for values in made:
        own = values.get("message_id") or "closed"
        values["event_id"] = f"conversation:{common['interaction_id']}:{own}"
    return [record.event(source, channel, **values) for values in made]


def _channel(item: Json) -> Channel:
    kind = text(_opening(item).get("type"), "source.type").lower()
    return _CHANNELS.get(kind, Channel.CHAT)


def _interaction(item: Json) -> str:
    # A deletion names the conversation beside or instead of its own id.
    return identifier(item.get("conversation_id", item.get("id")), "data.item.id")


# --- topics -------------------------------------------------------------------------------------


def _opened(item: Json, common: Values) -> list[Values]:
    opening = _opening(item)
    words = record.titled(
        _plain(opening.get("subject"), "source.subject"), _plain(opening.get("body"), "source.body")
    )
    first = common | {
        "kind": EventKind.MESSAGE,
        "message_id": identifier(opening.get("id", "first"), "source.id"),
        "role": _role(optional_section(opening, "author"), Role.CUSTOMER),
        "occurred_at": _time(item, "created_at", common),
        "text": words,
    }
    return [first, *_replied(item, common)]


def _replied(item: Json, common: Values) -> list[Values]:
    """Every part that says something; a note says it to colleagues only."""
    made = []
    for part in _parts(item):
        words = _plain(part.get("body"), "part.body")
        kind = text(part.get("part_type"), "part.part_type")
        if not words and kind not in ("comment", "note", ""):
            continue  # an assignment or a closing without words
        role = _role(optional_section(part, "author"), Role.SYSTEM)
        made.append(
            common
            | {
                "kind": EventKind.MESSAGE,
                "message_id": identifier(part.get("id"), "part.id"),
                "role": Role.NOTE if kind == "note" else role,
                "occurred_at": _time(part, "created_at", common),
                "text": words,
                "wait_s": _wait(item),
            }
        )
    return made


def _noted(item: Json, common: Values) -> list[Values]:
    return [values | {"role": Role.NOTE} for values in _replied(item, common)]


def _closed(item: Json, common: Values) -> list[Values]:
    closed = {
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "resolved": True,
        "wait_s": _wait(item),
    }
    return [common | closed, *_replied(item, common), *_rated_if_asked(item, common)]


def _reopened(item: Json, common: Values) -> list[Values]:
    reopened = {"kind": EventKind.STATUS, "role": Role.SYSTEM, "resolved": False}
    return [common | reopened, *_replied(item, common)]


def _rated(item: Json, common: Values) -> list[Values]:
    rating = section(item, "conversation_rating")
    if rating.get("rating") is None:
        return []  # asked and not answered
    value = number(rating["rating"], "conversation_rating.rating")
    scored = record.rating(RatingKind.CSAT, value, (1, 5), "conversation_rating.rating")
    rated = {
        "kind": EventKind.RATING,
        "message_id": "rating",
        "occurred_at": _time(rating, "created_at", common),
        "text": _plain(rating.get("remark"), "conversation_rating.remark"),
        "ratings": (scored,),
    }
    return [common | rated]


def _rated_if_asked(item: Json, common: Values) -> list[Values]:
    return _rated(item, common) if item.get("conversation_rating") else []


def _tagged(_: Json, common: Values) -> list[Values]:
    return [common | {"kind": EventKind.STATUS, "role": Role.SYSTEM}]


def _ticket_opened(item: Json, common: Values) -> list[Values]:
    attributes = optional_section(item, "ticket_attributes")
    words = record.titled(
        _plain(attributes.get("_default_title_"), "ticket_attributes._default_title_"),
        _plain(attributes.get("_default_description_"), "ticket_attributes._default_description_"),
    )
    first = common | {
        "kind": EventKind.MESSAGE,
        "message_id": "first",
        "occurred_at": _time(item, "created_at", common),
        "text": words,
    }
    return [first, *_replied(item, common)]


def _ticket_state(item: Json, common: Values) -> list[Values]:
    state = item.get("ticket_state", item.get("state"))
    if isinstance(state, dict):  # 2.12 and later: {category, internal_label, ...}
        state = state.get("category")
    status: Values = {"kind": EventKind.STATUS, "role": Role.SYSTEM}
    if text(state, "ticket_state").lower() == "resolved":
        status["resolved"] = True
    return [common | status]


def _deleted(_: Json, common: Values) -> list[Values]:
    return [_erasure(common, None)]


def _redacted(item: Json, common: Values) -> list[Values]:
    parts = [part for part in _parts(item) if part.get("redacted") is not False]
    opening = _opening(item)
    if not parts and opening.get("redacted") is True:
        parts = [opening]
    return [_erasure(common, identifier(part.get("id"), "part.id")) for part in parts]


def _erasure(common: Values, erases: str | None) -> Values:
    return common | {
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "customer": None,
        "tags": (),
        "erases": erases,
        "message_id": "",
    }


# --- parts of an item ---------------------------------------------------------------------------


def _opening(item: Json) -> Json:
    """The first message: `source`, in API versions before 2.0 `conversation_message`."""
    key = "source" if item.get("source") is not None else "conversation_message"
    return optional_section(item, key)


def _parts(item: Json) -> list[Json]:
    """The new parts; the same for conversations and tickets, which name them differently."""
    kind = "ticket_parts" if "ticket_parts" in item else "conversation_parts"
    held = item.get(kind, item.get("conversation_part"))
    if isinstance(held, list):
        return sections(item, kind)
    if kind not in item and isinstance(held, dict):
        return [held]
    return sections(optional_section(item, kind), kind)


def _tags(item: Json) -> tuple[str, ...]:
    found = [item, *_parts(item)] if isinstance(item.get("conversation_parts"), dict) else [item]
    names = (
        optional_identifier(tag.get("name"), "tags.name")
        for part in found
        for tag in sections(optional_section(part, "tags"), "tags")
    )
    return tuple(dict.fromkeys(name for name in names if name))


def _customer(item: Json) -> str | None:
    """The person who wrote, or the conversation's first contact."""
    people = [
        *(optional_section(part, "author") for part in _parts(item)),
        optional_section(_opening(item), "author"),
    ]
    people = [one for one in people if str(one.get("type")).lower() in _CUSTOMERS]
    people += sections(optional_section(item, "contacts"), "contacts")
    people.append(optional_section(item, "user"))  # before 2.0

    def first(key: str) -> str | None:
        found = (optional_identifier(one.get(key), f"contact.{key}") for one in people)
        return next((one for one in found if one), None)

    return record.customer(
        email=first("email"),
        own_id=first("external_id") or first("user_id"),
        vendor="intercom",
        vendor_id=first("id"),
    )


def _role(author: Json, default: Role) -> Role:
    kind = text(author.get("type"), "author.type").lower()
    return _ROLES.get(kind, Role.SYSTEM) if kind else default


def _wait(item: Json) -> float | None:
    statistics = optional_section(item, "statistics")
    return duration_s(statistics.get("time_to_admin_reply"), "statistics.time_to_admin_reply")


def _time(part: Json, key: str, common: Values) -> datetime:
    value = part.get(key)
    found: datetime = common["occurred_at"] if value is None else unix_time(value, key)
    return found


def _plain(value: object, where: str) -> str:
    return html_text(text(value, where))


_READERS: Mapping[str, Callable[[Json, Values], list[Values]]] = {
    "conversation.user.created": _opened,
    "conversation.contact.created": _opened,
    "conversation.admin.single.created": _opened,
    "conversation.user.replied": _replied,
    "conversation.contact.replied": _replied,
    "conversation.admin.replied": _replied,
    "conversation.operator.replied": _replied,
    "conversation.admin.noted": _noted,
    "conversation.admin.closed": _closed,
    "conversation.operator.closed": _closed,
    "conversation.admin.opened": _reopened,
    "conversation.rating.added": _rated,
    "conversation_part.tag.created": _tagged,
    "conversation_part.redacted": _redacted,
    "conversation.deleted": _deleted,
    "ticket.created": _ticket_opened,
    "ticket.contact.replied": _replied,
    "ticket.admin.replied": _replied,
    "ticket.note.created": _noted,
    "ticket.state.updated": _ticket_state,
    "ticket.closed": _closed,
    "ticket.deleted": _deleted,
}


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    return intercom_api.page(source, credentials, since, until, cursor, backfilled)


CONNECTOR = Connector(
    name="intercom",
    title="Intercom",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    handshake=handshake,
    # A thousand errors in a row within 15 minutes pause the webhook, a week of them suspends it:
    # what we keep is a success. 429 throttles for up to two hours and then drops: never sent.
    status={Outcome.UNREADABLE: 202, Outcome.RETRYABLE: 503},
    secret_hint="Developer Hub > the app > Basic information > Client secret",  # noqa: S106
    check=intercom_api.check,
    retries=(
        "Repeats a failed delivery once, after a minute; a thousand errors in a row within 15 "
        "minutes pause the webhook, and a week of them suspends it."
    ),
    backfill=Backfill(page, intercom_api.CREDENTIALS, calls_per_minute=300),
)
