"""Slack (support channels, Slack Connect): the Events API.

Source: docs.slack.dev/apis/events-api, /reference/events/message and
/authentication/verifying-requests-from-slack, read 2026-11. One event a delivery.
Signed: `X-Slack-Signature: v0=` hex HMAC-SHA256 of "v0:", the time, ":" and the body, with the
app's signing secret. Times: Unix seconds as text; a message's time is its id in its channel.
A thread is a conversation: the message that opens it and the replies below.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors import slack_api
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import Json, identifier, json_body, section, text
from chalicelib.connectors.slack_messages import (
    SPOKEN,
    Values,
    author_role,
    check,
    edit_values,
    interaction,
    is_support,
    listed,
    message_values,
    stamp,
)
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-slack-signature"
_TIME = "x-slack-request-timestamp"
_LONGEST = 1000  # characters of a challenge
_TOKEN = re.compile(rb'("token"\s*:\s*")[^"\\]*+(")')


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    """Any of the secrets fits, and the signed time is within five minutes of `now`."""
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise Rejected("this source has no secret; add the app's signing secret")
    given = signatures.header_bytes(request.headers, _SIGNATURE)
    sent = signatures.header_bytes(request.headers, _TIME)
    fits = [hmac.compare_digest(given, _signature(sent, request.body, one)) for one in usable]
    if not any(fits):
        raise Rejected("the signature does not fit the body under any secret")
    signatures.check_age(signatures.unix_seconds(sent), now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    sent = str(int(now.timestamp()))
    signature = _signature(sent.encode(), request.body, secret).decode()
    return request.with_headers(**{_SIGNATURE: signature, _TIME: sent})


def _signature(sent: bytes, body: bytes, secret: str) -> bytes:
    key = secret.encode("utf-8", "surrogatepass")
    return b"v0=" + hmac.digest(key, b":".join((b"v0", sent, body)), "sha256").hex().encode()


def handshake(request: Request) -> Reply | None:
    """The challenge that Slack sends when the address is saved, echoed as plain text."""
    if b'"url_verification"' not in request.body:  # spares other deliveries a second parsing
        return None
    try:
        body = json_body(request)
        if body.get("type") != "url_verification":
            return None
        challenge = text(body.get("challenge"), "challenge")
    except Unreadable:
        return None
    if not challenge or len(challenge) > _LONGEST:
        return None
    return Reply(200, challenge, {"Content-Type": "text/plain; charset=utf-8"})


def scrub(request: Request) -> Request:
    """Without the verification token that older Slack apps compare."""
    return replace(request, body=_TOKEN.sub(rb"\1\2", request.body))


# --- events -------------------------------------------------------------------------------------


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One message, edit, deletion or reaction of a support channel."""
    check(source)
    body = json_body(request)
    kind = text(body.get("type"), "type")
    if kind != "event_callback":
        raise Skipped(f"slack delivery {kind[:60]!r}")
    event = section(body, "event")
    name = text(event.get("type"), "event.type")
    read = _READERS.get(name)
    if read is None:
        raise Skipped(f"slack event {name[:60]!r}")
    return [record.event(source, Channel.CHAT, **read(event, source))]


def _message(event: Json, source: Source) -> Values:
    channel = identifier(event.get("channel"), "event.channel")
    if not is_support(source, channel, text(event.get("channel_type"), "event.channel_type")):
        raise Skipped("a slack message outside the support channels")
    subtype = text(event.get("subtype"), "event.subtype")
    if subtype == "message_changed":
        return _changed(event, channel, source)
    if subtype == "message_deleted":
        return _deleted(event, channel)
    if subtype not in SPOKEN:
        raise Skipped(f"slack message of subtype {subtype[:60]!r}")
    return message_values(event, channel, source)


def _changed(event: Json, channel: str, source: Source) -> Values:
    """The message as it reads now. Slack also reports link previews and reply counts here."""
    message = section(event, "message")
    if message.get("subtype") == "tombstone":  # deleted, but its thread goes on
        return _erasure(channel, message, event)
    before = event.get("previous_message")
    if isinstance(before, dict) and before.get("text") == message.get("text"):
        raise Skipped("a slack message whose text did not change")
    subtype = text(message.get("subtype"), "event.message.subtype")
    if subtype not in SPOKEN:
        raise Skipped(f"an edited slack message of subtype {subtype[:60]!r}")
    return edit_values(message, event, channel, source)


def _deleted(event: Json, channel: str) -> Values:
    before = event.get("previous_message")
    thread = before.get("thread_ts") if isinstance(before, dict) else None
    return _erasure(channel, {"ts": event.get("deleted_ts"), "thread_ts": thread}, event)


def _erasure(channel: str, message: Json, event: Json) -> Values:
    ts, _ = stamp(message.get("ts"), "the deleted message's ts")
    return {
        "event_id": f"{channel}:{ts}:deleted",
        "interaction_id": interaction(channel, message),
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "occurred_at": stamp(event.get("event_ts"), "event.event_ts")[1],
        "erases": ts,
    }


def _reacted(event: Json, source: Source) -> Values:
    """A reaction that the team uses to say that a thread is done, put on its first message."""
    if text(event.get("reaction"), "event.reaction") not in listed(source, "resolved_reactions"):
        raise Skipped("a slack reaction that says nothing of the outcome")
    item = section(event, "item")
    if item.get("type") != "message":
        raise Skipped("a slack reaction to something else than a message")
    channel = identifier(item.get("channel"), "event.item.channel")
    if not is_support(source, channel, ""):
        raise Skipped("a slack reaction outside the support channels")
    if author_role(event, source) is not Role.AGENT:
        raise Skipped("a slack reaction of somebody who is not staff")
    ts, at = stamp(event.get("event_ts"), "event.event_ts")
    return {
        "event_id": f"{channel}:{ts}:{event['type']}",
        "interaction_id": interaction(channel, item),
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "resolved": event["type"] == "reaction_added",
    }


_READERS: Mapping[str, Callable[[Json, Source], dict[str, Any]]] = {
    "message": _message,
    "app_mention": _message,
    "reaction_added": _reacted,
    "reaction_removed": _reacted,
}

CONNECTOR = Connector(
    name="slack",
    title="Slack",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    handshake=handshake,
    sign=sign,
    check=check,
    scrub=scrub,
    signs_time=True,
    # An app whose deliveries fail for an hour is switched off: what we keep is a success.
    status={Outcome.UNREADABLE: 200, Outcome.SKIPPED: 200},
    retries="three times: at once, after a minute and after five minutes",
    secret_hint="api.slack.com/apps > the app > Basic Information > Signing Secret",  # noqa: S106
    backfill=slack_api.BACKFILL,
)
