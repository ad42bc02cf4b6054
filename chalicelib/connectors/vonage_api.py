"""Vonage's API: transcripts of recordings, and the records of its Reports API.

Source: developer.vonage.com (voice record action, reports/v2 records), read 2026-11. A file asks
for the application's own token, which is signed with its private key: the integrator makes one
that lasts (`vonage jwt create --exp=…`), because nothing here knows the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    number,
    optional_section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    bearer,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

TO_FETCH = ("jwt",)
TO_LIST = ("api_key", "api_secret")
PER_MINUTE = 300  # of 10 a second
TRANSCRIPT = "transcript:"
_REPORTS = "https://api.nexmo.com/v2/reports/records"
_HOSTS = (".nexmo.com", ".vonage.com")
_PLAIN = re.compile(r"[!-~]{1,500}")
_CHANNELS = {"sms": Channel.SMS, "mms": Channel.SMS, "rcs": Channel.SMS}


def own_file(url: str) -> str:
    """The address of a file. Raises Unreadable unless it is Vonage's: it gets our token."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise Unreadable("the file's address cannot be read") from None
    if parts.scheme != "https" or not host.endswith(_HOSTS) or not _PLAIN.fullmatch(url):
        raise Unreadable("the file's address is not one of Vonage's")
    return url


def fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    """What a recording holds. Of two channels the first is the caller's.

    A single channel holds everybody: it is the caller's only where `options.recordings` says
    that they are voicemails.
    """
    url = own_file(event.fetch.removeprefix(TRANSCRIPT))
    answer = yield Call(url, headers=bearer(credentials["jwt"]))
    channels = sections(json_of(answer, "the recording's transcript"), "channels")
    roles = _roles(len(channels), source.options.get("recordings") == "voicemail")
    both = zip(roles, channels, strict=True)
    lines = [line for role, one in both for line in _lines(one, role, event)]
    return turns.spoken(event, source, sorted(lines, key=lambda line: line.at))


def _roles(channels: int, voicemail: bool) -> list[Role]:
    if channels == 1:
        return [Role.CUSTOMER if voicemail else Role.SYSTEM]
    return ([Role.CUSTOMER] + [Role.AGENT] * channels)[:channels]


def _lines(channel: Json, role: Role, event: Event) -> Iterator[turns.Line]:
    for place, said in enumerate(sections(channel, "transcript")):
        words = text(said.get("raw_sentence") or said.get("sentence"), "transcript.sentence")
        passed = number(said.get("timestamp") or 0, "transcript.timestamp") / 1000
        at = turns.after(event.occurred_at, passed, "transcript.timestamp")
        recording = event.event_id.split(":")[1]
        yield turns.Line(role, at, f"{recording}:{role.value[0]}{place}", words)


# --- backfill -----------------------------------------------------------------------------------


def backfill(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Inbound messages and calls, by days, for one list holds 24 hours at most.

    A cursor is 'start in Unix seconds:product:Vonage's cursor:its iv'.
    """
    start_s, product, inner, iv = _cursor(cursor or f"{int(since.timestamp())}:MESSAGES::")
    start = datetime.fromtimestamp(start_s, UTC)
    stop = min(start + timedelta(days=1), until.astimezone(UTC))
    query = {
        "account_id": credentials["api_key"],
        "product": product,
        "direction": "inbound",
        "date_start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "date_end": f"{stop:%Y-%m-%dT%H:%M:%SZ}",
        **({"include_message": "true"} if product == "MESSAGES" else {}),
        **({"cursor": inner, "iv": iv} if inner else {}),
    }
    headers = basic(credentials["api_key"], credentials["api_secret"])
    answer = yield Call(f"{_REPORTS}?{urlencode(query)}", headers=headers)
    body = json_of(answer, "the list of records")
    read = _listed_message if product == "MESSAGES" else _listed_call
    found = [event for one in sections(body, "records") for event in read(one, source)]
    following = _following(body)
    if following:
        return Page(found, f"{start_s}:{product}:{following}")
    if product == "MESSAGES":
        return Page(found, f"{start_s}:VOICE-CALL::")
    return Page(found, f"{int(stop.timestamp())}:MESSAGES::" if stop < until else None)


def _cursor(cursor: str) -> tuple[int, str, str, str]:
    parts = cursor.split(":")
    if len(parts) != 4 or parts[1] not in ("MESSAGES", "VOICE-CALL"):
        raise Misconfigured("backfill: the cursor is not one of vonage's; start without it")
    return page_number(parts[0]), parts[1], parts[2], parts[3]


def _following(body: Json) -> str:
    """'cursor:iv' of the next page; empty after the last. Nothing else of its address is used."""
    following = optional_section(optional_section(body, "_links"), "next")
    address = text(following.get("href"), "_links.next.href")
    asked = parse_qs(address.partition("?")[2])
    inner = asked.get("cursor", [""])[0]
    return f"{inner}:{asked.get('iv', [''])[0]}" if inner and ":" not in inner else ""


def _listed_message(message: Json, source: Source) -> Iterator[Event]:
    named = identifier(message.get("message_uuid") or message.get("message_id"), "message_id")
    provider = text(message.get("provider") or message.get("channel"), "provider").lower()
    values: dict[str, Any] = {
        "event_id": f"message:{named}",
        "message_id": named,
        "interaction_id": f"message:{named}",
        "kind": EventKind.MESSAGE,
        "occurred_at": iso_time(message.get("date_received"), "date_received"),
        "text": text(message.get("message_body"), "message_body"),
        "customer": record.customer(phone=text(message.get("from"), "from")),
    }
    yield record.event(source, _CHANNELS.get(provider, Channel.CHAT), **values)


def _listed_call(call: Json, source: Source) -> Iterator[Event]:
    """A caller's leg. Without its conversation a record cannot join what was pushed: left out."""
    conversation = text(
        call.get("conversation_id") or call.get("conversation_uuid"), "conversation"
    )
    if not conversation:
        return
    status = text(call.get("status"), "status").lower()
    values: dict[str, Any] = {
        "event_id": f"{identifier(call.get('call_id'), 'call_id')}:{status[:40]}",
        "interaction_id": identifier(conversation, "conversation_id"),
        "kind": EventKind.CALL,
        "occurred_at": iso_time(call.get("date_start"), "date_start"),
        "customer": record.customer(phone=text(call.get("from"), "from")),
    }
    yield record.event(source, Channel.VOICE, **values)


def check(source: Source) -> None:
    """Raises Misconfigured for options that cannot work."""
    options.known(source, "recordings")
    for name, value in source.options.items():
        if value not in ("voicemail", "conversation"):
            raise Misconfigured(
                f"sources.{source.name}.options.{name} must be voicemail or conversation"
            )
