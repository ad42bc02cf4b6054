"""Zoom Phone (calls, voicemails, SMS): ended calls, call history, messages, transcripts.

Source: developers.zoom.us/docs/api/webhooks and /docs/api/phone/events, ZoomNet's models of call
elements, public consumers of the transcripts, read 2026-11.
Signed: `x-zm-signature: v0=` hex HMAC-SHA256 of "v0:", the time, ":" and the body with the app's
secret token; the time is Unix seconds, sometimes milliseconds. The address is checked when it is
saved and every 72 hours after: `challenge`. Bodies date themselves in ISO 8601.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors import zoom_phone_api
from chalicelib.connectors.base import Connector, Reply, Request, Source
from chalicelib.connectors.parts import record, timed_hex
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    identifier,
    iso_time,
    json_body,
    number,
    optional_section,
    section,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.parts.spans import between
from chalicelib.connectors.vendor_api import Fetch, Registration
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-zm-signature"
_TIME = "x-zm-request-timestamp"
_VALIDATION = "endpoint.url_validation"
_LONGEST = 1000
#: How a leg ends when it was the caller who gave up. A leg that nobody took is not that: a queue
#: rings many telephones for one call.
_LEFT = frozenset({"abandoned", "canceled", "call cancel", "call canceled"})
#: Who has a telephone of the company's own.
_OUTSIDE = frozenset({"pstn", "external_contact", "externalcontact", ""})
Values = dict[str, Any]


# --- proof --------------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    if not any(secrets):
        raise Rejected("this source has no secret; add the app's secret token")
    given = signatures.header_bytes(request.headers, _SIGNATURE).decode()
    sent = timed_hex.sent(request, _TIME)
    fits = [
        hmac.compare_digest(given, _signature(sent, request.body, secret))
        for secret in secrets
        if secret
    ]
    if not any(fits):
        raise Rejected("the signature does not fit the body under any secret")
    timed_hex.fresh(sent, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    sent = str(int(now.timestamp()))
    signature = _signature(sent.encode(), request.body, secret)
    return request.with_headers(**{_SIGNATURE: signature, _TIME: sent})


def _signature(sent: bytes, body: bytes, secret: str) -> str:
    return "v0=" + _mac(b":".join((b"v0", sent, body)), secret)


def _mac(content: bytes, secret: str) -> str:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), content, "sha256").hex()


def challenge(request: Request, secrets: Sequence[str]) -> Reply | None:
    """The answer to the check of the address, which only a holder of the secret can give.

    To be called with the secret that verified the request; of several the first is answered with.
    """
    if _VALIDATION.encode() not in request.body:  # spares other deliveries a second parsing
        return None
    try:
        body = json_body(request)
        if body.get("event") != _VALIDATION:
            return None
        plain = text(section(body, "payload").get("plainToken"), "payload.plainToken")
    except Unreadable:
        return None
    usable = [secret for secret in secrets if secret]
    if not usable or not plain or len(plain) > _LONGEST:
        return None
    reply = {"plainToken": plain, "encryptedToken": _mac(plain.encode(), usable[0])}
    return Reply(200, json.dumps(reply), {"Content-Type": "application/json"})


# --- events -------------------------------------------------------------------------------------


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One notification; a call's history holds a leg or more."""
    body = json_body(request)
    name = text(body.get("event"), "event")
    read = _READERS.get(name)
    if read is None:
        raise Skipped(f"zoom event {name[:60]!r}")
    milliseconds = number(body.get("event_ts"), "event_ts")
    told = unix_time(milliseconds / 1000, "event_ts")
    thing = section(section(body, "payload"), "object")
    made = read(thing, told)
    if not made:
        raise Skipped(f"zoom event {name!r} of a call inside the company")
    channel = Channel.SMS if ".sms_" in name else Channel.VOICE
    found = [record.event(source, channel, **values) for values in made]
    return list({event.event_id: event for event in found}.values())


def _ended(call: Json, told: datetime) -> list[Values]:
    """The end of a call, as one of its two sides saw it."""
    caller, callee = optional_section(call, "caller"), optional_section(call, "callee")
    outside = _outside(caller, callee)
    if outside is None:
        return []
    named = identifier(call.get("call_id"), "call_id")
    began, ended = _time(call, "ringing_start_time"), _time(call, "call_end_time")
    met = _time(call, "answer_start_time") or _time(call, "connected_start_time")
    together = between(met, ended)
    inward = outside is caller
    values: Values = {
        "event_id": f"{named}:ended",
        "interaction_id": named,
        "kind": EventKind.CALL,
        "role": Role.CUSTOMER if inward else Role.AGENT,
        "occurred_at": began or met or ended or told,
        "customer": record.customer(phone=text(outside.get("phone_number"), "phone_number")),
    }
    if met:
        values |= {"talk_s": together, "handle_time_s": together}
        values |= {"wait_s": between(began, met), "abandoned": False} if inward else {}
    return [values]


def _outside(caller: Json, callee: Json) -> Json | None:
    """The side that is no telephone of the company's; None for a call between two of those."""
    for side in (caller, callee):
        kind = text(side.get("extension_type"), "extension_type").lower()
        if side and kind in _OUTSIDE and not side.get("user_id"):
            return side
    return None


def _history(thing: Json, told: datetime) -> list[Values]:
    legs = sections(thing, "call_elements") or sections(thing, "call_logs")
    if not legs:
        raise Unreadable("a call history without call_elements and call_logs")
    return [_leg(leg, told) for leg in legs[:200] if _kind(leg, "connect_type") != "internal"]


def _leg(leg: Json, told: datetime) -> Values:
    """One leg. Durations are seconds; only a leg that was answered has them."""
    named = identifier(leg.get("call_id"), "call_id")
    own = identifier(leg.get("call_element_id") or leg.get("id") or "one", "call_element_id")
    began, ended = _time(leg, "start_time"), _time(leg, "end_time") or _time(leg, "call_end_time")
    met = _time(leg, "answer_time") or _time(leg, "answer_start_time")
    inward = _kind(leg, "direction") != "outbound"
    side = "caller" if inward else "callee"
    phone = leg.get(f"{side}_did_number") or leg.get(f"{side}_number")
    values: Values = {
        "event_id": f"{named}:leg:{own}",
        "interaction_id": named,
        "kind": EventKind.CALL,
        "role": Role.CUSTOMER if inward else Role.AGENT,
        "occurred_at": began or _time(leg, "date_time") or told,
        "customer": record.customer(phone=text(phone, f"{side}_did_number")),
    }
    if inward:
        values["wait_s"] = duration_s(leg.get("wait_time"), "wait_time")
        if met:
            values["abandoned"] = False
        elif _kind(leg, "result") in _LEFT:
            values["abandoned"] = True
    if met:
        hold = duration_s(leg.get("hold_time"), "hold_time")
        talk = duration_s(leg.get("talk_time"), "talk_time")
        together = between(met, ended) if talk is None else talk + (hold or 0.0)
        values |= {"talk_s": together if talk is None else talk, "hold_s": hold}
        values["handle_time_s"] = together
    return values


def _voicemail(mail: Json, told: datetime) -> list[Values]:
    """A voicemail is a contact; its words come with its transcript."""
    values = _left_a_message(mail, told, "voicemail")
    return [values | {"kind": EventKind.CALL, "tags": ("voicemail",)}]


def _voicemail_said(mail: Json, told: datetime) -> list[Values]:
    said = optional_section(mail, "transcription")
    values = _left_a_message(mail, told, "voicemail-transcript")
    return [
        values
        | {
            "kind": EventKind.MESSAGE,
            "message_id": f"voicemail:{identifier(mail.get('id'), 'id')}",
            "text": text(said.get("content"), "transcription.content"),
        }
    ]


def _left_a_message(mail: Json, told: datetime, what: str) -> Values:
    named = identifier(mail.get("id"), "id")
    return {
        "event_id": f"{what}:{named}",
        "interaction_id": identifier(mail.get("call_id") or f"voicemail:{named}", "call_id"),
        "role": Role.CUSTOMER,
        "occurred_at": _time(mail, "date_time") or told,
        "customer": record.customer(phone=text(mail.get("caller_number"), "caller_number")),
    }


def _recorded(thing: Json, told: datetime) -> list[Values]:
    """Recordings: kept as they are told; their sound is not read here."""
    return [_recording(one, told, "recording") for one in _recordings(thing)]


def _transcribed(thing: Json, told: datetime) -> list[Values]:
    """Only which recordings were written down; what was said is fetched."""
    return [
        _recording(one, told, "transcript")
        | {"fetch": zoom_phone_api.TRANSCRIPT + identifier(one.get("id"), "recordings.id")}
        for one in _recordings(thing)
    ]


def _recordings(thing: Json) -> list[Json]:
    listed = sections(thing, "recordings")[:100]
    if not listed:
        raise Unreadable("a notification of recordings without recordings")
    return listed


def _recording(one: Json, told: datetime, what: str) -> Values:
    named = identifier(one.get("id"), "recordings.id")
    return {
        "event_id": f"{what}:{named}",
        "interaction_id": identifier(one.get("call_id"), "recordings.call_id"),
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": _time(one, "date_time") or told,
    }


def _message(message: Json, told: datetime) -> list[Values]:
    """An SMS. Zoom numbers the conversation: the session."""
    sender = optional_section(message, "sender")
    # A sender with a user is the company's; a customer has a number alone.
    own = bool(sender.get("id") or sender.get("user_id"))
    others = sections(message, "to_members")
    person = (others[0] if others else {}) if own else sender
    named = identifier(message.get("message_id"), "message_id")
    return [
        {
            "event_id": f"sms:{named}",
            "message_id": named,
            "interaction_id": identifier(message.get("session_id") or named, "session_id"),
            "kind": EventKind.MESSAGE,
            "role": Role.AGENT if own else Role.CUSTOMER,
            "occurred_at": _time(message, "date_time") or told,
            "text": text(message.get("message"), "message"),
            "customer": record.customer(phone=text(person.get("phone_number"), "phone_number")),
        }
    ]


def _deleted(thing: Json, told: datetime) -> list[Values]:
    """A call was taken out of the history: nothing of it stays here either."""
    legs = sections(thing, "call_elements") or sections(thing, "call_logs") or [thing]
    calls = dict.fromkeys(identifier(leg.get("call_id"), "call_id") for leg in legs[:200])
    return [
        {
            "event_id": f"{call}:deleted",
            "interaction_id": call,
            "kind": EventKind.ERASURE,
            "role": Role.SYSTEM,
            "occurred_at": told,
        }
        for call in calls
    ]


def _kind(part: Json, key: str) -> str:
    return text(part.get(key), key).lower()


def _time(part: Json, key: str) -> datetime | None:
    value = part.get(key)
    return None if value in (None, "") else iso_time(value, key)


_READERS: Mapping[str, Callable[[Json, datetime], list[Values]]] = {
    "phone.callee_ended": _ended,
    "phone.caller_ended": _ended,
    "phone.callee_call_element_completed": _history,
    "phone.caller_call_element_completed": _history,
    "phone.callee_call_history_completed": _history,
    "phone.caller_call_history_completed": _history,
    "phone.callee_call_log_completed": _history,
    "phone.caller_call_log_completed": _history,
    "phone.voicemail_received": _voicemail,
    "phone.voicemail_transcript_completed": _voicemail_said,
    "phone.recording_completed": _recorded,
    "phone.recording_transcript_completed": _transcribed,
    "phone.sms_received": _message,
    "phone.sms_sent": _message,
    "phone.call_element_deleted": _deleted,
    "phone.call_history_deleted": _deleted,
    "phone.call_log_permanently_deleted": _deleted,
}

CONNECTOR = Connector(
    name="zoom_phone",
    title="Zoom Phone",
    channel=Channel.VOICE,
    verify=verify,
    events=events,
    challenge=challenge,
    sign=sign,
    signs_time=True,
    # An address that does not answer 2xx within 3 s, or whose check fails, is switched off.
    secret_hint="marketplace.zoom.us > Manage > the app > Feature > Secret Token",  # noqa: S106
    retries="three times, after 5, 30 and 90 minutes",
    check=zoom_phone_api.check,
    fetch=Fetch(zoom_phone_api.fetch, zoom_phone_api.CREDENTIALS, zoom_phone_api.PER_MINUTE),
    registration=Registration(
        zoom_phone_api.registration(tuple(_READERS)), zoom_phone_api.TO_REGISTER
    ),
)
