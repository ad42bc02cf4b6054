"""Vonage, formerly Nexmo (messages, calls): Messages API inbound, Voice API events.

Source: developer.vonage.com (messages/concepts/signed-webhooks, messages inbound, voice
webhook-reference), read 2026-11. Signed: `Authorization: Bearer` a JSON Web Token, HS256, with the
account's signature secret; its claim `payload_hash` is the hex SHA-256 of the body. The token's
own time is not compared: it is not known whether a retry is signed anew. Times: ISO 8601.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.connectors import vonage_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import jwt_hs256, record
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    identifier,
    iso_time,
    json_body,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import Backfill, Fetch
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_HEADER = "authorization"
_BEARER = "bearer "
_LONGEST = 8192
_CHANNELS: Mapping[str, Channel] = {"sms": Channel.SMS, "mms": Channel.SMS, "rcs": Channel.SMS}
#: How a leg ends that nobody took. Of the caller's own leg that is giving up.
_UNANSWERED = frozenset({"unanswered", "cancelled", "timeout"})
_ENDED = _UNANSWERED | {"completed", "busy", "rejected", "failed"}
Values = dict[str, Any]


# --- proof --------------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    header = request.headers.get(_HEADER, "").strip()
    if not header:
        raise Rejected("the Authorization header is missing")
    if len(header) > _LONGEST or header[: len(_BEARER)].lower() != _BEARER:
        raise Rejected("the Authorization header is not a bearer token")
    token = header[len(_BEARER) :].strip()
    jwt_hs256.check(token, secrets, "token of the Authorization header")
    try:
        claimed = jwt_hs256.claims(token).get("payload_hash")
    except Unreadable as error:
        raise Rejected(str(error)) from error
    if not isinstance(claimed, str) or not claimed:
        raise Rejected("the token has no payload_hash, so it proves nothing of the body")
    digest = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(digest.encode(), claimed.lower().encode("utf-8", "replace")):
        raise Rejected("the body does not match the token's payload_hash")


def sign(request: Request, secret: str, now: datetime) -> Request:
    claims = {
        "iat": int(now.timestamp()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(request.body).hexdigest(),
    }
    token = jwt_hs256.sign(json.dumps(claims, separators=(",", ":")).encode(), secret)
    return request.with_headers(authorization=f"Bearer {token}")


# --- events -------------------------------------------------------------------------------------


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One callback: a message, the end of a call's leg, what a caller said, a transcript."""
    body = json_body(request)
    for field, read in _READERS.items():
        if field in body:
            channel, values = read(body, received_at)
            return [record.event(source, channel, **values)]
    raise Unreadable("none of Vonage's known fields is in the body")


def _message(message: Json, received_at: datetime) -> tuple[Channel, Values]:
    """An inbound message, of the API's version 1 or 0.1; statuses of our own are unused."""
    if "message_type" not in message and "message" not in message:
        raise Skipped("status of a message that the company sent")
    named = identifier(message.get("message_uuid"), "message_uuid")
    sender, kind = message.get("from"), text(message.get("channel"), "channel").lower()
    if isinstance(sender, dict):  # 0.1 nests what version 1 tells beside each other
        kind = text(sender.get("type"), "from.type").lower()
        sender = sender.get("number") or sender.get("id")
    own = text(sender, "from")
    channel = _CHANNELS.get(kind, Channel.CHAT)
    # A number on SMS and WhatsApp; on Messenger and its like the vendor's own id.
    known = kind in ("messenger", "instagram", "viber_service")
    when = message.get("timestamp")
    values: Values = {
        "event_id": f"message:{named}",
        "message_id": named,
        # No conversation is named; one made of the two numbers would be personal data.
        "interaction_id": f"message:{named}",
        "kind": EventKind.MESSAGE,
        "occurred_at": iso_time(when, "timestamp") if when else received_at,
        "text": _words(message),
        "customer": record.customer(
            phone=None if known else own,
            vendor=f"vonage:{kind[:40]}",
            vendor_id=own[:200] if known else None,
        ),
    }
    return channel, values


def _words(message: Json) -> str:
    """The text; of a picture its caption, of an answered button its title."""
    nested = optional_section(optional_section(message, "message"), "content")
    said = text(message.get("text") or nested.get("text"), "text")
    for key, inner in (("image", "caption"), ("reply", "title"), ("button", "text")):
        part = message.get(key)
        if not said and isinstance(part, dict):
            said = text(part.get(inner), f"{key}.{inner}")
    return said


def _call(call: Json, received_at: datetime) -> tuple[Channel, Values]:
    """The end of a leg. The caller's own leg holds menu and queue, an outbound leg the agent."""
    status = text(call.get("status"), "status").lower()
    if status not in _ENDED:
        raise Skipped(f"vonage call status {status[:60]!r}")
    inbound = text(call.get("direction"), "direction").lower() == "inbound"
    leg = identifier(call.get("uuid"), "uuid")
    values = _base(call, received_at) | {
        "event_id": f"{leg}:{status}",
        "kind": EventKind.CALL,
        "role": Role.CUSTOMER if inbound else Role.AGENT,
    }
    if inbound:
        values["customer"] = record.customer(phone=text(call.get("from"), "from"))
        if status in _UNANSWERED:
            values["abandoned"] = True
    elif status == "completed":
        talk = duration_s(call.get("duration"), "duration")
        values |= {"talk_s": talk, "handle_time_s": talk}
        if talk:
            values["abandoned"] = False
    return Channel.VOICE, values


def _said(spoken: Json, received_at: datetime) -> tuple[Channel, Values]:
    """What a caller answered to a question of the menu."""
    results = sections(optional_section(spoken, "speech"), "results")
    words = text(results[0].get("text"), "speech.results.text") if results else ""
    if not words:
        raise Skipped("an input without speech")
    values = _base(spoken, received_at)
    stamp = text(spoken.get("timestamp"), "timestamp")
    piece = f"{identifier(spoken.get('uuid'), 'uuid')}:speech:{stamp[:40]}"
    return Channel.VOICE, values | {
        "event_id": piece,
        "message_id": piece,
        "kind": EventKind.MESSAGE,
        "text": words,
        "customer": record.customer(phone=text(spoken.get("from"), "from")),
    }


def _transcribed(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    """Only that a recording was written down; what was said is fetched."""
    url = vonage_api.own_file(text(body.get("transcription_url"), "transcription_url"))
    recording = identifier(body.get("recording_uuid") or url[-36:], "recording_uuid")
    return Channel.VOICE, _base(body, received_at) | {
        "event_id": f"recording:{recording}:transcription",
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "fetch": vonage_api.TRANSCRIPT + url,
    }


def _recorded(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    """A recording: kept as it is told; its sound is not read here."""
    recording = identifier(body.get("recording_uuid"), "recording_uuid")
    values: Values = {"kind": EventKind.STATUS, "role": Role.SYSTEM}
    values["event_id"] = f"recording:{recording}"
    return Channel.VOICE, _base(body, received_at) | values


def _base(call: Json, received_at: datetime) -> Values:
    """What every callback of a call tells. The interaction is the conversation of its legs."""
    when = call.get("start_time") or call.get("timestamp")
    conversation = call.get("conversation_uuid") or call.get("uuid")
    return {
        "interaction_id": identifier(conversation, "conversation_uuid"),
        "occurred_at": iso_time(when, "timestamp") if when else received_at,
    }


# In this order: what a caller said comes with the call's fields, a transcript with a recording's.
_READERS: Mapping[str, Callable[[Json, datetime], tuple[Channel, Values]]] = {
    "message_uuid": _message,
    "transcription_url": _transcribed,
    "recording_url": _recorded,
    "speech": _said,
    "status": _call,
}

CONNECTOR = Connector(
    name="vonage",
    title="Vonage",
    channel=Channel.VOICE,
    verify=verify,
    events=events,
    sign=sign,
    # Messages are sent again for 24 hours until the answer is 200, and documents promise no other
    # 2xx. 401 is sent again too: Vonage may, rarely, forget to sign.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},
    secret_hint="dashboard.nexmo.com > Settings > API settings > Signature secret",  # noqa: S106
    retries="messages: with growing pauses for 24 hours until 200; voice events: not promised",
    check=vonage_api.check,
    fetch=Fetch(vonage_api.fetch, vonage_api.TO_FETCH, vonage_api.PER_MINUTE),
    backfill=Backfill(vonage_api.backfill, vonage_api.TO_LIST, vonage_api.PER_MINUTE),
)
