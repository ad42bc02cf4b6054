"""giosg (Finnish; website chat): messages and deletions, by the webhooks of a giosg App.

Source: docs.giosg.com/tutorials/giosg_apps, giosg/demo-bot README and
giosg/ext-chat-connectivity-example `giosg_webhooks/{serializers,views}.py`, read 2026-11.
Proof: giosg signs nothing; its own examples put a secret into the URL, as here: `?secret=…`.
A notification names a resource: `added` holds it whole, `changed` what changed of it, `removed` may
be an erasure under the GDPR. Times: ISO 8601; one without a zone is UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.body_and_url import (
    check_parameter,
    with_parameter,
    without_parameter,
)
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    optional_identifier,
    optional_section,
    text,
    truth,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_SECRET = "secret"  # noqa: S105 - the parameter's name
_ROLES = {"visitor": Role.CUSTOMER, "user": Role.AGENT, "operator": Role.AGENT, "bot": Role.BOT}
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    check_parameter(request, _SECRET, secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return with_parameter(request, _SECRET, secret)


def scrub(request: Request) -> Request:
    return without_parameter(request, _SECRET)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One notification: a message, its new words, how a chat ended, or an erasure."""
    body = json_body(request)
    action = text(body.get("action"), "action")
    if action not in ("added", "changed", "removed"):
        raise Skipped(f"giosg action {action[:60]!r}")
    resource_id = identifier(body.get("resource_id"), "resource_id")
    resource = optional_section(body, "resource")
    path = _path(body)
    if path[-1:] == ["messages"]:
        chat = resource.get("chat_id") or (path[-2] if len(path) > 1 else None)
        own = identifier(None if chat == "*" else chat, "the chat's id")
        values = _message(action, resource_id, resource, received_at) | {"interaction_id": own}
    elif "chats" in (path[-1:] or [""])[0] or "chats" in (path[-2:-1] or [""])[0]:
        values = _chat(action, resource_id, resource, received_at)
    else:
        raise Skipped("giosg channel of neither chats nor messages")
    return [record.event(source, Channel.CHAT, **values)]


def _path(body: Json) -> list[str]:
    """The channel's parts: api, v5, orgs, …, owned_chats, CHAT, messages."""
    channel = text(body.get("channel"), "channel")
    try:
        return [part for part in urlsplit(channel).path.split("/") if part]
    except ValueError:
        raise Unreadable("channel is not a path") from None


def _message(action: str, own: str, resource: Json, received_at: datetime) -> Values:
    """Raises Skipped for what is not said: joining, leaving, a changed avatar."""
    if action == "removed":
        return _erasure(f"erase:{own}", own, received_at)
    if action == "changed" and not (resource.get("message") and resource.get("sender_type")):
        raise Skipped("giosg change of a message without words or without their author")
    kind = text(resource.get("type"), "resource.type")
    if kind != "msg" and not (action == "changed" and not kind):
        raise Skipped(f"giosg message of type {kind[:40]!r}")
    sender = text(resource.get("sender_type"), "resource.sender_type")
    hidden = truth(resource.get("is_encrypted"), "resource.is_encrypted")
    words = "" if hidden else html_text(text(resource.get("message"), "resource.message"))
    at = _time(resource.get("created_at"), received_at)
    values: Values = {
        "event_id": f"message:{own}",
        "message_id": own,
        "kind": EventKind.MESSAGE,
        "role": _ROLES.get(sender, Role.SYSTEM),
        "occurred_at": at,
        "text": words,
    }
    if action == "changed":
        values["event_id"] += ":" + hashlib.sha256(words.encode()).hexdigest()[:16]
        values["occurred_at"] = max(at, received_at)
    if sender == "visitor":
        visitor = optional_identifier(resource.get("sender_id"), "resource.sender_id")
        values["customer"] = record.customer(vendor="giosg", vendor_id=visitor)
    return values


def _chat(action: str, own: str, resource: Json, received_at: datetime) -> Values:
    """An ended chat: abandoned when the visitor wrote and nobody answered."""
    if action == "removed":
        return _erasure(f"erase:chat:{own}", None, received_at) | {"interaction_id": own}
    ended = truth(resource.get("is_ended"), "resource.is_ended")
    asked = truth(resource.get("has_visitor_messages"), "resource.has_visitor_messages")
    answered = truth(resource.get("has_user_messages"), "resource.has_user_messages")
    if not ended or not asked or answered is None:
        raise Skipped("giosg chat without anything new to count")
    return {
        "event_id": f"chat:{own}:ended",
        "interaction_id": own,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": _time(resource.get("ended_at"), received_at),
        "abandoned": not answered,
    }


def _erasure(own: str, erased: str | None, at: datetime) -> Values:
    return {
        "event_id": own,
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "erases": erased,
    }


def _time(value: object, received_at: datetime) -> datetime:
    """The resource's own time; the time of receipt where it has none."""
    stamp = text(value, "resource's time")
    if not stamp:
        return received_at
    zoned = stamp[-1:] in "Zz" or "+" in stamp or stamp[-6:-5] == "-"
    return iso_time(stamp if zoned else stamp + "Z", "resource's time")


CONNECTOR = Connector(
    name="giosg",
    title="giosg",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    proof=Proof.TOKEN,
    secret_hint="A long random text of your own, also in the webhook's URL: ?secret=…",  # noqa: S106
    retries="",
)
