"""replay: a kept request runs again through the present connector, under its own identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.adapters import codec
from chalicelib.adapters.kept import Kept, kept
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import received_at
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event
from chalicelib.pipeline.receive import as_source, check, store
from chalicelib.pipeline.watch import watched_sources


@dataclass(frozen=True)
class Replayed:
    """What became of a kept delivery: its events, and how many of them the log did not have."""

    kept: Kept
    outcome: Outcome
    events: int = 0
    new: int = 0
    reason: str = ""


def by_id(world: World, delivery_id: str) -> Kept | None:
    """The kept delivery of an id; None when nothing of it is kept. Raises ValueError for no id."""
    at = received_at(delivery_id)
    until = at + timedelta(microseconds=1)
    for source in watched_sources(world.organisation()):
        for unreadable in (False, True):
            for found in kept(
                world.log.archive, source, at, until, unreadable=unreadable, now=world.clock()
            ):
                return found
    return None


def within(
    world: World, sources: Sequence[str], since: datetime, until: datetime, outcome: Outcome
) -> Iterator[Kept]:
    """Kept deliveries of some sources that came in [since, until): unreadable or accepted ones."""
    for source in sources:
        yield from kept(
            world.log.archive,
            source,
            since,
            until,
            unreadable=outcome is Outcome.UNREADABLE,
            now=world.clock(),
        )


def replay(world: World, delivery: Kept, *, dry_run: bool = False) -> Replayed:
    """Read a delivery again, store what is new, and queue all of it: what is done stays done.

    A delivery that could not be read and now can is no longer kept as unreadable. Raises
    Misconfigured for a source that organisation.yaml does not have any more.
    """
    try:
        events = read_again(world, delivery)
    except Unreadable as error:
        return Replayed(delivery, Outcome.UNREADABLE, reason=str(error))
    except Skipped as error:
        if delivery.unreadable and not dry_run:
            world.log.discard(delivery.holder)
        return Replayed(delivery, Outcome.SKIPPED, reason=str(error))
    if dry_run:
        keys = [EventKey(event.interaction_key, event.event_id) for event in events]
        new = len(set(keys)) - len(world.log.read(keys))
    else:
        raw = codec.dump_request(delivery.request)
        new = store(world, world.organisation(), events, delivery.received_at, raw)
        if delivery.unreadable:
            world.log.discard(delivery.holder)
    outcome = Outcome.ACCEPTED if new else Outcome.DUPLICATE
    return Replayed(delivery, outcome, len(events), new)


def read_again(world: World, delivery: Kept) -> Sequence[Event]:
    """The events that the present connector finds. Raises as `Connector.events`."""
    config = world.organisation().sources.get(delivery.source)
    if config is None:
        raise Misconfigured(f"organisation.yaml has no source {delivery.source!r} any more")
    connector = CONNECTORS[config.connector]
    source = as_source(delivery.source, config, world.listens)
    events = connector.events(delivery.request, source, delivery.received_at)
    check(events)
    return events
