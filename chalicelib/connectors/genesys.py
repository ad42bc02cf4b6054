"""Genesys Cloud (calls, chats, messages): conversation events by EventBridge or a data action.

Source: developer.genesys.cloud (notifications/available-topics, analytics/conversations/details,
speechandtextanalytics transcripturl) and public consumers of them, read 2026-11. Events say only
that something happened; durations, survey scores and what was said are fetched (`genesys_api.py`).
Proof: a token sent along, see `eventbridge.py`. Times: Unix milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.connectors import genesys_api
from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.parts import eventbridge, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    number,
    section,
    text,
    unix_time,
)
from chalicelib.connectors.vendor_api import Backfill, Fetch
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_TOPIC = re.compile(r"v2\.detail\.events\.conversation\.[^.]+\.([a-z.]+)")
#: The `type` of our own data action's body (docs/connectors/genesys.md).
OWN = "oivallus.conversation"
_CHANNELS: Mapping[str, Channel] = {
    "voice": Channel.VOICE,
    "callback": Channel.VOICE,
    "chat": Channel.CHAT,
    "message": Channel.CHAT,
    "email": Channel.EMAIL,
}
Values = dict[str, Any]


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One notification: the customer came or left, or an agent finished the work after it."""
    body = eventbridge.body(request)
    if body.get("type") == OWN:
        return [_told(body, source, received_at)]
    detail = section(body, "detail")
    topic = text(detail.get("topicName") or body.get("detail-type"), "detail.topicName")
    match = _TOPIC.fullmatch(topic)
    what = match[1] if match else ""
    if what not in ("customer.start", "customer.end", "acw"):
        raise Skipped(f"genesys topic {topic[:80]!r}")
    happened = section(detail, "eventBody")
    conversation = identifier(happened.get("conversationId"), "eventBody.conversationId")
    milliseconds = number(happened.get("eventTime"), "eventBody.eventTime")
    values: Values = {
        "event_id": f"{conversation}:{what}",
        "interaction_id": conversation,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": unix_time(milliseconds / 1000, "eventBody.eventTime"),
    }
    if what == "acw":
        # Each agent's work after the call is an event of its own.
        values["event_id"] += f":{milliseconds:.0f}"
    else:
        values |= _contact(happened)
    if what != "customer.start":
        values["fetch"] = genesys_api.CONVERSATION + conversation
    return [record.event(source, _channel(happened), **values)]


def _told(body: Json, source: Source, received_at: datetime) -> Event:
    """Our own data action, run by a trigger at the end of a conversation."""
    conversation = identifier(body.get("conversationId"), "conversationId")
    when = body.get("time")
    values: Values = {
        "event_id": f"{conversation}:told",
        "interaction_id": conversation,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": iso_time(when, "time") if when else received_at,
        "fetch": genesys_api.CONVERSATION + conversation,
    }
    return record.event(source, _channel(body), **(values | _contact(body)))


def _contact(holder: Json) -> Values:
    """A call is a contact by itself; who called, or was called."""
    direction = text(holder.get("direction"), "direction")
    outward = direction.upper() == "OUTBOUND"
    address = text(holder.get("dnis" if outward else "ani"), "ani or dnis")
    values = genesys_api.contact(text(holder.get("mediaType"), "mediaType"), direction)
    return values | {"customer": genesys_api.person(address)}


def _channel(holder: Json) -> Channel:
    media = text(holder.get("mediaType"), "mediaType").lower()
    return _CHANNELS.get(media, Channel.VOICE)


CONNECTOR = Connector(
    name="genesys",
    title="Genesys Cloud",
    channel=Channel.VOICE,
    verify=eventbridge.verify,
    events=events,
    sign=eventbridge.sign,
    secret_hint="EventBridge > Connections > API key: header X-Webhook-Token, value of your choice",  # noqa: S106
    retry_after_s=eventbridge.RETRY_AFTER_S,
    retries=eventbridge.RETRIES + "; a data action is run once",
    proof=Proof.TOKEN,
    check=genesys_api.check,
    scrub=eventbridge.scrub,
    fetch=Fetch(genesys_api.fetch, genesys_api.CREDENTIALS, genesys_api.PER_MINUTE),
    backfill=Backfill(genesys_api.backfill, genesys_api.CREDENTIALS, genesys_api.PER_MINUTE),
)
