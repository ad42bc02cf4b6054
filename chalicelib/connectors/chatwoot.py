"""Chatwoot (open source; chat, email and messengers): messages, CSAT and conversation status.

Source: chatwoot/chatwoot `app/listeners/webhook_listener.rb`, `app/models/message.rb`,
`app/presenters/conversations/event_data_presenter.rb`, `app/builders/csat_surveys/`, and
developers.chatwoot.com, read 2026-11.
Signed: `X-Chatwoot-Signature: sha256=` hex HMAC-SHA256 of time + "." + body, with the webhook's
secret. Older servers sign nothing: then the source's secret stands in the URL as `key`.
Times: ISO 8601 in messages, Unix seconds in conversations and in the API.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors import chatwoot_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.chatwoot_api import KEY
from chalicelib.connectors.chatwoot_messages import (
    Values,
    channel_of,
    customer_of,
    message_values,
    waited_s,
    when,
)
from chalicelib.connectors.parts import record, timed_hex
from chalicelib.connectors.parts.body_and_url import check_parameter, without_parameter
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    labels,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import Backfill, Registration
from chalicelib.errors import Rejected, Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-chatwoot-signature"
_TIME = "x-chatwoot-timestamp"


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    given = request.headers.get(_SIGNATURE)
    if not given and f"{KEY}=" in request.url:
        check_parameter(request, KEY, secrets)
        return
    if not given:
        raise Rejected(
            f"the signature header {_SIGNATURE} is missing; a Chatwoot too old to sign must send "
            f"the secret in the webhook's URL: ?{KEY}=…"
        )
    stamp = timed_hex.sent(request, _TIME)
    content = stamp + b"." + request.body
    signatures.check_body_hex(content, given, secrets, algorithm="sha256")
    timed_hex.fresh(stamp, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    stamp = str(int(now.timestamp()))
    content = stamp.encode() + b"." + request.body
    signature = signatures.sign_body_hex(content, secret, algorithm="sha256")
    return request.with_headers(**{_SIGNATURE: signature, _TIME: stamp})


def scrub(request: Request) -> Request:
    return without_parameter(request, KEY)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One notification: a message, a rating, an erasure or a status."""
    body = json_body(request)
    kind = text(body.get("event"), "event")
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"chatwoot event {kind[:60]!r}")
    channel, values = read(body, received_at)
    return [record.event(source, channel, **values)]


def _said(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    """`message_created` and `message_updated`; the latter also tells ratings and deletions."""
    conversation = section(body, "conversation")
    values = message_values(body, conversation, received_at)
    values["interaction_id"] = _id(conversation)
    updated = text(body.get("event"), "event") == "message_updated"
    if updated and values["kind"] is EventKind.MESSAGE:
        # Fires for receipts too: the same words are the same event. Chatwoot does not date it.
        values["event_id"] += ":" + _digest(values["text"])
        values["occurred_at"] = max(received_at, values["occurred_at"])
    return channel_of(body, conversation), values


def _status(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    status = text(body.get("status"), "status")
    values = _conversation(body, received_at)
    values["event_id"] += ":" + _digest(f"{status}\n{_changed_at(body)}")
    before = [
        text(change.get("previous_value"), "previous_value")
        for attribute in sections(body, "changed_attributes")
        for change in [optional_section(attribute, "status")]
    ]
    if status == "resolved":
        values["resolved"] = True
    elif "resolved" in before:
        values["resolved"] = False  # opened again
    return channel_of(body, body), values


def _created(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    return channel_of(body, body), _conversation(body, received_at)


def _labelled(body: Json, received_at: datetime) -> tuple[Channel, Values]:
    """`conversation_updated` tells labels, and fires whenever somebody looks."""
    values = _conversation(body, received_at)
    if not values["tags"]:
        raise Skipped("chatwoot conversation without labels")
    values["event_id"] += ":labels:" + _digest("\n".join(sorted(values["tags"])))
    return channel_of(body, body), values


def _conversation(body: Json, received_at: datetime) -> Values:
    at = _changed_at(body)
    return {
        "event_id": f"conversation:{_id(body)}",
        "interaction_id": _id(body),
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": when(at, "updated_at") if at else received_at,
        "customer": customer_of({}, body),
        "tags": labels(body.get("labels"), "labels"),
        "wait_s": waited_s(body),
    }


def _changed_at(conversation: Json) -> object:
    return conversation.get("updated_at") or conversation.get("timestamp")


def _id(conversation: Json) -> str:
    """The number that Chatwoot shows to people and uses in its API."""
    return identifier(conversation.get("id", conversation.get("display_id")), "conversation.id")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:16]


_READERS: Mapping[str, Callable[[Json, datetime], tuple[Channel, Values]]] = {
    "message_created": _said,
    "message_updated": _said,
    "conversation_created": _created,
    "conversation_updated": _labelled,
    "conversation_status_changed": _status,
}

CONNECTOR = Connector(
    name="chatwoot",
    title="Chatwoot",
    channel=Channel.CHAT,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    check=chatwoot_api.check,
    signs_time=True,
    # Chatwoot reads no answer of an account webhook; a failed one of an API inbox marks the
    # agent's message as failed, so what we keep is a success.
    status={Outcome.UNREADABLE: 202, Outcome.RETRYABLE: 503},
    secret_hint="Settings > Integrations > Webhooks > the webhook > Secret",  # noqa: S106
    retries="Never repeats a delivery of an account webhook; waits 5 s for the answer.",
    backfill=Backfill(chatwoot_api.page, ("api_access_token",), calls_per_minute=60),
    registration=Registration(chatwoot_api.register, ("api_access_token",)),
)
