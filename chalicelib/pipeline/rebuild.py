"""Every stage rebuilt from the one to its left, and history brought in from files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from chalicelib import connectors
from chalicelib.adapters import codec
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.fold import contribution, fold
from chalicelib.interaction import Event
from chalicelib.organisation import BadOrganisation, Organisation, read
from chalicelib.pipeline.receive import as_source, check, queue
from chalicelib.pipeline.understand import refold, understand
from chalicelib.summary import EMPTY, Summary, total

#: Events of an import that are stored in one transaction and understood in one batch.
IMPORT_BATCH = 100
#: Weeks behind today whose days the roll-up looks at: all that a digest reads, and one more.
ROLL_UP_WEEKS = 28


def publish_organisation(world: World, text: str) -> Organisation:
    """Validate an organisation.yaml and make it the one that every function reads.

    Raises BadOrganisation, naming line, key and remedy; then nothing changes.
    """
    organisation = read(text)
    for name, source in organisation.sources.items():
        if source.connector not in CONNECTORS:
            raise BadOrganisation(
                f"sources.{name}.connector: {source.connector!r} is not a connector; write one "
                f"of {', '.join(sorted(CONNECTORS))}"
            )
        try:
            connectors.check(as_source(name, source, listens=True))
        except Misconfigured as error:
            raise BadOrganisation(f"sources.{name}: {error}") from error
    form = organisation.model_dump_json()
    world.registry.publish_organisation(form, text, organisation.hash, world.clock())
    return organisation


@dataclass(frozen=True)
class Imported:
    """What became of one batch of an import."""

    events: int
    new: int
    failed: int


def import_events(world: World, events: Iterable[Event]) -> Iterator[Imported]:
    """Store and understand events of a file, batch by batch; importing twice changes nothing.

    What the endpoint could not judge now waits in the queue, and what only names an event that
    the vendor's API completes waits to be fetched.
    """
    organisation = world.organisation()
    source = iter(events)
    while batch := list(islice(source, IMPORT_BATCH)):
        check(batch)
        days = organisation.retention.raw_days
        new = world.log.add_many(batch, world.clock(), days)
        keys = [EventKey(event.interaction_key, event.event_id) for event in batch]
        ready = [key for key, event in zip(keys, batch, strict=True) if not event.fetch]
        failed = understand(world, ready) if ready else frozenset()
        world.queue.put(list(failed))
        queue(world, [event for event in batch if event.fetch])
        yield Imported(len(batch), sum(new), len(failed))


def recount(world: World) -> Summary:
    """What the summaries must hold: every interaction folded and counted anew.

    Changes nothing; compare with `world.summaries.read`.
    """
    organisation = world.organisation()
    return total(
        contribution(fold(state.events, state.enrichments), organisation)
        for states in _states(world)
        for state in states.values()
    )


def apply_organisation(world: World) -> int:
    """Count every interaction again with the published organisation; how many changed.

    Needed after themes, touchpoints or the time zone changed. Safe to stop and repeat: each
    interaction moves in one transaction.
    """
    organisation = world.organisation()
    changed = 0
    for states in _states(world):
        changes = [refold(organisation, state, state) for state in states.values()]
        moved = [change for change in changes if change.delta != EMPTY]
        written = world.interactions.commit(moved)
        if len(written) != len(moved):
            raise Retryable("interactions changed meanwhile; run it again to finish")
        changed += len(moved)
    return changed


def _states(world: World) -> Iterator[dict[str, codec.State]]:
    keys = world.interactions.all_keys()
    while batch := list(islice(keys, 100)):
        yield world.interactions.read(batch)


def roll_up(world: World) -> int:
    """Roll closed days up, so that reading a week costs the same whatever its volume."""
    organisation = world.organisation()
    now = world.clock()
    today = organisation.local_day(now)
    keep = timedelta(days=organisation.retention.summaries_days)
    first = today - timedelta(weeks=ROLL_UP_WEEKS)
    moved = world.summaries.roll_up(first, today, now + keep)
    world.count("rows_rolled_up", moved)
    return moved
