"""Crisp (web chat, email, messengers): messages, deletions, state and segments.

Source: docs.crisp.chat/references/{web-hooks,rtm-api,rest-api}/v1 and crisp-im/node-crisp-api
`lib/crisp.ts`, read 2026-11. One event a delivery.
Signed (hooks of a plugin): `X-Crisp-Signature`, hex HMAC-SHA256 of "[" + time + ";" + body + "]".
Hooks of a website are not signed: then the source's secret stands in the URL as `key`.
Times: milliseconds. `message:send` is the visitor's, `message:received` the company's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import options, record, timed_hex
from chalicelib.connectors.parts.body_and_url import check_parameter, without_parameter
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    labels,
    number,
    optional_section,
    section,
    sections,
    text,
    truth,
    unix_time,
)
from chalicelib.connectors.parts.reply_text import reply_text
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Rejected, Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-crisp-signature"
_TIME = "x-crisp-request-timestamp"
_KEY = "key"
_API = "https://api.crisp.chat/v1/website"
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    given = request.headers.get(_SIGNATURE)
    if not given and f"{_KEY}=" in request.url:
        check_parameter(request, _KEY, secrets)
        return
    if not given:
        raise Rejected(
            f"the signature header {_SIGNATURE} is missing; the hook of a website, which Crisp "
            f"does not sign, must carry the secret in its URL: ?{_KEY}=…"
        )
    stamp = timed_hex.sent(request, _TIME)
    signatures.check_body_hex(
        _signed(stamp, request), f"sha256={given.strip()}", secrets, algorithm="sha256"
    )
    timed_hex.fresh(stamp, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    stamp = str(int(now.timestamp() * 1000))
    content = _signed(stamp.encode(), request)
    signature = signatures.sign_body_hex(content, secret, algorithm="sha256")
    return request.with_headers(**{_SIGNATURE: signature.removeprefix("sha256="), _TIME: stamp})


def _signed(stamp: bytes, request: Request) -> bytes:
    return b"[" + stamp + b";" + request.body + b"]"


def scrub(request: Request) -> Request:
    return without_parameter(request, _KEY)


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One hook: a message, a choice, an erasure, a state, or who the customer is."""
    body = json_body(request)
    kind = text(body.get("event"), "event")
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"crisp event {kind[:60]!r}")
    data = section(body, "data")
    at = _milliseconds(body.get("timestamp"), "timestamp")
    session = identifier(data.get("session_id"), "data.session_id")
    made = [read(data, session, at) | {"interaction_id": session}]
    erased = made[0].get("erases")
    if erased:  # what the customer answered to that message goes with it
        answer = {"event_id": f"{made[0]['event_id']}:answer", "erases": f"{erased}:answer"}
        made.append(made[0] | answer)
    return [record.event(source, _channel(data), **values) for values in made]


def check(source: Source) -> None:
    options.known(source, "website_id")
    website = source.options.get("website_id", "")
    if not isinstance(website, str) or (source.options and not website):
        raise Misconfigured(f"sources.{source.name}.options.website_id must be the website's id")


# --- messages -----------------------------------------------------------------------------------


def _said(data: Json, session: str, _at: datetime) -> Values:
    return _message(data, session)


def _message(data: Json, session: str) -> Values:
    """A message of any type. Raises Skipped for what Crisp itself noted in the conversation."""
    kind = text(data.get("type"), "data.type")
    if kind == "event":
        raise Skipped("crisp notice in a conversation")
    own = identifier(data.get("fingerprint"), "data.fingerprint")
    words = _words(data.get("content"))
    if _channel(data) is Channel.EMAIL:
        words = reply_text(words)
    return {
        "event_id": f"{session}:{own}",
        "message_id": own,
        "kind": EventKind.MESSAGE,
        "role": _role(data, kind),
        "occurred_at": _milliseconds(data.get("timestamp"), "data.timestamp"),
        "text": words,
    }


def _role(data: Json, kind: str) -> Role:
    if kind == "note":
        return Role.NOTE
    if text(data.get("from"), "data.from") == "user":
        return Role.CUSTOMER
    return Role.BOT if truth(data.get("automated"), "data.automated") else Role.AGENT


def _words(content: object) -> str:
    """A text; what a picker or a form asks; nothing for a file or a recording."""
    if isinstance(content, dict):
        return text(content.get("text"), "content.text")
    if isinstance(content, list):  # a carousel
        return ""
    return text(content, "content")


def _changed(data: Json, session: str, at: datetime) -> Values:
    """The customer's choice among buttons, what they wrote into a form, or an edit."""
    own = identifier(data.get("fingerprint"), "data.fingerprint")
    content = data.get("content")
    answer = _answer(content) if isinstance(content, dict) else ""
    if answer:
        values: Values = {"message_id": f"{own}:answer", "role": Role.CUSTOMER, "text": answer}
    elif isinstance(content, str) and data.get("from") is not None:
        role = _role(data, text(data.get("type"), "data.type"))
        values = {"message_id": own, "role": role, "text": text(content, "content")}
    else:
        raise Skipped("crisp update without words or without their author")
    told = hashlib.sha256(values["text"].encode()).hexdigest()[:16]
    return values | {
        "event_id": f"{session}:{values['message_id']}:{told}",
        "kind": EventKind.MESSAGE,
        "occurred_at": at,
    }


def _answer(content: Json) -> str:
    chosen = [
        text(choice.get("label"), "choices.label")
        for choice in sections(content, "choices")
        if choice.get("selected") is True
    ]
    return ", ".join(filter(None, chosen)) or text(content.get("value"), "content.value")


def _removed(data: Json, session: str, at: datetime) -> Values:
    own = identifier(data.get("fingerprint"), "data.fingerprint")
    return _erasure(f"erase:{session}:{own}", own, at)


def _session_removed(_: Json, session: str, at: datetime) -> Values:
    return _erasure(f"erase:{session}", None, at)


def _erasure(own: str, erased: str | None, at: datetime) -> Values:
    return {
        "event_id": own,
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "erases": erased,
    }


# --- the conversation ---------------------------------------------------------------------------


def _state(data: Json, session: str, at: datetime) -> Values:
    state = text(data.get("state"), "data.state")
    values = _status(session, f"state:{state[:20]}", at)
    if state in ("resolved", "unresolved"):
        values["resolved"] = state == "resolved"
    return values


def _email(data: Json, session: str, at: datetime) -> Values:
    email = text(data.get("email"), "data.email")
    return _status(session, "email", at) | {"customer": record.customer(email=email)}


def _phone(data: Json, session: str, at: datetime) -> Values:
    phone = text(data.get("phone"), "data.phone")
    return _status(session, "phone", at) | {"customer": record.customer(phone=phone)}


def _segments(data: Json, session: str, at: datetime) -> Values:
    return _status(session, "segments", at) | {"tags": labels(data.get("segments"), "segments")}


def _status(session: str, what: str, at: datetime) -> Values:
    return {
        "event_id": f"{session}:{what}:{int(at.timestamp() * 1000)}",
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": at,
    }


def _channel(data: Json) -> Channel:
    origin = text(data.get("origin"), "data.origin").lower()
    if origin == "email":
        return Channel.EMAIL
    return Channel.SMS if "sms" in origin else Channel.CHAT


def _milliseconds(value: object, where: str) -> datetime:
    return unix_time(number(value, where) / 1000, where)


_READERS: Mapping[str, Callable[[Json, str, datetime], Values]] = {
    "message:send": _said,
    "message:received": _said,
    "message:updated": _changed,
    "message:removed": _removed,
    "session:set_state": _state,
    "session:set_email": _email,
    "session:set_phone": _phone,
    "session:set_segments": _segments,
    "session:removed": _session_removed,
}


# --- API ----------------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """The period's conversations, fifty a page, with their messages; the cursor is its number."""
    website = source.options.get("website_id")
    if not website:
        raise Misconfigured(
            f"sources.{source.name}.options.website_id is missing; "
            "Crisp shows it under Settings > Website settings > Setup instructions"
        )
    base = f"{_API}/{quote(str(website), safe='')}"
    headers = basic(credentials["identifier"], credentials["key"]) | {"x-crisp-tier": "plugin"}
    period = {"filter_date_start": _iso(since), "filter_date_end": _iso(until), "per_page": 50}
    this = page_number(cursor)
    answer = yield Call(f"{base}/conversations/{this}?{urlencode(period)}", headers=headers)
    listed = sections(json_of(answer, "Crisp's list of conversations"), "data")
    found: list[Event] = []
    for conversation in listed:
        session = identifier(conversation.get("session_id"), "session_id")
        said = yield from _messages(
            f"{base}/conversation/{quote(session, safe='')}", headers, since, until
        )
        found += _backfilled(source, conversation, session, said, since, until)
    return Page(found, str(this + 1) if listed else None)


def _messages(
    url: str, headers: Mapping[str, str], since: datetime, until: datetime
) -> Dialogue[list[Json]]:
    """The messages of one conversation, the latest page first, back to `since`."""
    said: list[Json] = []
    before = int(until.timestamp() * 1000)
    while True:
        query = urlencode({"timestamp_before": before})
        answer = yield Call(f"{url}/messages?{query}", headers=headers)
        try:
            messages = sections(json_of(answer, "a Crisp conversation's messages"), "data")
        except Skipped:  # removed since it was listed
            return said
        times = [number(one.get("timestamp"), "timestamp") for one in messages]
        said = [*messages, *said]
        # Older than what was asked for, or the same page again: nothing further back.
        if not times or min(times) < since.timestamp() * 1000 or min(times) >= before:
            return said
        before = int(min(times))


def _backfilled(
    source: Source,
    conversation: Json,
    session: str,
    said: list[Json],
    since: datetime,
    until: datetime,
) -> list[Event]:
    meta = optional_section(conversation, "meta")
    customer = record.customer(
        email=text(meta.get("email"), "meta.email"), phone=text(meta.get("phone"), "meta.phone")
    )
    made = []
    for message in said:
        try:
            values = _message(message, session)
        except Skipped:
            continue
        values |= {"interaction_id": session, "customer": customer}
        if since <= values["occurred_at"] < until:
            made.append(record.event(source, _channel(message), **values))
    if text(conversation.get("state"), "state") == "resolved":
        at = _milliseconds(conversation.get("updated_at"), "updated_at")
        values = _state({"state": "resolved"}, session, at) | {"interaction_id": session}
        if since <= at < until:
            made.append(record.event(source, Channel.CHAT, **values))
    return made


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


CONNECTOR = Connector(
    name="crisp",
    title="Crisp",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    check=check,
    signs_time=True,
    # How Crisp reads other codes is not known: what we understood and keep is a plain success.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200},
    secret_hint="Crisp Marketplace > the plugin > Hooks > Signing secret",  # noqa: S106
    retries="",
    backfill=Backfill(page, ("identifier", "key"), calls_per_minute=60),
)
