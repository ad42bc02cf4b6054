"""LiveChat (text.com): chats, their messages, ratings and tags.

Source: platform.text.com/docs/management/webhooks, /docs/messaging/agent-chat-api/v3.6 (pushes,
data structures, List Archives), read 2026-11.
Proof: the webhook's `secret_key` in the body, compared and dropped before the body is kept.
Times: RFC 3339 with microseconds. A chat is an endless thread of threads; a thread is what people
call a chat, and is the interaction.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.body_and_url import check_field, with_field, without_field
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    labels,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Credentials,
    Dialogue,
    Page,
    basic,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind, Role

_SECRET = "secret_key"  # noqa: S105 - the field's name
#: Customers' ids are UUIDs, agents' are addresses, bots' are 32 hex digits.
_CUSTOMER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BOT = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_TYPES: Mapping[str, Role] = {
    "customer": Role.CUSTOMER,
    "agent": Role.AGENT,
    "bot": Role.BOT,
}
#: Fields of a form that hold the customer's words and not their name, address or number.
_WORDS = frozenset({"question", "textarea", "subject", "text"})
_API = "https://api.livechatinc.com/v3.6/agent/action/list_archives"
_REGIONS = frozenset({"dal", "fra"})
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    check_field(request, _SECRET, secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return with_field(request, _SECRET, secret)


def scrub(request: Request) -> Request:
    return without_field(request, _SECRET)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One webhook: a new chat with what was said in it, a message, a rating, a tag, a deletion."""
    body = json_body(request)
    action = text(body.get("action"), "action")
    read = _READERS.get(action)
    if read is None:
        raise Skipped(f"livechat action {action[:60]!r}")
    made = read(section(body, "payload"), received_at)
    if not made:
        raise Skipped(f"livechat action {action!r} without a customer's or agent's part")
    return [record.event(source, Channel.CHAT, **values) for values in made]


def check(source: Source) -> None:
    options.known(source, "region")
    for value in source.options.values():
        if value not in _REGIONS:
            raise Misconfigured(f"sources.{source.name}.options.region must be 'dal' or 'fra'")


# --- actions ------------------------------------------------------------------------------------


def _opened(payload: Json, _received_at: datetime) -> list[Values]:
    return _chat(section(payload, "chat"))


def _chat(chat: Json) -> list[Values]:
    """The customer, then everything said and rated in the thread."""
    thread = section(chat, "thread")
    users = sections(chat, "users")
    customer = next((one for one in users if one.get("type") == "customer"), {})
    own = _thread(thread.get("id"))
    at = iso_time(thread.get("created_at"), "thread.created_at")
    opened: Values = {
        "event_id": f"{own}:opened",
        "interaction_id": own,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "customer": record.customer(
            email=text(customer.get("email"), "users.email"),
            vendor="livechat",
            vendor_id=optional_identifier(customer.get("id"), "users.id"),
        ),
        "tags": labels(thread.get("tags"), "thread.tags"),
    }
    roles = {
        str(one.get("id")): _TYPES.get(str(one.get("type")), Role.SYSTEM)
        for one in users
        if not _BOT.fullmatch(str(one.get("id")))
    }
    said = [values for one in sections(thread, "events") for values in _message(own, one, roles)]
    last = max((values["occurred_at"] for values in said), default=at)
    return [opened, *said, *_rated(own, thread, last)]


def _said(payload: Json, _received_at: datetime) -> list[Values]:
    return _message(_thread(payload.get("thread_id")), section(payload, "event"), {})


def _changed(payload: Json, received_at: datetime) -> list[Values]:
    """The message's new words: a later event of its own about the same message."""
    return [
        values
        | {
            "event_id": f"{values['event_id']}:{_digest(values['text'])}",
            "occurred_at": max(received_at, values["occurred_at"]),
        }
        for values in _said(payload, received_at)
    ]


def _message(thread: str, event: Json, roles: Mapping[str, Role]) -> list[Values]:
    """A message, or nothing: system messages tell that somebody joined or left."""
    kind = text(event.get("type"), "event.type")
    if kind not in ("message", "file", "filled_form", "rich_message"):
        return []
    own = identifier(event.get("id"), "event.id")
    author = identifier(event.get("author_id"), "event.author_id")
    role = roles.get(author) or _role(author)
    seen_by = text(event.get("visibility", event.get("recipients")), "event.visibility")
    values: Values = {
        "event_id": own,
        "message_id": own,
        "interaction_id": thread,
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE if seen_by == "agents" else role,
        "occurred_at": iso_time(event.get("created_at"), "event.created_at"),
        "text": _words(event, kind),
    }
    if role is Role.CUSTOMER:
        values["customer"] = record.customer(vendor="livechat", vendor_id=author)
    return [values]


def _words(event: Json, kind: str) -> str:
    if kind == "filled_form":
        fields = [f for f in sections(event, "fields") if str(f.get("type")) in _WORDS]
        return "\n".join(filter(None, (_answer(field.get("answer")) for field in fields)))
    if kind == "rich_message":
        titles = (text(one.get("title"), "elements.title") for one in sections(event, "elements"))
        return "\n".join(filter(None, titles))
    return text(event.get("text"), "event.text")


def _answer(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("label")
    return text(value, "fields.answer")


def _role(author: str) -> Role:
    if "@" in author:
        return Role.AGENT
    if _CUSTOMER.fullmatch(author):
        return Role.CUSTOMER
    return Role.BOT if _BOT.fullmatch(author) else Role.SYSTEM


def _property(payload: Json, received_at: datetime) -> list[Values]:
    return _rated(_thread(payload.get("thread_id")), payload, received_at)


def _rated(thread: str, holder: Json, at: datetime) -> list[Values]:
    """The rating among the thread's properties: 1 good, 0 bad, with a comment or without."""
    told = optional_section(optional_section(holder, "properties"), "rating")
    if told.get("score") is None and told.get("comment") is None:
        return []
    values: Values = {
        "event_id": f"{thread}:rating:{_digest(json.dumps(told, sort_keys=True))}",
        "message_id": "rating",
        "interaction_id": thread,
        "kind": EventKind.RATING,
        "occurred_at": at,
        "text": text(_plain(told.get("comment")), "rating.comment"),
    }
    if _plain(told.get("score")) is not None:
        score = number(_plain(told["score"]), "rating.score")
        values["ratings"] = (record.rating(RatingKind.THUMB, score, (0, 1), "rating.score"),)
    return [values]


def _plain(value: object) -> object:
    """A property's value; some versions write it as {"value": …}."""
    return value.get("value") if isinstance(value, dict) else value


def _tagged(payload: Json, received_at: datetime) -> list[Values]:
    thread = _thread(payload.get("thread_id"))
    tag = identifier(payload.get("tag"), "tag")
    return [
        {
            "event_id": f"{thread}:tag:{_digest(tag)}",
            "interaction_id": thread,
            "kind": EventKind.STATUS,
            "role": Role.SYSTEM,
            "occurred_at": received_at,
            "tags": (tag,),
        }
    ]


def _event_deleted(payload: Json, received_at: datetime) -> list[Values]:
    erased = identifier(payload.get("event_id"), "event_id")
    return [_erasure(_thread(payload.get("thread_id")), erased, received_at)]


def _thread_deleted(payload: Json, received_at: datetime) -> list[Values]:
    return [_erasure(_thread(payload.get("thread_id")), None, received_at)]


def _chat_deleted(_: Json, __: datetime) -> list[Values]:
    raise Unreadable(
        "a deleted chat names no thread; erase its customer with the hub's own erasure command"
    )


def _erasure(thread: str, erased: str | None, at: datetime) -> Values:
    return {
        "event_id": f"erase:{erased or thread}",
        "interaction_id": thread,
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "erases": erased,
    }


def _thread(value: object) -> str:
    return identifier(value, "thread id")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


_READERS: Mapping[str, Callable[[Json, datetime], list[Values]]] = {
    "incoming_chat": _opened,
    "incoming_event": _said,
    "event_updated": _changed,
    "event_deleted": _event_deleted,
    "thread_properties_updated": _property,
    "thread_tagged": _tagged,
    "thread_deleted": _thread_deleted,
    "chat_deleted": _chat_deleted,
}


# --- API ----------------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """A hundred threads of the archive, oldest first; the cursor is LiveChat's own page id."""
    headers = basic(credentials["account_id"], credentials["token"])
    if source.options.get("region"):
        headers["x-region"] = str(source.options["region"])
    asked: dict[str, Any] = {"page_id": cursor}
    if cursor is None:
        period = {"from": _micro(since), "to": _micro(until)}
        asked = {"filters": period, "sort_order": "asc", "limit": 100}
    answer = yield json_call(_API, "POST", headers, asked)
    body = json_of(answer, "LiveChat's archive")
    found = [
        record.event(source, Channel.CHAT, **values)
        for chat in sections(body, "chats")
        for values in _chat(chat)
        if since <= values["occurred_at"] < until
    ]
    return Page(found, optional_identifier(body.get("next_page_id"), "next_page_id"))


def _micro(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


CONNECTOR = Connector(
    name="livechat",
    title="LiveChat",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    scrub=scrub,
    proof=Proof.TOKEN,
    # LiveChat asks for 200 itself, and sends anything else again.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},
    secret_hint="The secret_key that you give when you register the webhook",  # noqa: S106
    retries="Repeats what is not answered with 200 within 10 s up to three times within a minute.",
    backfill=Backfill(page, ("account_id", "token"), calls_per_minute=60),
)
