"""fetch: an event that only named what happened -> the vendor's API -> the events it stands for.

docs/decisions/0005-thin-payloads.md says why. A job that must wait is queued anew and the old
message is finished, so that waiting does not count as one of the queue's receptions:

    what happens                         tries   then
    our turn is far, or the vendor: 429  kept    later; a dead letter after four days of waiting
    5xx, 408, no answer                  + 1     later, 30 s doubling to 15 min; dead after 20
    gone at the vendor (Skipped)         -       done
    Misconfigured, Unreadable            -       a dead letter at once, which is an alarm
    killed, our own queue does not do    -       the queue gives it again, five times
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import MAX_DELAY_S, Job
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.vendor_api import Answer, Call, Fetch, run
from chalicelib.deliveries import time_digits
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind
from chalicelib.organisation import SourceConfig
from chalicelib.pipeline.receive import as_source, check
from chalicelib.pipeline.vendors import Paced, Postponed, Send, Sleep, VendorFailed

#: Failed tries before a job is a dead letter: about four hours.
MAX_TRIES = 20
#: How long a vendor may put a job off before it is a dead letter.
GIVE_UP = timedelta(days=4)
#: How long a dialogue's call waits for its turn before the job is put off, seconds.
PATIENCE_S = 10.0
#: The same once a dialogue has begun: its first calls would have to be repeated.
BEGUN_PATIENCE_S = 60.0
#: When neither a job nor a call is begun any more: the function's timeout of 180 s holds one more.
BATCH_S = 140.0

_FIRST_BACKOFF_S = 30.0
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
            _take(shell, job)
        except Retryable as error:
            warn("a fetch stays in the queue", event=job.key.event_id, why=str(error))
            failed.add(job)
    return frozenset(failed)


def _take(shell: _Shell, job: Job) -> None:
    """Do one job, or decide when and whether it is tried again."""
    reason = ""
    facts: dict[str, object] = {
        "message": "fetch",
        "interaction": job.key.interaction,
        "event": job.key.event_id,
        "tries": job.tries,
    }
    try:
        if shell.world.clock() > shell.stop_at:
            raise Postponed("the jobs before it took long", 0)
        outcome = _complete(shell, job.key, facts)
    except Postponed as error:
        outcome, reason = _put_off(shell.world, job, error), str(error)
    except Retryable as error:
        outcome, reason = _try_again(shell.world, job, error), str(error)
    except (Misconfigured, Unreadable) as error:
        outcome, reason = _bury(shell.world, job.key, str(error)), str(error)
    facts["reason"] = reason
    source = job.key.interaction.partition("#")[0]
    shell.world.count("fetches", facts=facts, source=source, outcome=outcome)


def _complete(shell: _Shell, key: EventKey, facts: dict[str, object]) -> str:
    """Ask the vendor, store what it says and queue it to be understood; the outcome's name.

    `facts` learn the delivery of the waiting event and the time that its answers are stored
    with, both as in a delivery's id.
    """
    world = shell.world
    found = world.log.waiting(key)
    if found is None:
        return "expired"
    facts["delivery"] = time_digits(found.received_at)
    if found.fetched or not found.event.fetch:
        world.queue.put([key])
        return "known"
    outcome, events = "erased", []
    if not _erased(world, key.interaction):
        try:
            outcome, events = "fetched", _asked(shell, found.event)
        except Skipped:
            outcome = "nothing"
        # Erased while we asked: what the vendor said must not be kept.
        if events and _erased(world, key.interaction):
            outcome, events = "erased", []
    now, days = world.clock(), world.organisation().retention.raw_days
    facts["stored_as"] = time_digits(now)
    for start in range(0, len(events), _BATCH):
        world.log.add_many(events[start : start + _BATCH], now, days)
    # The waiting event is one like any other, and is counted with what it waited for.
    world.queue.put([key, *(EventKey(e.interaction_key, e.event_id) for e in events)])
    world.log.mark_fetched(key, now)
    return outcome


def _erased(world: World, interaction: str) -> bool:
    """Whether a deletion came: understood long ago, or still in the log alone."""
    state = world.interactions.read([interaction]).get(interaction)
    known = state.events if state else ()
    return any(e.kind is EventKind.ERASURE and e.erases is None for e in known) or (
        world.log.erased(interaction)
    )


def _asked(shell: _Shell, event: Event) -> list[Event]:
    """The vendor's answer as events. Raises as `vendor_api.Fetch`, and as `Paced`."""
    config, way = _way(shell.world, event.source)
    credentials = shell.world.secrets.credentials(event.source, way.credentials)
    paced = Paced(
        shell.world, event.source, way.calls_per_minute, shell.send, PATIENCE_S, shell.sleep
    )
    dialogue = way.dialogue(event, as_source(event.source, config), credentials)

    def send(call: Call) -> Answer:
        left = (shell.stop_at - shell.world.clock()).total_seconds()
        paced.patience_s = min(BEGUN_PATIENCE_S if paced.calls else PATIENCE_S, left)
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


def _put_off(world: World, job: Job, error: Postponed) -> str:
    """Queue a job anew that must wait; its tries stay."""
    now = int(world.clock().timestamp())
    since = job.since or now
    age = now - since
    if age > GIVE_UP.total_seconds():
        return _bury(world, job.key, f"put off for {GIVE_UP.days} days: {error}")
    # The longer a backlog lasts, the less often each of its jobs comes to ask.
    spread = max(30.0, min(MAX_DELAY_S / 2, age / 2))
    delay = error.wait_s + random.uniform(0, spread)
    world.fetch_queue.put_later(Job(job.key, job.tries, since), min(MAX_DELAY_S, delay))
    return "postponed"


def _try_again(world: World, job: Job, error: Retryable) -> str:
    """Queue a job anew whose try failed."""
    tries = job.tries + 1
    if tries >= MAX_TRIES:
        return _bury(world, job.key, f"{tries} tries failed: {error}")
    asked = error.wait_s if isinstance(error, VendorFailed) else 0.0
    backoff = _FIRST_BACKOFF_S * 2 ** min(job.tries, 10) * random.uniform(0.8, 1.2)
    since = job.since or int(world.clock().timestamp())
    delay = min(MAX_DELAY_S, max(asked, backoff))
    world.fetch_queue.put_later(Job(job.key, tries, since), delay)
    return "failed"


def _bury(world: World, key: EventKey, reason: str) -> str:
    """Set a job aside for a person; the waiting event itself is understood all the same."""
    world.queue.put([key])
    world.fetch_queue.bury(key, reason)
    return "dead"
