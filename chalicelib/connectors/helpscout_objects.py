"""Help Scout's objects, the same in a webhook and in the API: conversation, chat, person, survey.

Source: developer.helpscout.com/webhooks/objects/conversation, /thread, /survey-response-data and
/mailbox-api/endpoints/conversations/threads/list, /chat/endpoints/get, read 2026-11. Bodies are
HTML; threads come newest first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    number,
    optional_identifier,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.parts.reply_text import reply_text
from chalicelib.interaction import Channel, EventKind, Rating, RatingKind, Role

Values = dict[str, Any]

_CHANNELS: Mapping[str, Channel] = {"chat": Channel.CHAT, "phone": Channel.VOICE}
_AUTHORS: Mapping[str, Role] = {
    **{"customer": Role.CUSTOMER, "user": Role.AGENT, "agent": Role.AGENT, "team": Role.AGENT},
    **{"bot": Role.BOT, "ai": Role.BOT},
}
#: Threads that are somebody's words. Not `beaconchat` and `chat`: when a chat ends, all that both
#: sides wrote becomes one such thread, said to be the customer's; it came as chat events before.
_THREADS = frozenset({"customer", "message", "note", "phone", "reply"})
_FACES: Mapping[str, int] = {"😀": 3, "😐": 2, "🙁": 1, "happy": 3, "neutral": 2, "sad": 1}
_THUMBS: Mapping[str, int] = {"👍": 1, "👎": 0, "thumbs up": 1, "thumbs down": 0}


# --- conversations ------------------------------------------------------------------------------


def shared(body: Json) -> tuple[Values, Channel]:
    """What every event of a conversation has, and its channel."""
    key = "primaryCustomer" if body.get("primaryCustomer") is not None else "customer"
    values: Values = {
        "interaction_id": identifier(body.get("id"), "id"),
        "customer": person(optional_section(body, key)),
        "tags": _tags(body),
    }
    kind = text(body.get("type"), "type").lower()
    return values, _CHANNELS.get(kind, Channel.EMAIL)


def messages(body: Json, *, subject: bool = False) -> list[Values]:
    """The published messages and notes, newest first; `subject` puts it above the first one."""
    threads = sections(optional_section(body, "_embedded"), "threads")
    made = [_message(one) for one in threads if _is_told(one)]
    if subject and made:
        first = min(made, key=_age)
        title = text(body.get("subject"), "subject")
        if first["role"] is Role.CUSTOMER:
            first["text"] = record.titled(title, first["text"])
    return made


def newest(told: Sequence[Values]) -> list[Values]:
    """The latest message alone; none of none."""
    return [max(told, key=_age)] if told else []


def _age(values: Values) -> tuple[datetime, str]:
    return values["occurred_at"], values["message_id"]


def _is_told(thread: Json) -> bool:
    state = text(thread.get("state"), "threads.state").lower()
    kind = text(thread.get("type"), "threads.type").lower()
    return kind in _THREADS and state in ("", "published")


def _message(thread: Json) -> Values:
    thread_id = identifier(thread.get("id"), "threads.id")
    author = text(optional_section(thread, "createdBy").get("type"), "createdBy.type").lower()
    role = _AUTHORS.get(author, Role.SYSTEM)
    words = html_text(text(thread.get("body"), "threads.body"), quotes=role is not Role.CUSTOMER)
    return {
        "event_id": f"thread:{thread_id}",
        "message_id": thread_id,
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE if thread.get("type") == "note" else role,
        "occurred_at": iso_time(thread.get("createdAt"), "threads.createdAt"),
        "text": reply_text(words) if role is Role.CUSTOMER else words,
    }


def status(body: Json) -> Values:
    """The conversation's state: closed is resolved, active is not, spam is nobody's voice."""
    state = text(body.get("status"), "status").lower()
    at = _changed_at(body)
    # The time may stay the same when only tags change.
    tags = hashlib.sha256("\n".join(_tags(body)).encode()).hexdigest()[:8]
    conversation = identifier(body.get("id"), "id")
    values: Values = {
        "event_id": f"status:{conversation}:{state[:20]}:{at.isoformat()}:{tags}",
        "occurred_at": at,
        "role": Role.SYSTEM,
    }
    if state == "spam":
        return values | {"kind": EventKind.ERASURE, "customer": None, "tags": ()}
    resolved = {"closed": True, "active": False}.get(state)
    return values | {"kind": EventKind.STATUS, "resolved": resolved}


def _changed_at(body: Json) -> datetime:
    for name in ("userUpdatedAt", "updatedAt", "modifiedAt", "createdAt"):
        if body.get(name) is not None:
            return iso_time(body[name], name)
    return iso_time(None, "createdAt")


def _tags(body: Json) -> tuple[str, ...]:
    """Names of tags: objects with `tag`, `name` or `slug`."""
    found = []
    for tag in sections(body, "tags"):
        name = tag.get("tag") or tag.get("name") or tag.get("slug")
        found.append(optional_identifier(name, "tags.tag"))
    return tuple(dict.fromkeys(name for name in found if name))


# --- chats --------------------------------------------------------------------------------------


def chat_messages(body: Json) -> list[Values]:
    """The messages and notes of a chat that is still going on."""
    chat = identifier(body.get("id"), "id")
    customer = person(optional_section(body, "customer"))
    made = []
    for one in sections(optional_section(body, "_embedded"), "events"):
        kind = text(one.get("type"), "events.type").lower()
        if kind not in ("message", "note"):
            continue
        author = text(optional_section(one, "author").get("type"), "author.type").lower()
        at = one.get("createdAt") or one.get("timestamp") or body.get("createdAt")
        message_id = identifier(one.get("id"), "events.id")
        made.append(
            {
                "event_id": f"chat:{chat}:{message_id}",
                "interaction_id": chat,
                "message_id": message_id,
                "kind": EventKind.MESSAGE,
                "role": Role.NOTE if kind == "note" else _AUTHORS.get(author, Role.SYSTEM),
                "occurred_at": iso_time(at, "events.createdAt"),
                "text": html_text(text(one.get("body"), "events.body")),
                "customer": customer,
                "tags": _tags(body),
            }
        )
    return made


# --- people and surveys -------------------------------------------------------------------------


def person(customer: Json) -> str | None:
    """A customer by address, or by Help Scout's id. Addresses stand in one of three places."""
    emails = [*sections(customer, "emails")]
    emails += sections(optional_section(customer, "_embedded"), "emails")
    found = [text(customer.get("email"), "customer.email")]
    found += (text(one.get("value"), "emails.value") for one in emails)
    return record.customer(
        email=next((one for one in found if one), None),
        vendor="helpscout",
        vendor_id=optional_identifier(customer.get("id"), "customer.id"),
    )


def survey_rating(answer: Json) -> Rating | None:
    """NPS 0-10, faces 1-3 or a thumb; None for a text, a choice, or an emoji of one's own."""
    value = answer.get("value")
    if answer.get("category"):  # promoter, passive or detractor: only NPS has it
        score = number(value, "response.value")
        return record.rating(RatingKind.NPS, score, (0, 10), "response.value")
    words = [text(value, "response.value"), text(answer.get("name"), "response.name").lower()]
    for word in words:
        if word in _FACES:
            return record.rating(RatingKind.CSAT, _FACES[word], (1, 3), "response.value")
        if word in _THUMBS:
            return record.rating(RatingKind.THUMB, _THUMBS[word], (0, 1), "response.value")
    return None
