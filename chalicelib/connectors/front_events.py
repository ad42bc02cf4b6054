"""What one of Front's events says; the same pushed and listed.

Source: dev.frontapp.com/reference/events, read 2026-11. Times: Unix seconds with a fraction. An
event holds its conversation, and as its target a message, a comment or a tag. A preview holds the
message without its words: those are fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.parts.reply_text import reply_text
from chalicelib.interaction import Channel, EventKind, Role

Values = dict[str, Any]

_MESSAGES = frozenset({"inbound", "outbound", "out_reply"})
_RESOLVED: Mapping[str, bool] = {"archive": True, "reopen": False}
#: The event types that are read. `trash` erases: nobody means a conversation in the bin to count.
KINDS = _MESSAGES | set(_RESOLVED) | {"comment", "tag", "untag", "trash"}
_CHANNELS: Mapping[str, Channel] = {
    "email": Channel.EMAIL,
    "form": Channel.FEEDBACK,
    "sms": Channel.SMS,
    "twilio": Channel.SMS,
    "call": Channel.VOICE,
    "phone-call": Channel.VOICE,
    "googleplay": Channel.REVIEW,
    "yelp": Channel.REVIEW,
}


def event_values(event: Json, kind: str) -> tuple[Values, Channel]:
    """The fields of one of KINDS, and its channel."""
    conversation = section(event, "conversation")
    common: Values = {
        "event_id": identifier(event.get("id"), "id"),
        "interaction_id": identifier(conversation.get("id"), "conversation.id"),
        "occurred_at": unix_time(event.get("emitted_at"), "emitted_at"),
        "tags": _tags(conversation),
    }
    target = optional_section(optional_section(event, "target"), "data")
    if kind in _MESSAGES:
        values, via = message_values(section(section(event, "target"), "data"), common)
        customer = values["customer"] or _handle(optional_section(conversation, "recipient"))
        return values | {"customer": customer}, via
    # A state does not tell the channel; what the conversation's last message came by does.
    via = _channel(optional_section(conversation, "last_message"))
    if kind == "comment":
        return _comment(target, common), via
    if kind == "trash":
        gone = {"kind": EventKind.ERASURE, "role": Role.SYSTEM, "tags": ()}
        return common | gone, via
    state: Values = {"kind": EventKind.STATUS, "role": Role.SYSTEM}
    if kind in _RESOLVED:
        state["resolved"] = _RESOLVED[kind]
    if kind == "tag":
        name = optional_identifier(target.get("name"), "target.data.name")
        state["tags"] = tuple(dict.fromkeys((*common["tags"], *filter(None, [name]))))
    return common | state, via


def message_values(message: Json, common: Values) -> tuple[Values, Channel]:
    """A message's fields. Its id is its identity, so that a message is one however it is told.

    Without body and text it is a preview: a word that the message must be fetched.
    """
    message_id = identifier(message.get("id"), "message.id")
    inbound = message.get("is_inbound") is True
    via = _channel(message)
    people = sections(message, "recipients")
    values = common | {"customer": _customer(people, inbound)}
    if message.get("body") is None and message.get("text") is None:
        return values | {
            "kind": EventKind.STATUS,
            "role": Role.SYSTEM,
            "fetch": f"message:{message_id}",
        }, via
    sent = message.get("created_at")
    return values | {
        "event_id": message_id,
        "message_id": message_id,
        "kind": EventKind.MESSAGE,
        "role": Role.CUSTOMER if inbound else Role.AGENT,
        "occurred_at": common["occurred_at"] if sent is None else unix_time(sent, "created_at"),
        "text": _words(message, inbound, via),
    }, via


def _words(message: Json, inbound: bool, via: Channel) -> str:
    """What was written: of a customer's mail, without what it quotes and its signature."""
    mail = inbound and via is Channel.EMAIL
    words = html_text(text(message.get("body"), "message.body"), quotes=not mail)
    words = words or text(message.get("text"), "message.text")
    if not mail:
        return words
    subject = text(message.get("subject"), "message.subject")
    reply = subject.lower().startswith(("re:", "vs:", "sv:", "aw:"))
    return reply_text(words) if reply else record.titled(subject, reply_text(words))


def _comment(comment: Json, common: Values) -> Values:
    """Written to colleagues only."""
    comment_id = identifier(comment.get("id"), "target.data.id")
    return common | {
        "event_id": comment_id,
        "message_id": comment_id,
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE,
        "text": html_text(text(comment.get("body"), "target.data.body")),
    }


def _channel(message: Json) -> Channel:
    kind = text(message.get("type"), "message.type").lower()
    return _CHANNELS.get(kind, Channel.CHAT) if kind else Channel.EMAIL


def _customer(people: list[Json], inbound: bool) -> str | None:
    """Who wrote to us, or the first whom we wrote to."""
    wanted = "from" if inbound else "to"
    for one in people:
        if text(one.get("role"), "recipients.role") == wanted:
            return _handle(one)
    return None


def _handle(recipient: Json) -> str | None:
    """A handle is an address, a number or a name in some chat; the last two look alike."""
    handle = text(recipient.get("handle"), "recipient.handle")
    number = handle if handle.startswith("+") else None
    return record.customer(
        email=None if handle.startswith("@") else handle,
        phone=number,
        vendor="front",
        vendor_id=optional_identifier(handle, "recipient.handle"),
    )


def _tags(conversation: Json) -> tuple[str, ...]:
    names = (
        optional_identifier(one.get("name"), "tags.name") for one in sections(conversation, "tags")
    )
    return tuple(dict.fromkeys(name for name in names if name))
