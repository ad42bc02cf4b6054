"""Freshchat (web chat, WhatsApp and others): conversation webhooks.

Source: crmsupport.freshworks.com, articles 50000004461 (payload and authentication) and
50000002712 (set-up), read 2026-11. One event a delivery.
Signed: `X-Freshchat-Signature`: base64 RSA (PKCS #1 v1.5, SHA-256) over the body, verified with
the account's public key; without a time. Times: ISO 8601 with milliseconds. Both payload versions
are read: `message_parts[].text.content`, and the older `msg_parts[].properties.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chalicelib import asymmetric, signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-freshchat-signature"
_ROLES: Mapping[str, Role] = {
    "user": Role.CUSTOMER,
    "agent": Role.AGENT,
    "bot": Role.BOT,
    "system": Role.SYSTEM,
}
_CHANNELS: Mapping[str, Channel] = {"sms": Channel.SMS, "email": Channel.EMAIL}


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signature = asymmetric.signature_bytes(signatures.signature_of(request.headers, _SIGNATURE))
    asymmetric.check_rsa(request.body, signature, secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signature = asymmetric.sign_rsa(request.body, secret)
    return request.with_headers(**{_SIGNATURE: asymmetric.signature_text(signature)})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One message, resolution or reopening."""
    body = json_body(request)
    action = text(body.get("action"), "action")
    read = _READERS.get(action)
    if read is None:
        raise Skipped(f"freshchat action {action[:60]!r}")
    return [read(body, source)]


def _message(body: Json, source: Source) -> Event:
    message = section(section(body, "data"), "message")
    actor = _actor(message) or _actor(optional_section(body, "actor"))
    role = _ROLES.get(actor, Role.SYSTEM)
    private = text(message.get("message_type"), "message.message_type") == "private"
    message_id = identifier(message.get("id"), "message.id")
    sent = message.get("created_time", body.get("action_time"))
    # Of agents' messages, too, `user_id` is the customer they answer.
    user = message.get("user_id") or (message.get("actor_id") if role is Role.CUSTOMER else None)
    via = text(message.get("message_source"), "message.message_source").lower()
    return record.event(
        source,
        _CHANNELS.get(via, Channel.CHAT),
        event_id=f"message:{message_id}",
        message_id=message_id,
        interaction_id=identifier(message.get("conversation_id"), "message.conversation_id"),
        kind=EventKind.MESSAGE,
        role=Role.NOTE if private else role,
        occurred_at=iso_time(sent, "message.created_time"),
        text=_words(message),
        customer=record.customer(
            vendor="freshchat", vendor_id=optional_identifier(user, "message.user_id")
        ),
    )


def _actor(part: Json) -> str:
    return text(part.get("actor_type"), "actor_type").lower()


def _words(message: Json) -> str:
    """The text parts, a line each; pictures, buttons and files are left out."""
    found = []
    for part in sections(message, "message_parts"):
        found.append(text(optional_section(part, "text").get("content"), "message_parts.text"))
    for part in sections(message, "msg_parts"):  # the older payload version
        found.append(text(optional_section(part, "properties").get("text"), "msg_parts.text"))
    return "\n".join(one for one in found if one)


def _outcome(resolved: bool, key: str) -> Callable[[Json, Source], Event]:
    """A reader for `data.resolve` or `data.reopen`, whose actions have no id of their own."""

    def read(body: Json, source: Source) -> Event:
        told = section(section(body, "data"), key)
        conversation = optional_section(told, "conversation")
        found = conversation.get("conversation_id", told.get("conversation_id"))
        interaction = identifier(found, f"data.{key}.conversation.conversation_id")
        at = iso_time(body.get("action_time"), "action_time")
        return record.event(
            source,
            Channel.CHAT,
            event_id=f"{key}:{interaction}:{at.isoformat()}",
            interaction_id=interaction,
            kind=EventKind.STATUS,
            role=Role.SYSTEM,
            occurred_at=at,
            resolved=resolved,
        )

    return read


_READERS: Mapping[str, Callable[[Json, Source], Event]] = {
    "message_create": _message,
    "conversation_resolution": _outcome(True, "resolve"),
    "conversation_reopen": _outcome(False, "reopen"),
}

CONNECTOR = Connector(
    name="freshchat",
    title="Freshchat",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    # What it reads apart from success is not documented: what we keep or skip is a plain 200.
    status={Outcome.UNREADABLE: 200, Outcome.SKIPPED: 200},
    new_secret=asymmetric.new_rsa_key,
    retries="again while `X-Retry-Count` grows; how often is not documented",
    secret_hint="Admin Settings > Webhooks > Authentication: the public key (RSA)",  # noqa: S106
)
