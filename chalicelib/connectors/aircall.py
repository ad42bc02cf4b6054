"""Aircall (calls, SMS, WhatsApp): call events, comments, messages; transcripts from its API.

Source: developer.aircall.io/api-references (webhooks, calls, conversation intelligence), read
2026-11. Nothing is signed: the body holds the webhook's `token`, which is compared and then taken
out before the delivery is archived. Times: Unix seconds. Deliveries repeat and are unordered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.parts import options, record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    labels,
    language,
    optional_section,
    plausible,
    section,
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
    Recordings,
    Registration,
    Sound,
    basic,
    json_call,
    json_of,
    page_number,
)
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_API = "https://api.aircall.io/v1"
_CREDENTIALS = ("api_id", "api_token")
_PER_MINUTE = 60
#: Aircall answers at most 10,000 calls to one list; a day's slice stays far below.
_SLICE_S = 86_400
#: Why a call was missed, where it was the caller who gave up or nobody who took it.
_LEFT = frozenset(
    {
        "short_abandoned",
        "abandoned_in_ivr",
        "abandoned_in_classic",
        "no_available_agent",
        "agents_did_not_answer",
    }
)
_TOKEN = re.compile(rb'"token"\s*:\s*"(?:[^"\\]|\\.)*"')
Values = dict[str, Any]


# --- proof --------------------------------------------------------------------------------------


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    try:
        token = json_body(request).get("token")
    except Unreadable as error:
        raise Rejected("the body is not JSON, so the token in it is missing") from error
    if not isinstance(token, str) or not token:
        raise Rejected("the token is missing from the body")
    signatures.check_token(token, secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    try:
        body = json_body(request)
        body["token"] = secret
        # ASCII, so that half a surrogate pair in a message stays what it was.
        raw = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (Unreadable, ValueError):
        return request  # cannot carry a token
    return replace(request, body=raw)


def scrub(request: Request) -> Request:
    """Without any value that is called token; every other byte stays."""
    return replace(request, body=_TOKEN.sub(b'"token":""', request.body))


# --- events -------------------------------------------------------------------------------------


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One event of a call or a message."""
    body = json_body(request)
    name = text(body.get("event"), "event")
    read = _read(source).get(name)
    if read is None:
        raise Skipped(f"aircall event {name[:60]!r}")
    sent = unix_time(body.get("timestamp"), "timestamp")
    channel, values = read(section(body, "data"), sent)
    return [record.event(source, channel, **values)]


def _ended(call: Json, sent: datetime) -> tuple[Channel, Values]:
    values = _base(call, "ended", sent)
    started, answered, ended = (
        _time(call, name) for name in ("started_at", "answered_at", "ended_at")
    )
    values["occurred_at"] = started or ended or sent
    values["kind"] = EventKind.CALL
    if answered:
        together = between(answered, ended)
        # Without its parts: hold is inside, after-call work is not told.
        values |= {"talk_s": together, "handle_time_s": together}
    if values["role"] is Role.CUSTOMER:
        reason = text(call.get("missed_call_reason"), "missed_call_reason")
        values["wait_s"] = between(started, answered or ended)
        if answered:
            values["abandoned"] = False
        elif reason in _LEFT and not call.get("voicemail"):
            values["abandoned"] = True
    return Channel.VOICE, values


def _voicemail(call: Json, sent: datetime) -> tuple[Channel, Values]:
    """A voicemail is a contact; its words come with `transcription.created`, where bought."""
    values = _base(call, "voicemail", sent)
    return Channel.VOICE, values | {"kind": EventKind.CALL, "tags": (*values["tags"], "voicemail")}


def _tagged(call: Json, sent: datetime) -> tuple[Channel, Values]:
    return Channel.VOICE, _base(call, f"tagged:{sent.timestamp():.0f}", sent) | _STATUS


def _commented(call: Json, sent: datetime) -> tuple[Channel, Values]:
    """The newest comment: what an agent noted for colleagues."""
    comments = sections(call, "comments")
    if not comments:
        raise Unreadable("call.commented came without its comment")
    newest = max(comments, key=lambda one: str(one.get("posted_at") or ""))
    at = sent if newest.get("posted_at") is None else unix_time(newest["posted_at"], "posted_at")
    number = identifier(newest.get("id"), "comments.id")
    values = _base(call, f"comment:{number}", sent)
    return Channel.VOICE, values | {
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE,
        "message_id": f"comment:{number}",
        "occurred_at": at,
        "text": text(newest.get("content"), "comments.content"),
    }


def _transcribed(data: Json, sent: datetime) -> tuple[Channel, Values]:
    """Only which call was written down; what was said is fetched."""
    call = identifier(data.get("call_id", data.get("id")), "data.call_id")
    values: Values = {
        "event_id": f"call:{call}:transcription",
        "interaction_id": f"call:{call}",
        "occurred_at": sent,
        "fetch": f"transcription:{call}",
    }
    return Channel.VOICE, values | _STATUS


def _recorded(call: Json, sent: datetime) -> tuple[Channel, Values]:
    """The recording of a call, or its voicemail, is there to be heard."""
    number = identifier(call.get("id"), "data.id")
    began = _time(call, "answered_at") or _time(call, "started_at")
    values = {
        **{"event_id": f"call:{number}:recorded", "recording": f"call:{number}"},
        **{"interaction_id": f"call:{number}", "occurred_at": began or sent},
    }
    return Channel.VOICE, values | _STATUS


def _received(message: Json, sent: datetime) -> tuple[Channel, Values]:
    return _message(message, sent, Role.CUSTOMER)


def _sent(message: Json, sent: datetime) -> tuple[Channel, Values]:
    return _message(message, sent, Role.AGENT)


def _message(message: Json, sent: datetime, role: Role) -> tuple[Channel, Values]:
    """An SMS, MMS or WhatsApp message. The conversation is the line's with that customer."""
    channel = text(message.get("channel"), "channel").lower()
    number = identifier(message.get("id"), "data.id")
    person = text(message.get("raw_digits"), "raw_digits")
    values: Values = {
        "event_id": f"message:{number}",
        "message_id": number,
        # Aircall numbers no conversation; one made of the two numbers would be personal data.
        "interaction_id": f"message:{number}",
        "kind": EventKind.MESSAGE,
        "role": role,
        "occurred_at": sent,
        "text": text(message.get("body"), "body"),
        "customer": _customer(message, person),
    }
    return Channel.CHAT if channel == "whatsapp" else Channel.SMS, values


_STATUS: Values = {"kind": EventKind.STATUS, "role": Role.SYSTEM}
_READERS: Mapping[str, Callable[[Json, datetime], tuple[Channel, Values]]] = {
    "call.ended": _ended,
    "call.voicemail_left": _voicemail,
    "call.tagged": _tagged,
    "call.untagged": _tagged,
    "call.commented": _commented,
    "transcription.created": _transcribed,
    "message.received": _received,
    "message.sent": _sent,
}


def _read(source: Source) -> Mapping[str, Callable[[Json, datetime], tuple[Channel, Values]]]:
    """Recordings instead of transcripts, where the hub listens to them itself."""
    if not source.recordings:
        return _READERS
    rest = {name: read for name, read in _READERS.items() if name != "transcription.created"}
    return {**rest, "call.comm_assets_generated": _recorded}


def _base(call: Json, what: str, sent: datetime) -> Values:
    number = identifier(call.get("id"), "data.id")
    inbound = text(call.get("direction"), "direction") != "outbound"
    names = (tag.get("name") for tag in sections(call, "tags"))
    return {
        "event_id": f"call:{number}:{what}",
        "interaction_id": f"call:{number}",
        "role": Role.CUSTOMER if inbound else Role.AGENT,
        "occurred_at": sent,
        "customer": _customer(call, text(call.get("raw_digits"), "raw_digits")),
        "tags": labels([name for name in names if isinstance(name, str)], "tags"),
    }


def _customer(data: Json, digits: str) -> str | None:
    """The number, or the contact's address where the number was withheld ('anonymous')."""
    contact = optional_section(data, "contact")
    emails = sections(contact, "emails")
    address = text(emails[0].get("value"), "contact.emails.value") if emails else None
    known = record.customer(phone=digits)
    number = contact.get("id")
    vendor_id = str(number) if isinstance(number, int) and 0 < number < 10**18 else None
    return known or record.customer(email=address, vendor="aircall", vendor_id=vendor_id)


def _time(call: Json, key: str) -> datetime | None:
    value = call.get(key)
    return None if value in (None, 0, "") else unix_time(value, key)


# --- what the API adds --------------------------------------------------------------------------


def _authorization(credentials: Credentials) -> dict[str, str]:
    return basic(credentials["api_id"], credentials["api_token"])


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """The utterances of a call; `external` is the customer."""
    call = quote(event.fetch.removeprefix("transcription:"), safe="")
    answer = yield Call(f"{_API}/calls/{call}/transcription", headers=_authorization(credentials))
    found = section(json_of(answer, "the call's transcription"), "transcription")
    content = section(found, "content")
    began = found.get("call_created_at")
    start = _called(began, event.occurred_at)
    spoken_in = language(content.get("language"), "content.language")
    return turns.spoken(event, source, _lines(content, start), language=spoken_in)


def _called(began: object, otherwise: datetime) -> datetime:
    """When the call began: ISO 8601 in the documentation, Unix seconds elsewhere in the API."""
    if isinstance(began, str) and not began.isdigit():
        try:
            moment = datetime.fromisoformat(began)
        except ValueError:
            raise Unreadable("call_created_at is not an ISO 8601 time") from None
        return plausible(moment if moment.tzinfo else moment.replace(tzinfo=UTC), "call_created_at")
    return otherwise if began in (None, "") else unix_time(began, "call_created_at")


def _lines(content: Json, start: datetime) -> Iterator[turns.Line]:
    for place, said in enumerate(sections(content, "utterances")):
        outside = text(said.get("participant_type"), "participant_type") == "external"
        yield turns.Line(
            Role.CUSTOMER if outside else Role.AGENT,
            turns.after(start, said.get("start_time") or 0, "utterances.start_time"),
            str(place),
            text(said.get("text"), "utterances.text"),
        )


def find(event: Event, _source: Source, credentials: Credentials) -> Dialogue[Sound]:
    """The recording's address, which is good for minutes: it is asked for when it is needed.

    A voicemail is the customer's alone; a call is mixed, and its speakers are not told apart.
    """
    call = quote(event.recording.removeprefix("call:"), safe="")
    answer = yield Call(f"{_API}/calls/{call}", headers=_authorization(credentials))
    found = section(json_of(answer, "the call"), "call")
    for name, customer in (("recording", None), ("voicemail", 0)):
        if place := text(found.get(name), f"call.{name}"):
            # The address is signed by itself; our credentials stay here.
            return Sound(Call(place), customer)
    raise Skipped("a call that Aircall has no recording of (any more)")


def backfill(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Ended calls, by days of 50 a page. A cursor is 'start of the day in Unix seconds:page'."""
    first, end = int(since.timestamp()), int(until.timestamp())
    day, _, rest = (cursor or f"{first}:1").partition(":")
    start, page = page_number(day), page_number(rest)
    stop = min(start + _SLICE_S, end)
    query = {"from": start, "to": stop - 1, "order": "asc", "page": page, "per_page": 50}
    answer = yield Call(f"{_API}/calls?{urlencode(query)}", headers=_authorization(credentials))
    body = json_of(answer, "the list of calls")
    found: list[Event] = []
    for call in sections(body, "calls"):
        if _time(call, "ended_at") is not None:
            found += _listed(call, source)
    if optional_section(body, "meta").get("next_page_link"):
        return Page(found, f"{start}:{page + 1}")
    return Page(found, f"{stop}:1" if stop < end else None)


def _listed(call: Json, source: Source) -> Iterator[Event]:
    """The events that pushes of this call would have given."""
    sent = _time(call, "ended_at")
    if sent is None:
        return
    channel, values = _ended(call, sent)
    yield record.event(source, channel, **values)
    wanted = source.options.get("transcripts") and not source.recordings
    if wanted and _time(call, "answered_at"):
        channel, values = _transcribed(call, sent)
        yield record.event(source, channel, **values)


def register(url: str, source: Source, credentials: Credentials, _secret: str) -> Dialogue[str]:
    """The webhook at `url`, made or found; its token is the secret to store."""
    headers = _authorization(credentials)
    page = f"{_API}/webhooks?per_page=50"
    while page.startswith(f"{_API}/webhooks?"):
        answer = yield Call(page, headers=headers)
        listed = json_of(answer, "the list of webhooks")
        for webhook in sections(listed, "webhooks"):
            if webhook.get("url") == url and webhook.get("active") is not False:
                return identifier(webhook.get("token"), "webhooks.token")
        page = text(optional_section(listed, "meta").get("next_page_link"), "next_page_link")
    wanted = {"custom_name": source.name, "url": url, "events": list(_read(source))}
    answer = yield json_call(f"{_API}/webhooks", "POST", headers, wanted)
    made = section(json_of(answer, "the new webhook"), "webhook")
    return identifier(made.get("token"), "webhook.token")


def check(source: Source) -> None:
    """Raises Misconfigured for options that cannot work."""
    options.known(source, "transcripts")
    options.true_or_false(source, "transcripts")


CONNECTOR = Connector(
    name="aircall",
    title="Aircall",
    channel=Channel.VOICE,
    verify=verify,
    events=events,
    sign=sign,
    # Whatever is not a 2xx within 5 s counts towards disabling the webhook: what we keep is a 2xx.
    secret_hint="Aircall > Integrations > Webhook: the token; or GET /v1/webhooks",  # noqa: S106
    proof=Proof.TOKEN,
    retries="Up to 50 tries in 12 hours; a webhook that fails on is disabled until it succeeds",
    check=check,
    scrub=scrub,
    fetch=Fetch(fetch, _CREDENTIALS, _PER_MINUTE),
    # Aircall keeps sound on S3; which bucket, its documentation does not say.
    recordings=Recordings(find, _CREDENTIALS, _PER_MINUTE, (".aircall.io", ".amazonaws.com")),
    backfill=Backfill(backfill, _CREDENTIALS, _PER_MINUTE),
    registration=Registration(register, _CREDENTIALS),
)
