"""A day of the demo company through the real handlers, with every AWS call metered.

The day is a Tuesday with six times the company's usual contacts. Its deliveries are signed and
handed to the app's own handlers on moto, with the real model server behind them; then the stored
events are understood in batches of each size of BATCHES, each time into empty tables, in an order
in which neighbours belong to different conversations, as where many customers write at once: with
an endpoint that answers in real time, and with an asynchronous one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module

from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from infra.cost import functions
from infra.cost.cells import Cells, cells
from infra.cost.meter import (
    STORED_OVERHEAD_BYTES,
    Item,
    Meter,
    index_entry,
    item_bytes,
    unseen,
)
from infra.cost.meter import schema as schema_of
from infra.cost.stage import DAY, TODAY, VOLUME, Stage, Step, stage
from infra.demo.simulate import ZONE, contacts

BATCHES = (1, 10, 100)
#: Events of the day that are understood in batches of each size: a multiple of it, so that no batch
#: is half full; many for large batches, so that few of a batch are of the same conversation.
UNDERSTOOD = {1: 100, 10: 200, 100: 200}
#: Every department's digest of the day's week is due within the day before one of these.
DIGESTS_AT = tuple(datetime(2026, 11, day, 18, tzinfo=UTC) for day in range(23, 28))
TABLES = ("EVENTS_TABLE", "INTERACTIONS_TABLE", "SUMMARIES_TABLE", "REGISTRY_TABLE")


@dataclass
class Sample:
    """What the day measured.

    By the size of batches, of the same events: `understood` with an endpoint in real time, `asked`
    and `judged` with an asynchronous one; a run of `judged` takes in one answer.
    """

    hours: tuple[float, ...]  # each hour's share of a week, 168 of them
    cells: Cells
    recipients: int = 0
    sources: int = 0
    contacts: int = 0
    events: int = 0
    metrics: int = 0  # series in CloudWatch
    received: Step = field(default_factory=Step)
    understood: dict[int, Step] = field(default_factory=dict)
    asked: dict[int, Step] = field(default_factory=dict)
    judged: dict[int, Step] = field(default_factory=dict)
    rolled_up: Step = field(default_factory=Step)
    digests: Step = field(default_factory=Step)  # a run a letter
    idle: dict[str, Step] = field(default_factory=dict)  # schedules with nothing to do
    row_bytes: dict[str, float] = field(default_factory=dict)  # mean, with overhead and indexes
    rows: dict[str, int] = field(default_factory=dict)
    entry_bytes: dict[str, float] = field(default_factory=dict)  # mean entry of each index
    every_s: dict[str, float] = field(default_factory=dict)  # seconds between a schedule's runs


def measure(model_url: str | None = None, cells_of_every: int = 1) -> Sample:
    """Run the day: some ten seconds of CPU; with its own model server if none is given.

    `cells_of_every` > 1 takes fewer contacts for `cells`, where their exact shares do not matter.

    Raises ValueError when app.py has a function that the model does not count.
    """
    every_s = functions.every_s(import_module("app").app)
    with stage(model_url) as on:
        organisation = on.world.organisation()
        found = Sample(
            week_profile(),
            cells(TODAY, VOLUME, cells_of_every),
            sum(len(department.recipients) for department in organisation.departments),
            len(organisation.sources),
            every_s=every_s,
        )
        starts = [c.started_at.astimezone(ZONE).date() for c in contacts(TODAY, 1, VOLUME)]
        found.contacts = starts.count(DAY)
        found.received = on.receive()
        waiting = on.queued()
        found.events = sum(map(len, waiting))
        keys = {size: mixed(waiting, number) for size, number in UNDERSTOOD.items()}
        for size in BATCHES:
            on.empty("INTERACTIONS_TABLE", "SUMMARIES_TABLE")
            asked, judged = on.ask_and_judge(keys[size], size)
            found.asked[size], found.judged[size] = asked, judged
        for size in BATCHES:
            on.empty("INTERACTIONS_TABLE", "SUMMARIES_TABLE")
            found.understood[size] = on.understand(keys[size], size)
        _rows(on, found)
        found.rolled_up = on.schedule("roll_up", DIGESTS_AT[0])
        found.digests = _digests(on)
        # The week's work is done: what each schedule's run costs when there is nothing to do.
        with on.asynchronously():
            found.idle = {name: on.schedule(name, DIGESTS_AT[-1]) for name in every_s}
        found.metrics = len(on.cloudwatch.metrics())
    return found


def mixed(waiting: Sequence[Sequence[EventKey]], number: int) -> list[EventKey]:
    """So many events of whole conversations from all over the day, neighbours of different ones."""
    taken: list[Sequence[EventKey]] = []
    for keys in (*waiting[::2], *waiting[1::2]):
        if sum(map(len, taken)) < number:
            taken.append(keys)
    turns = max(map(len, taken))
    return [keys[turn] for turn in range(turns) for keys in taken if len(keys) > turn][:number]


def week_profile() -> tuple[float, ...]:
    """The share of a week's contacts in each of its hours, from Monday 0 o'clock, local time.

    The product of the shares of weekdays and of hours of a day, over the demo's half year.
    """
    starts = [contact.started_at.astimezone(ZONE) for contact in contacts(TODAY, 1, VOLUME)]
    days, hours = Counter(s.weekday() for s in starts), Counter(s.hour for s in starts)
    total = len(starts)
    return tuple(days[d] / total * hours[h] / total for d in range(7) for h in range(24))


def _digests(on: Stage) -> Step:
    """Send the week's digests, each department's at its own moment."""
    sent = "digests_sent"
    before = on.cloudwatch.metrics().total(sent)
    steps = [on.schedule("send_digests", at) for at in DIGESTS_AT]
    letters = on.cloudwatch.metrics().total(sent) - before
    return Step(
        letters, _sum(step.meter for step in steps), sum(step.printed_bytes for step in steps)
    )


def _sum(meters: Iterable[Meter]) -> Meter:
    found = Meter()
    for meter in meters:
        found += meter
    return found


def _rows(on: Stage, found: Sample) -> None:
    """How many rows the day left in each table, and how much one takes."""
    for variable in TABLES:
        table = on.environment[variable]
        with unseen():
            items = [
                item
                for page in client("dynamodb").get_paginator("scan").paginate(TableName=table)
                for item in page["Items"]
            ]
        keys, indexes = schema_of(table)
        taken = _taken(items)
        for index in indexes:
            entries = [entry for item in items if (entry := index_entry(index, keys, item))]
            found.entry_bytes[index.name] = _taken(entries) / max(1, len(entries))
            taken += _taken(entries)
        found.rows[variable] = len(items)
        found.row_bytes[variable] = taken / max(1, len(items))


def _taken(items: Sequence[Item]) -> int:
    return sum(item_bytes(item) + STORED_OVERHEAD_BYTES for item in items)
