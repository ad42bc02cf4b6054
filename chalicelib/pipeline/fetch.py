"""fetch: an event that only named what happened -> the vendor's API -> the events it stands for.

docs/decisions/0005-thin-payloads.md says why, and jobs.py what becomes of a job that must wait.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.vendor_api import Answer, Call, Fetch, run
from chalicelib.deliveries import time_digits
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind
from chalicelib.organisation import SourceConfig
from chalicelib.pipeline.jobs import Facts, take
from chalicelib.pipeline.receive import as_source, check
from chalicelib.pipeline.vendors import Paced, Postponed, Send, Sleep

#: How long a dialogue's call waits for its turn before the job is put off, seconds.
PATIENCE_S = 10.0
#: The same once a dialogue has begun: its first calls would have to be repeated.
BEGUN_PATIENCE_S = 60.0
#: When neither a job nor a call is begun any more: the function's timeout of 180 s holds one more.
BATCH_S = 140.0

_BATCH = 100  # events that one transaction stores


@dataclass(frozen=True)
class _Shell:
    """What does the I/O and the waiting of one call of the function."""

    world: World
    send: Send
    sleep: Sleep
    stop_at: datetime


def fetch(
    world: World, jobs: Sequence[Job], send: Send | None = None, sleep: Sleep = time.sleep
) -> frozenset[Job]:
    """Complete stored events; the jobs that the queue must give again.

    Idempotent: what was fetched before is not fetched again, and events have the same identity
    at every fetch. `send` does the I/O; by default over the network.
    """
    stop_at = world.clock() + timedelta(seconds=BATCH_S)
    shell = _Shell(world, send or world.vendors.send, sleep, stop_at)
    failed = set()
    for job in jobs:
        try:
            take(world, world.fetch_queue, job, partial(_complete, shell, job.key), "fetches")
        except Retryable as error:
            warn("a fetch stays in the queue", event=job.key.event_id, why=str(error))
            failed.add(job)
    return frozenset(failed)


def _complete(shell: _Shell, key: EventKey, facts: Facts) -> str:
    """Ask the vendor, store what it says and queue it to be understood; the outcome's name.

    `facts` learn the delivery of the waiting event and the time that its answers are stored
    with, both as in a delivery's id.
    """
    world = shell.world
    if world.clock() > shell.stop_at:
        raise Postponed("the jobs before it took long", 0)
    found = world.log.waiting(key)
    if found is None:
        return "expired"
    facts["delivery"] = time_digits(found.received_at)
    if found.fetched or not found.event.fetch:
        world.queue.put([key])
        return "known"
    outcome, events = "erased", []
    read: list[str] = []
    if not erased(world, key.interaction):
        try:
            outcome, events = "fetched", _asked(shell, found.event, read)
        except Skipped:
            outcome = "nothing"
        # Erased while we asked: what the vendor said must not be kept.
        if events and erased(world, key.interaction):
            outcome, events = "erased", []
    now, days = world.clock(), world.organisation().retention.raw_days
    facts["stored_as"] = time_digits(now)
    for start in range(0, len(events), _BATCH):
        world.log.add_many(events[start : start + _BATCH], now, days)
    # The waiting event is one like any other, and is counted with what it waited for.
    world.queue.put([key, *(EventKey(e.interaction_key, e.event_id) for e in events)])
    for url in filter(world.inbound.holds, read):
        world.inbound.forget(url)
    world.log.mark_fetched(key, now)
    return outcome


def erased(world: World, interaction: str) -> bool:
    """Whether a deletion came: understood long ago, or still in the log alone."""
    state = world.interactions.read([interaction]).get(interaction)
    known = state.events if state else ()
    return any(e.kind is EventKind.ERASURE and e.erases is None for e in known) or (
        world.log.erased(interaction)
    )


def _asked(shell: _Shell, event: Event, read: list[str]) -> list[Event]:
    """The vendor's answer as events; `read` learns where it was read from.

    Raises as `vendor_api.Fetch`, and as `Paced`.
    """
    config, way = _way(shell.world, event.source)
    credentials = shell.world.secrets.credentials(event.source, way.credentials)
    paced = Paced(
        shell.world, event.source, way.calls_per_minute, shell.send, PATIENCE_S, shell.sleep
    )
    dialogue = way.dialogue(event, as_source(event.source, config), credentials)

    def send(call: Call) -> Answer:
        left = (shell.stop_at - shell.world.clock()).total_seconds()
        paced.patience_s = min(BEGUN_PATIENCE_S if paced.calls else PATIENCE_S, left)
        read.append(call.url)
        return paced(call)

    events = list(run(dialogue, send))
    check(events)
    for made in events:
        if made.interaction_key != event.interaction_key:
            raise Unreadable(f"{config.connector}: what was fetched is of another interaction")
        if made.event_id == event.event_id or made.fetch:
            # It would never be stored, or wait for ever.
            raise Unreadable(f"{config.connector}: what was fetched has no identity of its own")
    return events


def _way(world: World, name: str) -> tuple[SourceConfig, Fetch]:
    config = world.organisation().sources.get(name)
    if config is None:
        raise Misconfigured(f"an event of {name} waits, and organisation.yaml has no such source")
    way = CONNECTORS[config.connector].fetch
    if way is None:
        raise Misconfigured(f"an event of {name} waits, and {config.connector} fetches nothing")
    return config, way
