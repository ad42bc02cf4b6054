"""receive: a vendor's request -> verified -> normalized -> stored -> queued -> a status code."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.adapters import codec
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.telemetry import described
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.deliveries import ID_HEADER, delivery_id
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


class _Taken(NamedTuple):
    """What became of a delivery; `reply` is a handshake's own."""

    outcome: Outcome
    reply: Reply | None = None
    events: Sequence[Event] = ()
    reason: str = ""


def receive(world: World, name: str, request: Request) -> Reply:
    """One delivery to `/webhooks/{name}`. A 2xx means that every event in it is durable."""
    started = time.perf_counter()
    now = world.clock()
    delivery = delivery_id(now)
    found: Connector | None = None
    try:
        organisation = world.organisation()
        config = organisation.sources.get(name)
        if config is None:
            return _unknown(world, name, delivery)
        found = CONNECTORS[config.connector]
        if request.method in found.open_methods:
            return found.handshake(request) or Reply(200)
        taken = _take(world, organisation, name, found, request, now)
    except (Rejected, Skipped, Retryable, Misconfigured) as error:
        taken = _Taken(_OUTCOMES[type(error)], reason=str(error))
    except Exception as error:  # nobody foresaw it: the vendor shall come again, and an alarm ring
        taken = _Taken(Outcome.MISCONFIGURED, reason=described(error))
    # Before the source is known to us, its vendor is best told to come again.
    reply = taken.reply or (found.reply_for(taken.outcome) if found else Reply(503))
    facts = {
        "message": "delivery",
        "id": delivery,
        "status": reply.status,
        "events": len(taken.events),
        "kinds": dict(Counter(f"{event.kind}/{event.role}" for event in taken.events)),
        # A stranger's: without what a terminal would obey.
        "type": "".join(filter(str.isprintable, request.content_type))[:60],
        "bytes": len(request.body),
        "ms": round((time.perf_counter() - started) * 1000, 1),
        "reason": taken.reason,
    }
    world.count("deliveries", facts=facts, source=name, outcome=taken.outcome.value)
    return replace(reply, headers={**reply.headers, ID_HEADER: delivery})


def _unknown(world: World, name: str, delivery: str) -> Reply:
    # The name is a stranger's: a dimension of it would be a new metric for each guess.
    reason = f"no source {name[:40]!r}"
    facts = {"message": "delivery", "id": delivery, "status": 404, "reason": reason}
    world.count("deliveries", facts=facts, source="unknown", outcome="rejected")
    return Reply(404, "no source of this name in organisation.yaml")


def _take(
    world: World,
    organisation: Organisation,
    name: str,
    found: Connector,
    request: Request,
    now: datetime,
) -> _Taken:
    """Verify, normalize and store."""
    config = organisation.sources[name]
    secrets = [] if config.open else _secrets(world, name, found, request)
    if not config.open:
        found.verify(request, secrets, now)
    hello = found.handshake(request) or found.challenge(request, secrets)
    if hello:
        return _Taken(Outcome.ACCEPTED, hello)
    try:
        events = found.events(request, as_source(name, config, world.listens), now)
        check(events)
    except Unreadable as error:
        days = organisation.retention.raw_days
        world.log.keep_unreadable(name, found.scrub(request), now, days, str(error))
        return _Taken(Outcome.UNREADABLE, reason=str(error))
    new = store(world, organisation, events, now, codec.dump_request(found.scrub(request)))
    return _Taken(Outcome.ACCEPTED if new else Outcome.DUPLICATE, events=events)


def _secrets(world: World, name: str, found: Connector, request: Request) -> Sequence[str]:
    """What verify may compare with: the source's own secrets, and the key the vendor publishes."""
    secrets = world.secrets.of_source(name)
    url = found.key_url(request)
    return [*secrets, world.vendors.public_key(url)] if url else secrets


def as_source(name: str, config: SourceConfig, listens: bool = False) -> Source:
    """A source of organisation.yaml as its connector sees it.

    `listens`: the hub has an endpoint for speech, so recordings may be told of.
    """
    return Source(
        name,
        config.connector,
        config.touchpoint,
        config.channel,
        config.options,
        listens and config.recordings,
    )


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
    understanding and fetching skip finished work.
    """
    holder: EventKey | None = None
    new = 0
    for event in events:
        if world.log.add(event, now, organisation.retention.raw_days, holder or raw):
            holder = holder or _key(event)
            new += 1
    queue(world, events)
    return new


def queue(world: World, events: Sequence[Event]) -> None:
    """Queue the keys of stored events: to be understood, or first completed by the vendor's API.

    A recorded call is understood at once, and again when its words are known.
    """
    ready = [_key(event) for event in events if not event.fetch]
    waiting = [_key(event) for event in events if event.fetch]
    recorded = [_key(event) for event in events if event.recording]
    if ready:
        world.queue.put(ready)
    if waiting:
        world.fetch_queue.put(waiting)
    if recorded:
        world.recordings_queue.put(recorded)


def _key(event: Event) -> EventKey:
    return EventKey(event.interaction_key, event.event_id)
