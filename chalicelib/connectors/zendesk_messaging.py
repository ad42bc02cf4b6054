"""Zendesk messaging (Sunshine Conversations): the webhooks of a conversations integration.

Source: developer.zendesk.com/documentation/conversations/messaging-platform/
programmable-conversations/receiving-messages and /api-reference/conversations (webhooks), read
2026-11. One delivery holds many events.
Proof: the webhook's shared secret in the header X-API-Key; nothing is signed. Times: ISO 8601.
For a Zendesk whose messaging makes tickets, the source `zendesk` tells the same and signs it.
"""

from __future__ import annotations

import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    labels,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_KEY = "x-api-key"
_CHANNELS: Mapping[str, Channel] = {
    "twilio": Channel.SMS,
    "messagebird": Channel.SMS,
    "mailgun": Channel.EMAIL,
    "email": Channel.EMAIL,
}
#: Fields of a form that hold the customer's words and choices, and not their address.
_ANSWERS = ("text", "select")
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_token(request.headers.get(_KEY), secrets, _KEY)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return request.with_headers(**{_KEY: secret})


def scrub(request: Request) -> Request:
    headers = {name: value for name, value in request.headers.items() if name != _KEY}
    return replace(request, headers=headers)


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """Every message, button and removal of a delivery."""
    made: list[Event] = []
    unused = "no event"
    for one in sections(json_body(request), "events"):
        kind = text(one.get("type"), "events.type")
        read = _READERS.get(kind)
        if read is None:
            unused = kind
            continue
        payload = section(one, "payload")
        common = {
            "event_id": identifier(one.get("id"), "events.id"),
            "interaction_id": identifier(
                section(payload, "conversation").get("id"), "conversation.id"
            ),
            "occurred_at": iso_time(one.get("createdAt"), "events.createdAt"),
        }
        channel, values = read(payload, common)
        made.append(record.event(source, channel, **values))
    if not made:
        raise Skipped(f"zendesk messaging event {unused[:60]!r}")
    return made


def _said(payload: Json, common: Values) -> tuple[Channel, Values]:
    message = section(payload, "message")
    author = optional_section(message, "author")
    came_by = text(optional_section(message, "source").get("type"), "source.type").lower()
    received = message.get("received")
    values = common | {
        "message_id": identifier(message.get("id"), "message.id"),
        "kind": EventKind.MESSAGE,
        "role": _role(author, came_by, section(payload, "conversation")),
        "text": _words(optional_section(message, "content")),
        **_person(author),
    }
    if received is not None:
        values["occurred_at"] = iso_time(received, "message.received")
    return _CHANNELS.get(came_by, Channel.CHAT), values


def _role(author: Json, came_by: str, conversation: Json) -> Role:
    """`business` is an agent in the agent workspace; anything else that answers is a bot."""
    if text(author.get("type"), "author.type") == "user":
        return Role.CUSTOMER
    if "AI" in labels(author.get("subtypes"), "author.subtypes"):
        return Role.BOT
    active = optional_section(conversation, "activeSwitchboardIntegration")
    answering = text(active.get("integrationType"), "integrationType").lower()
    who = came_by if came_by.startswith("zd:") else answering
    return Role.AGENT if who == "zd:agentworkspace" else Role.BOT


def _words(content: Json) -> str:
    """What is written; the choices and answers of a filled form; a caption."""
    if text(content.get("type"), "content.type") == "formResponse":
        said = (_answer(field) for field in sections(content, "fields"))
        return "\n".join(filter(None, said))
    return text(content.get("text"), "content.text")


def _answer(field: Json) -> str:
    kind = text(field.get("type"), "fields.type")
    if kind not in _ANSWERS:
        return ""
    if kind == "select":
        chosen = (text(one.get("label"), "select.label") for one in sections(field, "select"))
        return ", ".join(filter(None, chosen))
    return text(field.get("text"), "fields.text")


def _pressed(payload: Json, common: Values) -> tuple[Channel, Values]:
    """A button that the customer chose: what was written on it."""
    postback = section(payload, "postback")
    came_by = text(optional_section(payload, "source").get("type"), "source.type").lower()
    values = common | {
        "message_id": common["event_id"],
        "kind": EventKind.MESSAGE,
        "text": text(postback.get("text"), "postback.text"),
        **_person({"type": "user", "user": payload.get("user")}),
    }
    return _CHANNELS.get(came_by, Channel.CHAT), values


def _removed(_: Json, common: Values) -> tuple[Channel, Values]:
    return Channel.CHAT, common | {"kind": EventKind.ERASURE, "role": Role.SYSTEM, "erases": None}


def _message_removed(payload: Json, common: Values) -> tuple[Channel, Values]:
    erased = identifier(section(payload, "message").get("id"), "message.id")
    channel, values = _removed(payload, common)
    return channel, values | {"erases": erased}


def _person(author: Json) -> Values:
    """Who the customer is; empty for the company. (A locale is the client's, not the writer's.)"""
    if author.get("type") != "user":
        return {}
    user = optional_section(author, "user")
    profile = optional_section(user, "profile")
    found = user.get("id", author.get("userId"))
    return {
        "customer": record.customer(
            email=text(profile.get("email"), "profile.email"),
            own_id=optional_identifier(user.get("externalId"), "user.externalId"),
            vendor="zendesk_messaging",
            vendor_id=optional_identifier(found, "user.id"),
        ),
    }


_READERS: Mapping[str, Callable[[Json, Values], tuple[Channel, Values]]] = {
    "conversation:message": _said,
    "conversation:postback": _pressed,
    "conversation:remove": _removed,
    "conversation:message:remove": _message_removed,
}

CONNECTOR = Connector(
    name="zendesk_messaging",
    title="Zendesk messaging (Sunshine Conversations)",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    proof=Proof.TOKEN,
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},  # "200" is what its guide asks for
    new_secret=lambda: randomness.token_urlsafe(32),
    secret_hint="Admin Center > Apps and integrations > Conversations integrations > the webhook > Shared secret",  # noqa: S106, E501
    retries="Repeats what fails up to five times within 15 minutes, at growing intervals.",
)
