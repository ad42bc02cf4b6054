"""Write rates per partition key in the busiest hour, and whether the summaries' shards suffice.

`python -m tests.bench.simulate_partitions [--contacts 100000000] [--burst 20]` measures the demo
company's day as `infra.cost` does (units of an event, cells, rhythm of a week), and then plays the
busiest hour: events come at random, workers take batches, each batch becomes transactions of at
most MAX_CHANGES interactions on one random shard. What is added up, second by second:

    week     write units of the summaries' partition key, the ISO week, in which all rows of an
             open week lie: what one partition must bear until DynamoDB splits it
    shard    of the busiest shard: what one partition must bear after a split by sort key
    row      of the busiest row, which nothing splits
    samples  of the busiest key of the index of samples, a week's theme and sentiment
    source   of the index by source, when everything comes from one source

A key or a row that takes more than 1,000 units in a second is throttled. Two transactions that
are open at once and share a row conflict: DynamoDB cancels one, and the hub then writes its
interactions one by one. When more comes than MAX_CONCURRENCY workers understand, the rest waits.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from chalicelib.adapters import transact
from chalicelib.adapters.interactions import MAX_CHANGES
from chalicelib.adapters.summaries import SHARDS
from infra.cost import units as cost
from infra.cost.sample import UNDERSTOOD, Sample, measure
from infra.template.functions import BATCH_SIZE, MAX_CONCURRENCY

#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_UNITS = 1000
SECONDS = 600  # simulated of the hour
#: How long a transaction is open, seconds: the wait that the cost model assumes.
OPEN_S = cost.WAIT_MS["TransactWriteItems"] / 1000
#: Of the busiest hour's seconds, this share may be busier than what is told.
RARE = 0.01


@dataclass(frozen=True)
class Load:
    """The busiest hour: rates a second and the measured units of one event."""

    events_s: float
    batch: float
    cells: Sequence[str]
    weights: Sequence[float]
    row_units: float  # of one change of a row, doubled by the transaction
    changed: float  # rows that one event changes
    sample_units: float  # in the index of samples, of one event
    loudest: float  # the share of the busiest theme and sentiment

    @classmethod
    def of(cls, sample: Sample, contacts: int, burst: float) -> Load:
        """The busiest hour of a month, `burst` times over."""
        month = cost.month(sample, contacts)
        events_s = min(month.peak_events_s * burst, fastest(sample))
        shares = sample.cells.shares
        themes: Counter[tuple[str, str]] = Counter()
        for (theme, _, _, demand), share in shares.items():
            themes[theme, demand] += share  # type: ignore[assignment]
        a_row = contacts / (cost.HOURS / 24) / (SHARDS * len(shares)) / 2
        alone = sample.understood[1].meter
        return cls(
            events_s=events_s,
            batch=min(BATCH_SIZE, cost.batch_of(events_s)),
            cells=["#".join(place) for place in shares],
            weights=list(shares.values()),
            row_units=2 * sample.cells.units(a_row),
            changed=alone.written["oivallus-local-summaries"] / UNDERSTOOD[1] / 2,
            sample_units=alone.written["oivallus-local-interactions/samples"] / UNDERSTOOD[1],
            loudest=max(themes.values()),
        )


def fastest(sample: Sample) -> float:
    """Events a second that all workers understand in full batches, with the assumed waits."""
    return MAX_CONCURRENCY * BATCH_SIZE / (cost.batch_ms(sample, BATCH_SIZE, "realtime") / 1000)


@dataclass
class Seconds:
    """Units by second; the busiest of each kind in each second."""

    week: list[float] = field(default_factory=list)
    shard: list[float] = field(default_factory=list)
    row: list[float] = field(default_factory=list)
    transactions: int = 0
    conflicts: int = 0


def simulate(load: Load, shards: int, rng: random.Random, seconds: int = SECONDS) -> Seconds:
    """Play `seconds` of the load on so many shards."""
    found = Seconds()
    owed = 0.0
    open_now: list[tuple[float, int, frozenset[str]]] = []
    for second in range(seconds):
        owed += rng.gauss(load.events_s, load.events_s**0.5)
        by_shard: Counter[int] = Counter()
        by_row: Counter[tuple[int, str]] = Counter()
        starts = sorted(second + rng.random() for _ in range(int(max(0.0, owed) / load.batch)))
        owed -= len(starts) * load.batch
        for start in starts:
            for place, (changes, shard) in enumerate(_transactions(load, shards, rng)):
                rows, at = frozenset(changes), start + place * OPEN_S  # a worker's, one by one
                open_now = [one for one in open_now if one[0] + OPEN_S > start]
                clash = any(
                    one[1] == shard and abs(one[0] - at) < OPEN_S and one[2] & rows
                    for one in open_now
                )
                open_now.append((at, shard, rows))
                found.transactions += 1
                found.conflicts += clash
                # A cancelled transaction was billed, and each of its interactions comes alone.
                for row in [*changes, *rows] if clash else rows:
                    by_row[shard, row] += 1
                    by_shard[shard] += 1
        units = load.row_units
        found.week.append(sum(by_shard.values()) * units)
        found.shard.append(max(by_shard.values(), default=0) * units)
        found.row.append(max(by_row.values(), default=0) * units)
    return found


def _transactions(load: Load, shards: int, rng: random.Random) -> list[tuple[list[str], int]]:
    """One batch as (cells, a cell for each change; shard) of its transactions."""
    size = round(load.batch)
    changed = sum(rng.random() < load.changed for _ in range(size))
    cells = rng.choices(load.cells, load.weights, k=changed)
    each = min(MAX_CHANGES, transact.MAX_ITEMS // 2)
    return [(cells[at : at + each], rng.randrange(shards)) for at in range(0, len(cells), each)]


def rare(units: Sequence[float]) -> float:
    """What only a hundredth of the seconds exceeds."""
    return sorted(units)[int(len(units) * (1 - RARE))]


def show(console: Console, load: Load, title: str, rng: random.Random) -> None:
    table = Table("shards", title=title)
    for heading in ("week, mean", "week, 99 %", "shard, 99 %", "row, 99 %", "conflicts"):
        table.add_column(heading, justify="right")
    enough: int | None = None
    table_week = 0.0
    for shards in (1, 2, 4, SHARDS, 16, 32, 64):
        found = simulate(load, shards, rng)
        mean = sum(found.week) / len(found.week)
        if shards == SHARDS:
            table_week = rare(found.week)
        table.add_row(
            f"{shards}{' (now)' if shards == SHARDS else ''}",
            *(f"{n:,.0f}" for n in (mean, *map(rare, (found.week, found.shard, found.row)))),
            f"{found.conflicts / max(1, found.transactions):.1%}",
        )
        if enough is None and rare(found.shard) < PARTITION_UNITS:
            enough = shards
    console.print(table)
    sampled = load.events_s * load.sample_units * load.loudest
    console.print(
        f"{load.events_s:,.0f} events/s in batches of {load.batch:.0f}; the samples' busiest key "
        f"{sampled:,.0f} units/s; the index by source, all from one source, {load.events_s:,.0f}. "
        f"One partition for the week: {_verdict(table_week)}; one for each shard: "
        f"{enough or 'more than 64'} needed."
    )


def _verdict(units: float) -> str:
    if units < PARTITION_UNITS:
        return "suffices"
    return f"{units / PARTITION_UNITS:.1f} times too much"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write rates per partition key.")
    parser.add_argument("--contacts", type=int, default=100_000_000, help="a month")
    parser.add_argument("--burst", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    console, rng, sample = Console(width=100), random.Random(given.seed), measure()
    for burst in (1.0, given.burst):
        load = Load.of(sample, given.contacts, burst)
        title = f"{given.contacts:,} contacts a month, busiest hour × {burst:g}: write units/s"
        show(console, load, title, rng)
    usual = Load.of(sample, given.contacts, 1.0)
    one = simulate(usual, SHARDS, rng)
    units = sum(one.week) / SECONDS / usual.events_s
    console.print(
        f"\nOne event is {units:.2f} units of the week's key, so one partition bears "
        f"{PARTITION_UNITS / units:,.0f} events/s; {MAX_CONCURRENCY} workers understand at most "
        f"{fastest(sample):,.0f} events/s."
    )


if __name__ == "__main__":
    main()
