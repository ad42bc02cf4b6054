"""A digest costs the same with ten thousand contacts behind it as with a million.

`python -m tests.bench.bench_digest` writes 27 weeks of counts of the example company into the
summaries table as closed days, lets the roll-up close the weeks, and then reads, composes and
renders the digest of the leadership, who read about everything. Goal: within 1.2 from the smallest
to the largest.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chalicelib.adapters import codec
from chalicelib.adapters.tables import SummaryRow
from chalicelib.adapters.world import World, build
from chalicelib.digest import IsoWeek, Links, compose, render
from chalicelib.fold import iso_week
from chalicelib.organisation import Organisation, read
from chalicelib.summary import Cell, Summary
from tests.bench.local_aws import local_aws

MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
WEEKS, ROUNDS = 27, 9
VOLUMES = (10_000, 100_000, 1_000_000)


def counts(
    organisation: Organisation, contacts: int, monday: date, rng: random.Random
) -> dict[Cell, Counter[str]]:
    """`contacts` spread over 27 weeks, themes of unequal size, channels and sentiments."""
    cells: dict[Cell, Counter[str]] = {}
    themes = organisation.themes
    weights = [1 / (rank + 1) for rank in range(len(themes))]
    days = [monday + timedelta(days=6 - d) for d in range(WEEKS * 7)]
    for _ in range(contacts):
        theme = rng.choices(themes, weights)[0]
        day = rng.choice(days)
        channel = rng.choice(["chat", "email", "voice", "survey"])
        demand: str = theme.demand or rng.choice(["failure", "value"])
        cell = Cell(day, theme.id, theme.touchpoint or "unsure", channel, demand)
        feeling = rng.choices(["negative", "neutral", "positive"], [4, 3, 3])[0]
        measures = cells.setdefault(cell, Counter())
        measures.update(
            [
                "contacts",
                feeling,
                f"mention:{theme.id}",
                "language:fi",
                f"weekday:{day.isoweekday()}",
            ]
        )
        measures[f"source:{channel}"] += 1
        if channel == "survey":
            measures.update([rng.choice(["nps:promoter", "nps:passive", "nps:detractor"])])
    return cells


def fill(world: World, cells: dict[Cell, Counter[str]], monday: date) -> None:
    """Write each closed day as the nightly roll-up leaves it, and let it close the weeks."""
    keep = NOW + timedelta(days=3650)
    by_day: dict[date, dict[Cell, Counter[str]]] = {}
    for cell, measures in cells.items():
        by_day.setdefault(cell.day, {})[cell] = measures
    with SummaryRow.batch_write() as batch:
        for day, of_day in by_day.items():
            rolled = codec.dump_summary(Summary(of_day))
            part = f"{day}#rolled#000"
            batch.save(SummaryRow(iso_week(day), part, rolled=rolled, version=1, expires_at=keep))
    world.summaries.roll_up(monday - timedelta(weeks=WEEKS), monday + timedelta(days=7), keep)


def measured(
    world: World, organisation: Organisation, monday: date
) -> tuple[Summary, float, float]:
    """The summary that a digest read, and the CPU ms of reading it and of making the digest."""
    leadership = next(d for d in organisation.departments if d.themes == "all")
    links = Links(unsubscribe_url="https://h.example/u", contact="a@b.example")
    started = time.process_time_ns()
    summary = world.summaries.read(monday - timedelta(weeks=26), monday + timedelta(days=6))
    read_at = time.process_time_ns()
    render(compose(organisation, leadership, IsoWeek(monday), summary, {}, NOW), links)
    return summary, (read_at - started) / 1e6, (time.process_time_ns() - read_at) / 1e6


def main() -> None:
    organisation = read(Path("organisation.yaml").read_text(encoding="utf-8"))
    # Each volume has weeks of its own.
    mondays = {n: MONDAY - timedelta(weeks=60 * place) for place, n in enumerate(VOLUMES)}
    rounds: dict[int, list[tuple[float, float]]] = {n: [] for n in VOLUMES}
    cells: dict[int, int] = {}
    with local_aws() as settings:
        world = build(settings)
        for contacts, monday in mondays.items():
            fill(world, counts(organisation, contacts, monday, random.Random(5)), monday)
        for _ in range(ROUNDS + 1):
            for contacts, monday in mondays.items():
                summary, *spent = measured(world, organisation, monday)
                assert summary.count("contacts") == contacts
                cells[contacts] = len(summary.cells)
                rounds[contacts].append((spent[0], spent[1]))
    table = Table("contacts", title=f"One digest, median CPU of {ROUNDS} alternating rounds")
    for heading in ("cells", "read + add up ms", "compose + render ms", "whole ms", "ratio"):
        table.add_column(heading, justify="right")
    for contacts, spent_in in rounds.items():
        warm = spent_in[1:]
        ratio = statistics.median(
            sum(mine) / sum(first) for mine, first in zip(warm, rounds[VOLUMES[0]][1:], strict=True)
        )
        times = [statistics.median(part) for part in (*zip(*warm, strict=True), map(sum, warm))]
        table.add_row(
            f"{contacts:,}", f"{cells[contacts]:,}", *(f"{ms:.0f}" for ms in times), f"{ratio:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
