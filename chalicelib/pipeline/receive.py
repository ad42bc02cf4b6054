"""receive: a vendor's request -> verified -> normalized -> stored -> queued -> a status code."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from chalicelib.adapters import codec
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event
from chalicelib.organisation import Organisation, SourceConfig

_OUTCOMES = {
    Rejected: Outcome.REJECTED,
    Skipped: Outcome.SKIPPED,
    Unreadable: Outcome.UNREADABLE,
    Retryable: Outcome.RETRYABLE,
    Misconfigured: Outcome.MISCONFIGURED,
}


def receive(world: World, name: str, request: Request) -> Reply:
    """One delivery to `/webhooks/{name}`. A 2xx means that every event in it is durable."""
    started = time.perf_counter()
    reason, events = "", 0
    found: Connector | None = None
    try:
        organisation = world.organisation()
        config = organisation.sources.get(name)
        if config is None:
            return _unknown(world, name)
        found = CONNECTORS[config.connector]
        if request.method in found.open_methods:
            return found.handshake(request) or Reply(200)
        outcome, reply, events = _take(world, organisation, name, config, found, request)
    except (Rejected, Skipped, Retryable, Misconfigured) as error:
        outcome, reply, reason = _OUTCOMES[type(error)], None, str(error)
    # Before the source is known to us, its vendor is best told to come again.
    reply = reply or (found.reply_for(outcome) if found else Reply(503))
    facts = {
        "message": "delivery",
        "status": reply.status,
        "events": events,
        "bytes": len(request.body),
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "reason": reason,
    }
    world.count("deliveries", facts=facts, source=name, outcome=outcome.value)
    return reply


def _unknown(world: World, name: str) -> Reply:
    # The name is a stranger's: a dimension of it would be a new metric for each guess.
    facts = {"message": "delivery", "status": 404, "reason": f"no source {name[:40]!r}"}
    world.count("deliveries", facts=facts, source="unknown", outcome="rejected")
    return Reply(404, "no source of this name in organisation.yaml")


def _take(
    world: World,
    organisation: Organisation,
    name: str,
    config: SourceConfig,
    found: Connector,
    request: Request,
) -> tuple[Outcome, Reply | None, int]:
    """Verify, normalize and store; (outcome, a handshake's own reply, number of events)."""
    now = world.clock()
    if not config.open:
        found.verify(request, world.secrets.of_source(name), now)
    hello = found.handshake(request)
    if hello:
        return Outcome.ACCEPTED, hello, 0
    try:
        events = found.events(request, as_source(name, config), now)
        check(events)
    except Unreadable as error:
        days = organisation.retention.raw_days
        world.log.keep_unreadable(name, found.scrub(request), now, days, str(error))
        return Outcome.UNREADABLE, None, 0
    new = store(world, organisation, events, now, codec.dump_request(found.scrub(request)))
    return (Outcome.ACCEPTED if new else Outcome.DUPLICATE), None, len(events)


def as_source(name: str, config: SourceConfig) -> Source:
    """A source of organisation.yaml as its connector sees it."""
    return Source(name, config.connector, config.touchpoint, config.channel, config.options)


def check(events: Sequence[Event]) -> None:
    """Raise Unreadable for events that no table could key."""
    for event in events:
        if not event.event_id or not event.interaction_id:
            raise Unreadable("an event without an identity of its own or of its interaction")
        if len(event.event_id.encode()) > 900 or len(event.interaction_key.encode()) > 1900:
            raise Unreadable("an identity longer than a key of the event log can be")


def store(
    world: World, organisation: Organisation, events: Sequence[Event], now: datetime, raw: bytes
) -> int:
    """Log the events and queue their keys; how many were new.

    Duplicates are queued again: the first delivery may have died between the two steps, and
    understanding skips finished work.
    """
    holder: EventKey | None = None
    keys = [EventKey(event.interaction_key, event.event_id) for event in events]
    new = 0
    for key, event in zip(keys, events, strict=True):
        if world.log.add(event, now, organisation.retention.raw_days, holder or raw):
            holder = holder or key
            new += 1
    world.queue.put(keys)
    return new
