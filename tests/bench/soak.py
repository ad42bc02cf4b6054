"""A month of contacts through the real steps, with everything going wrong; then an exact recount.

`python -m tests.bench.soak --contacts 2500` (or `make soak`) lets an invented shop's month pass,
hour by hour, on moto:

- signed deliveries come in the demo's weekly rhythm; some hours bring twenty times their share;
- a fifth of the deliveries is sent twice, some come hours late, and whatever is not answered with
  2xx is sent again, as vendors do;
- the model endpoint is down for hours;
- whoever receives, understands or rolls up is killed at random calls to the outside;
- the hub's clock jumps by minutes or days, so that fresh signatures look old and days are rolled
  up before they are over;
- two workers understand at once, now and then the same batch, and the queue gives again what
  they did not finish.

At the end, the log must hold exactly the events that were sent, every conversation exactly its own,
and the summaries exactly what a recount gives and what was sent adds up to. Exit status 1 when
anything differs. `--contacts 300000` is the month of a large shop.
"""

from __future__ import annotations

import argparse
import heapq
import logging
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError
from moto import mock_aws
from rich.console import Console
from rich.table import Table

from chalicelib.adapters import transact
from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import read_key
from chalicelib.adapters.world import World, build
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.errors import Retryable
from chalicelib.interaction import EventKind, Role
from chalicelib.pipeline.rebuild import publish_organisation, recount, roll_up
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from chalicelib.summary import weekly
from infra.local import speedups
from tests.bench.soak_plan import DAYS, START, Expected, Sent, conversations
from tests.conftest import ORGANISATION, SECRET, _create
from tests.events import event
from tests.pipeline.faults import Fuse, Killed, fused
from tests.twins import JudgingEndpoint, Metrics

TWICE, KILLED = 0.2, 0.05
OUTAGES, JUMPS = 8, 10  # hours without the endpoint, hours with a wrong clock
WORKERS, BATCH = 2, 100
SLOW = 0.3  # batches that outlast their lease
URL = "https://hub.esimerkki.example/webhooks/shop"


class HubClock:
    """The true time of the simulation and, for the hub, the same plus an error."""

    def __init__(self) -> None:
        self.true, self.error = START, timedelta()

    def __call__(self) -> datetime:
        return self.true + self.error


@dataclass
class Month:
    """The running month. `waiting` (a heap) is what the vendor sends, and sends again."""

    world: World
    clock: HubClock
    endpoint: JudgingEndpoint
    queue_url: str
    rng: random.Random
    fuse: threading.local
    waiting: list[Sent] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def _mortal(self, killed: float = KILLED) -> World:
        """The world, or one that dies at a random call."""
        self.fuse.now = None
        if self.rng.random() >= killed:
            return self.world
        self.fuse.now = Fuse(self.rng.randint(1, 14))
        return fused(self.world, self.fuse.now)

    def deliver(self, one: Sent) -> bool:
        """One delivery, signed at the true time; whether the vendor heard 2xx."""
        headers = {"content-type": "application/json"}
        unsigned = Request("POST", URL, headers, one.body)
        request = CONNECTORS["standard"].sign(unsigned, SECRET, self.clock.true)
        try:
            status = receive(self._mortal(), "shop", request).status
        except Killed:
            self.seen["killed while receiving"] += 1
            return False
        self.seen[f"deliveries answered {status}"] += 1
        return status // 100 == 2

    def vendor(self) -> None:
        """Send all that is due, and what was not answered an hour later again."""
        due = []
        while self.waiting and self.waiting[0].due <= self.clock.true:
            due.append(heapq.heappop(self.waiting))
        self.rng.shuffle(due)
        for one in due:
            if not self.deliver(one):
                self._later(one, timedelta(hours=1))
            elif self.rng.random() < TWICE:
                self._later(one, timedelta(minutes=self.rng.uniform(0, 180)))

    def _later(self, one: Sent, after: timedelta) -> None:
        heapq.heappush(self.waiting, replace(one, due=self.clock.true + after))

    def drain(self) -> None:
        """Two workers understand until the queue has nothing that they can finish."""
        found: list[BaseException] = []

        def work() -> None:
            try:
                while self._batch():
                    pass
            except BaseException as error:
                found.append(error)

        threads = [threading.Thread(target=work) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if found:
            raise found[0]

    def _batch(self) -> bool:
        """One batch of one worker; False when it finished nothing and nobody died."""
        messages = self._collect()
        if not messages:
            return False
        keys = {message["ReceiptHandle"]: read_key(message["Body"]) for message in messages}
        failed, died = frozenset(keys.values()), False
        try:
            failed = understand(self._mortal(), list(dict.fromkeys(keys.values())))
        except Killed:
            died = True
            self.seen["killed while understanding"] += 1
        except Retryable:
            self.seen["batches that must come again"] += 1
        self._give_back([handle for handle, key in keys.items() if key in failed])
        self._delete([handle for handle, key in keys.items() if key not in failed])
        self.seen["batches"] += 1
        self.seen["events that came again"] += len(failed)
        return died or len(failed) < len(keys)

    def _give_back(self, handles: Sequence[str]) -> None:
        """The lease would run out by itself, after twelve minutes."""
        for handle in handles:
            with suppress(ClientError):  # the other worker was faster
                client("sqs").change_message_visibility(
                    QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0
                )

    def _delete(self, handles: Sequence[str]) -> None:
        for start in range(0, len(handles), 10):
            entries = [
                {"Id": str(i), "ReceiptHandle": handle}
                for i, handle in enumerate(handles[start : start + 10])
            ]
            with suppress(ClientError):
                client("sqs").delete_message_batch(QueueUrl=self.queue_url, Entries=entries)

    def _collect(self) -> list[dict[str, Any]]:
        """A batch, sometimes a small one whose lease ends at once: the other worker gets it too."""
        slow = self.rng.random() < SLOW
        wanted = {"MaxNumberOfMessages": 10, "VisibilityTimeout": 0 if slow else 3600}
        messages: list[dict[str, Any]] = []
        while len(messages) < BATCH and not (slow and messages):
            got = client("sqs").receive_message(QueueUrl=self.queue_url, **wanted)
            if "Messages" not in got:
                break
            messages += got["Messages"]
        self.seen["batches with two workers"] += slow and bool(messages)
        return messages

    def erase(self, erased: Sequence[tuple[datetime, str]]) -> None:
        """Erasures come as an event of their own, once the conversation is over."""
        for _, interaction in erased:
            facts = {
                "interaction_id": interaction.partition("#")[2],
                "occurred_at": self.clock.true,
            }
            told = event("erasure", kind=EventKind.ERASURE, role=Role.SYSTEM, text="", **facts)
            self.world.log.add(told, self.clock.true, 30, None)
            self.world.queue.put([EventKey(interaction, "erasure")])
            self.seen["erasures"] += 1

    def roll_up(self) -> None:
        """The schedule's function; one that is killed leaves the rest to the next run."""
        try:
            self.seen["rows rolled up"] += roll_up(self._mortal(killed=0.5))
        except Killed:
            self.seen["killed while rolling up"] += 1


def pass_month(month: Month, expected: Expected) -> None:
    """Hour by hour, until every vendor was answered and the queue is empty."""
    hours = range(1, DAYS * 24)
    outages = set(month.rng.sample(hours, OUTAGES))
    jumps = set(month.rng.sample(hours, JUMPS))
    erased = sorted(expected.erased)
    hour = 0
    while month.waiting or erased or hour <= DAYS * 24:
        hour += 1
        month.clock.true = START + timedelta(hours=hour)
        wrong = timedelta(minutes=month.rng.choice([-4000, -30, -2, 2, 30, 4000]))
        month.clock.error = wrong if hour in jumps else timedelta()
        month.endpoint.down = hour in outages
        month.seen["hours without the endpoint"] += month.endpoint.down
        month.seen["hours with a wrong clock"] += hour in jumps
        month.vendor()
        due = [one for one in erased if one[0] <= month.clock.true]
        erased = erased[len(due) :]
        month.erase(due)
        month.drain()
        if hour % 24 == 3 or hour in jumps:
            month.roll_up()
            left = len(month.waiting)
            print(
                f"day {hour // 24}: {left} deliveries left, {time.process_time():.0f} s of CPU",
                flush=True,
            )
    month.endpoint.down = False
    month.drain()


@contextmanager
def running(rng: random.Random) -> Iterator[Month]:
    """A month at its first hour, on moto."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    regions, local = ("AWS_DEFAULT_REGION", "AWS_REGION"), threading.local()
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, dict.fromkeys(keys, "soak")))
        stack.enter_context(mock.patch.dict(os.environ, dict.fromkeys(regions, "eu-north-1")))
        stack.enter_context(speedups.applied(lambda: None))
        stack.enter_context(mock_aws())
        stack.enter_context(mock.patch.object(transact, "write", _fused_write(local)))
        settings, clock, endpoint = _create(), HubClock(), JudgingEndpoint()
        world = replace(build(settings, clock), endpoint=endpoint, count=Metrics())
        publish_organisation(world, ORGANISATION)
        yield Month(world, clock, endpoint, settings.events_queue_url, rng, local)


def _fused_write(local: threading.local) -> Callable[..., None]:
    """`transact.write`, which dies with the worker that is to die in it."""
    write = transact.write

    def fused_write(*args: Any, **kwargs: Any) -> None:
        fuse: Fuse | None = getattr(local, "now", None)
        (fuse.wrap("transact.write", write) if fuse else write)(*args, **kwargs)

    return fused_write


def compared(month: Month, expected: Expected) -> list[tuple[str, object, object]]:
    """(what, sent, found): equal where nothing was lost or counted twice.

    Rolled-up weeks tell their days at their Monday, so both sides do.
    """
    month.fuse.now = None
    world = month.world
    logged = {key for key in world.log.all_keys() if key.event_id != "erasure"}
    first, last = date(2026, 10, 1), date(2027, 1, 31)
    counts = world.summaries.read(first, last)
    keys = world.interactions.all_keys()
    folded = {
        EventKey(state.key, one.event_id)
        for batch in iter(lambda: list(islice(keys, 1000)), [])
        for state in world.interactions.read(batch).values()
        for one in state.events
        if one.event_id != "erasure"
    }
    told: list[tuple[str, object, object]] = [
        ("events in the log", len(expected.events), len(logged & expected.events)),
        ("events that nobody sent", 0, len(logged - expected.events)),
        ("events in conversations", len(expected.events), len(folded & expected.events)),
        ("contacts", expected.contacts, counts.count("contacts")),
        ("ratings", len(expected.csat), counts.count("csat:n")),
        ("sum of ratings", sum(expected.csat), counts.count("csat:sum")),
        ("recount equals the summaries", True, weekly(recount(world)) == weekly(counts)),
    ]
    named = sorted((theme, number) for theme, number in expected.themes.items() if theme)
    return told + [(f"contacts about {t}", n, counts.count(f"mention:{t}")) for t, n in named]


def show(month: Month, told: Sequence[tuple[str, object, object]], seconds: float) -> bool:
    console = Console(width=100)
    met = Table("what happened", title="The month")
    met.add_column("times", justify="right")
    for what, times in sorted(month.seen.items()):
        met.add_row(what, f"{times:,}")
    console.print(met)
    table = Table("", "sent", "found", title="The recount")
    for what, sent, found in told:
        table.add_row(what, str(sent), str(found), style="" if sent == found else "bold red")
    console.print(table)
    console.print(f"{seconds:.0f} s")
    return all(sent == found for _, sent, found in told)


def main() -> None:
    parser = argparse.ArgumentParser(description="A month with everything going wrong.")
    parser.add_argument("--contacts", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.getLogger("oivallus").setLevel(logging.ERROR)  # outages and kills would fill the screen
    rng, started = random.Random(given.seed), time.perf_counter()
    with running(rng) as month:
        sent, expected = conversations(given.contacts, rng)
        month.waiting = sent  # sorted, so a heap
        pass_month(month, expected)
        told = compared(month, expected)
    sys.exit(0 if show(month, told, time.perf_counter() - started) else 1)


if __name__ == "__main__":
    main()
