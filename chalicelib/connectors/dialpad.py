"""Dialpad (calls, SMS): call states, post-call CSAT, messages; transcripts from its API.

Source: developers.dialpad.com (webhooks, call and SMS events, delivery failures) and Dialpad's
Python SDK (schemas/call.py, transcript.py, webhook.py, call_event_subscription.py), read 2026-11.
Signed: with a secret the whole body is a JSON Web Token, HS256, without a time. Times: Unix
milliseconds. A call centre's call has a leg of its own per operator; they share the entry point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.connectors.parts import jwt_hs256, options, record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    labels,
    number,
    optional_identifier,
    optional_section,
    plausible,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.parts.spans import between
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    Registration,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind, Role

_API = "https://dialpad.com/api/v2"
_CREDENTIALS = ("api_key",)
_PER_MINUTE = 1_000  # of 1,200
Values = dict[str, Any]


# --- proof --------------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    jwt_hs256.check(_token(request), secrets, "token that the body should be")


def _token(request: Request) -> str:
    try:
        return request.body.decode("ascii")
    except UnicodeDecodeError:
        raise Rejected("the body is not a signed JSON Web Token") from None


def sign(request: Request, secret: str, _now: datetime) -> Request:
    """The body, or the payload of the token that it is, as a token."""
    try:
        held = jwt_hs256.payload(_token(request))
    except Rejected:
        held = None
    payload = request.body if held is None else held
    return replace(request, body=jwt_hs256.sign(payload, secret).encode())


# --- events -------------------------------------------------------------------------------------


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One state of a call, or one message."""
    try:
        body = jwt_hs256.claims(_token(request))
    except Rejected as error:
        raise Unreadable(str(error)) from error
    if body.get("call_id") is not None:
        state = text(body.get("state"), "state").lower()
        read = _STATES.get(state)
        if read is None:
            raise Skipped(f"dialpad call state {state[:60]!r}")
        return [record.event(source, Channel.VOICE, **read(body, state))]
    if "from_number" in body:
        return [record.event(source, Channel.SMS, **_message(body))]
    raise Skipped("a dialpad event that is neither a call's nor a message's")


def _ended(call: Json, _state: str) -> Values:
    """The end of a call or of one of its legs. Only the entry point tells the caller's wait."""
    values = _base(call, "ended")  # an unanswered one may come as missed and as hangup
    started, met, ended = (
        _time(call, name) for name in ("date_started", "date_connected", "date_ended")
    )
    rang = _time(call, "date_rang") or started
    values |= {"kind": EventKind.CALL, "role": _caller(call)}
    values["occurred_at"] = started or values["occurred_at"]
    values |= _rated(call)
    together = between(met, ended)
    if together is not None:
        # Hold is inside, after-call work is not told.
        values |= {"talk_s": together, "handle_time_s": together}
    if values["role"] is not Role.CUSTOMER:
        return values
    if met:
        values["abandoned"] = False
    if _entry(call) == values["event_id"].split(":")[1]:
        values["wait_s"] = between(rang, met or ended)
        if not met and not call.get("voicemail_share_link") and not call.get("voicemail_link"):
            values["abandoned"] = True
    return values


def _csat(call: Json, state: str) -> Values:
    values = _base(call, state) | _rated(call)
    if "ratings" not in values:
        raise Skipped("a survey that nobody answered")
    said = call.get("csat_transcriptions")
    if isinstance(said, list) and said:
        values["text"] = "\n".join(text(one, "csat_transcriptions") for one in said[:10])
    return values | {"kind": EventKind.RATING, "role": Role.CUSTOMER, "message_id": "csat"}


def _rated(call: Json) -> Values:
    """The caller's answer to the post-call survey; Dialpad's own prediction is not one."""
    score = call.get("csat_score")
    if score in (None, ""):
        return {}
    value = number(score, "csat_score")
    return {"ratings": (record.rating(RatingKind.CSAT, value, (1, 5), "csat_score"),)}


def _voicemail(call: Json, state: str) -> Values:
    """A voicemail is the caller's own words, where Dialpad wrote them down."""
    values = _base(call, state) | {"role": Role.CUSTOMER}
    values["tags"] = (*values["tags"], "voicemail")
    said = text(call.get("transcription_text"), "transcription_text")
    values |= {"kind": EventKind.MESSAGE if said else EventKind.CALL, "text": said}
    return values | {"message_id": f"{values['event_id'].rpartition(':')[0]}:voicemail"}


def _transcribed(call: Json, _state: str) -> Values:
    """The event's own text does not tell who spoke: the transcript is fetched."""
    values = _base(call, "transcription")
    named = identifier(call.get("call_id"), "call_id")
    return values | {"fetch": f"transcript:{named}"}


def _labelled(call: Json, state: str) -> Values:
    return _base(call, state)


_STATES: Mapping[str, Callable[[Json, str], Values]] = {
    "hangup": _ended,
    "missed": _ended,
    "csat": _csat,
    "voicemail": _voicemail,
    "voicemail_uploaded": _voicemail,
    "transcription": _transcribed,
    "call_transcription": _transcribed,
    "dispositions": _labelled,
    "postcall": _labelled,
}


def _message(message: Json) -> Values:
    """An SMS; Dialpad names no conversation, so each is an interaction of its own."""
    inbound = text(message.get("direction"), "direction").lower() != "outbound"
    named = identifier(message.get("id"), "id")
    sent = _time(message, "created_date") or _time(message, "event_timestamp")
    if sent is None:
        raise Unreadable("neither created_date nor event_timestamp dates the message")
    to = message.get("to_number")
    first = to[0] if isinstance(to, list) and to else to
    other = message.get("from_number") if inbound else first
    return {
        "event_id": f"sms:{named}",
        "message_id": named,
        "interaction_id": f"sms:{named}",
        "kind": EventKind.MESSAGE,
        "role": Role.CUSTOMER if inbound else Role.AGENT,
        "occurred_at": sent,
        "text": text(message.get("text"), "text"),
        "customer": record.customer(phone=text(other, "from_number or to_number")),
    }


# --- parts of a call ----------------------------------------------------------------------------


def _base(call: Json, state: str) -> Values:
    named = identifier(call.get("call_id"), "call_id")
    when = next(
        (t for k in ("event_timestamp", "date_ended", "date_started") if (t := _time(call, k))),
        None,
    )
    if when is None:
        raise Unreadable("none of event_timestamp, date_ended and date_started dates the call")
    return {
        "event_id": f"call:{named}:{state}",
        "interaction_id": f"call:{_entry(call)}",
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": when,
        "customer": _customer(call),
        "tags": labels(call.get("labels") or None, "labels"),
    }


def _entry(call: Json) -> str:
    """The caller's own call: the entry point, which an operator's leg names."""
    entry = optional_identifier(call.get("entry_point_call_id"), "entry_point_call_id")
    return entry or identifier(call.get("call_id"), "call_id")


def _caller(call: Json) -> Role:
    inbound = text(call.get("direction"), "direction").lower() != "outbound"
    return Role.CUSTOMER if inbound else Role.AGENT


def _customer(call: Json) -> str | None:
    contact = optional_section(call, "contact")
    phone = text(call.get("external_number") or contact.get("phone"), "external_number")
    address = text(contact.get("email"), "contact.email")
    return record.customer(phone=phone) or record.customer(email=address)


def _time(part: Json, key: str) -> datetime | None:
    value = part.get(key)
    return None if value in (None, 0, "") else unix_time(number(value, key) / 1000, key)


# --- what the API adds --------------------------------------------------------------------------


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The transcript's lines: those of a user are an agent's, those of a contact the customer's."""
    named = quote(event.fetch.removeprefix("transcript:"), safe="")
    answer = yield Call(f"{_API}/transcripts/{named}", headers=bearer(credentials["api_key"]))
    return turns.spoken(event, source, _lines(json_of(answer, "the call's transcript"), event))


def _lines(transcript: Json, event: Event) -> Iterator[turns.Line]:
    for place, said in enumerate(sections(transcript, "lines")):
        if text(said.get("type"), "lines.type") not in ("", "transcript"):
            continue  # a moment that Dialpad noticed
        role = Role.SYSTEM
        if said.get("user_id"):
            role = Role.AGENT
        elif said.get("contact_id"):
            role = Role.CUSTOMER
        at = _spoken_at(said.get("time")) or event.occurred_at
        # With the leg's own id: two legs of one call have lines of the same number.
        piece = f"{event.fetch.rpartition(':')[2]}:{place}"
        yield turns.Line(role, at, piece, text(said.get("content"), "lines.content"))


def _spoken_at(value: object) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Unreadable("lines.time is not an ISO 8601 time") from None
    return plausible(moment if moment.tzinfo else moment.replace(tzinfo=UTC), "lines.time")


def backfill(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Ended calls; the cursor is Dialpad's own."""
    span = {
        "started_after": int(since.timestamp() * 1000),
        "started_before": int(until.timestamp() * 1000),
        "limit": 50,
    }
    query = urlencode(span | ({"cursor": cursor} if cursor else {}))
    answer = yield Call(f"{_API}/call?{query}", headers=bearer(credentials["api_key"]))
    body = json_of(answer, "the list of calls")
    found: list[Event] = []
    for call in sections(body, "items"):
        if _time(call, "date_ended") is None:
            continue
        found.append(record.event(source, Channel.VOICE, **_ended(call, "")))
        if source.options.get("transcripts") and _time(call, "date_connected"):
            found.append(record.event(source, Channel.VOICE, **_transcribed(call, "")))
    return Page(found, text(body.get("cursor"), "cursor") or None)


def register(url: str, _source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """The webhook at `url` with our secret, and its subscriptions to calls and messages."""
    headers = bearer(credentials["api_key"])
    answer = yield Call(f"{_API}/webhooks", headers=headers)
    listed = sections(json_of(answer, "the list of webhooks"), "items")
    known = [hook for hook in listed if hook.get("hook_url") == url]
    if known:  # its secret cannot be read, so it gets a new one
        hook = identifier(known[0].get("id"), "webhooks.id")
        place = f"{_API}/webhooks/{quote(hook, safe='')}"
        answer = yield json_call(place, "PATCH", headers, {"secret": secret})
        checked(answer, "the webhook's new secret")
    else:
        wanted = {"hook_url": url, "secret": secret}
        answer = yield json_call(f"{_API}/webhooks", "POST", headers, wanted)
        hook = identifier(json_of(answer, "the new webhook").get("id"), "webhook.id")
    if not re.fullmatch(r"\d{1,20}", hook, re.ASCII):
        raise Unreadable("the webhook's id is not a number")
    subscribed: tuple[tuple[str, dict[str, object]], ...] = (
        ("call", {"call_states": list(_STATES)}),
        ("sms", {"direction": "all"}),
    )
    for kind, details in subscribed:
        place = f"{_API}/subscriptions/{kind}"
        answer = yield Call(place, headers=headers)
        for one in sections(json_of(answer, f"the list of {kind} subscriptions"), "items"):
            if optional_identifier(optional_section(one, "webhook").get("id"), "id") == hook:
                break
        else:
            wanted_too = {"endpoint_id": int(hook), "enabled": True, **details}
            answer = yield json_call(place, "POST", headers, wanted_too)
            checked(answer, f"the {kind} subscription")
    return secret


def check(source: Source) -> None:
    """Raises Misconfigured for options that cannot work."""
    options.known(source, "transcripts")
    options.true_or_false(source, "transcripts")


CONNECTOR = Connector(
    name="dialpad",
    title="Dialpad",
    channel=Channel.VOICE,
    verify=verify,
    events=events,
    sign=sign,
    # 5xx alone is tried again; 4xx, 429 included, is final. So 503 is right, and 401 loses.
    secret_hint="the secret that the webhook was created with (POST /api/v2/webhooks)",  # noqa: S106
    retries="5xx only: calls 3 times within 14 s, SMS 10 times within an hour or so; 4xx never",
    check=check,
    fetch=Fetch(fetch, _CREDENTIALS, _PER_MINUTE),
    backfill=Backfill(backfill, _CREDENTIALS, _PER_MINUTE),
    registration=Registration(register, _CREDENTIALS),
)
