"""What becomes of a job that cannot be done now: later, again, or a dead letter for a person.

A job that must wait is queued anew and the old message is finished, so that waiting does not count
as one of the queue's receptions:

    what happens                         tries   then
    our turn is far, or the vendor: 429  kept    later; a dead letter after four days of waiting
    5xx, 408, no answer                  + 1     later, 30 s doubling to 15 min; dead after 20
    gone at the vendor (Skipped)         -       done
    Misconfigured, Unreadable            -       a dead letter at once, which is an alarm
    killed, our own queue does not do    -       the queue gives it again, five times
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import MAX_DELAY_S, FetchQueue, Job
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.pipeline.vendors import Postponed, VendorFailed

#: How many failed tries make a dead letter: about four hours.
MAX_TRIES = 20
#: How long a vendor may put a job off before it is a dead letter.
GIVE_UP = timedelta(days=4)

_FIRST_BACKOFF_S = 30.0

Facts = dict[str, object]


def take(
    world: World, queue: FetchQueue, job: Job, work: Callable[[Facts], str], metric: str
) -> None:
    """Do one job, or decide when and whether it is tried again; counted under `metric`.

    `work` does it and names the outcome; it may add to the facts of the log's line.
    """
    reason = ""
    facts: Facts = {
        "message": "fetch" if metric == "fetches" else metric,
        "interaction": job.key.interaction,
        "event": job.key.event_id,
        "tries": job.tries,
    }
    try:
        outcome = work(facts)
    except Postponed as error:
        outcome, reason = _put_off(world, queue, job, error), str(error)
    except Retryable as error:
        outcome, reason = try_again(world, queue, job, error), str(error)
    except (Misconfigured, Unreadable) as error:
        outcome, reason = bury(world, queue, job.key, str(error)), str(error)
    facts["reason"] = reason
    source = job.key.interaction.partition("#")[0]
    world.count(metric, facts=facts, source=source, outcome=outcome)


def _put_off(world: World, queue: FetchQueue, job: Job, error: Postponed) -> str:
    """Queue a job anew that must wait; its tries stay."""
    now = int(world.clock().timestamp())
    since = job.since or now
    age = now - since
    if age > GIVE_UP.total_seconds():
        return bury(world, queue, job.key, f"put off for {GIVE_UP.days} days: {error}")
    # The longer a backlog lasts, the less often each of its jobs comes to ask.
    spread = max(30.0, min(MAX_DELAY_S / 2, age / 2))
    delay = error.wait_s + random.uniform(0, spread)
    queue.put_later(Job(job.key, job.tries, since), min(MAX_DELAY_S, delay))
    return "postponed"


def try_again(
    world: World, queue: FetchQueue, job: Job, error: Retryable, most: int = MAX_TRIES
) -> str:
    """Queue a job anew whose try failed; a dead letter after `most`."""
    tries = job.tries + 1
    if tries >= most:
        return bury(world, queue, job.key, f"{tries} tries failed: {error}")
    asked = error.wait_s if isinstance(error, VendorFailed) else 0.0
    backoff = _FIRST_BACKOFF_S * 2 ** min(job.tries, 10) * random.uniform(0.8, 1.2)
    since = job.since or int(world.clock().timestamp())
    delay = min(MAX_DELAY_S, max(asked, backoff))
    queue.put_later(Job(job.key, tries, since), delay)
    return "failed"


def bury(world: World, queue: FetchQueue, key: EventKey, reason: str) -> str:
    """Set a job aside for a person; the waiting event itself is understood all the same."""
    if queue is world.fetch_queue:  # a recorded call was understood when it came
        world.queue.put([key])
    queue.bury(key, reason)
    return "dead"
