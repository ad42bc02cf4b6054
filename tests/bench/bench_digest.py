"""A digest costs the same with ten thousand contacts behind it as with a million.

`python -m tests.bench.bench_digest` writes 27 weeks of counts of the example company into the
summaries table as closed days, lets the roll-up close the weeks, and then runs the scheduled
function that sends the leadership, who read about everything, their digest. Goal: within 1.2 from
the smallest to the largest.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from chalicelib.adapters import codec
from chalicelib.adapters.clients import client
from chalicelib.adapters.codec import State
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.tables import RegistryRow, SummaryRow
from chalicelib.adapters.world import World, build
from chalicelib.digest import IsoWeek, compose
from chalicelib.fold import fold, iso_week
from chalicelib.organisation import Organisation
from chalicelib.pipeline.digests import QUOTE_SAMPLE, send_digests
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.summary import Cell, Summary
from tests.bench.local_aws import local_aws
from tests.events import enrichment, event
from tests.twins import Metrics

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


def say(world: World, organisation: Organisation, monday: date) -> None:
    """Store what customers said of each theme that the digest quotes: as many as it reads."""
    week = IsoWeek(monday)
    summary = world.summaries.read(week.monday, week.sunday)
    leadership = next(d for d in organisation.departments if d.themes == "all")
    for theme, feeling in compose(organisation, leadership, week, summary, {}, NOW).quote_requests:
        changes = []
        for number in range(QUOTE_SAMPLE):
            told = event(
                interaction_id=f"{monday}-{theme}-{feeling}-{number}",
                occurred_at=datetime.combine(monday, datetime.min.time(), UTC),
                text=f"{theme}: this happened to order {number}, and nobody told me why. " * 3,
            )
            judged = enrichment(themes=((theme, 0.9),), **{"negative": 0.1, feeling: 0.8})
            state = State(told.interaction_key, 1, (told,), {told.event_id: judged})
            of = f"{iso_week(monday)}#{theme}#{feeling}"
            interaction = fold(state.events, state.enrichments)
            keep = NOW + timedelta(days=3650)
            changes.append(Change(State(state.key), state, interaction, of, keep))
        world.interactions.commit(changes)


def measured(world: World, monday: date) -> float:
    """CPU ms of the scheduled function: read, add up, compose, quote, render, send once."""
    clock = datetime.combine(monday + timedelta(days=7), datetime.min.time(), UTC)
    world = replace(world, clock=lambda: clock + timedelta(hours=10), count=Metrics())
    started = time.process_time_ns()
    assert send_digests(world) == 1
    spent_ms = (time.process_time_ns() - started) / 1e6
    for row in RegistryRow.query("digest"):
        row.delete()
    return spent_ms


def leadership_alone(text: str) -> str:
    """The organisation in which one reader, who reads about everything, is due on Monday."""
    plain = yaml.safe_load(text)
    for department in plain["departments"]:
        if department.get("themes") == "all":
            department["recipients"] = ["johto@bench.example"]
        else:
            department["schedule"] = {"weekday": "thursday", "at": "08:00"}
    return str(yaml.safe_dump(plain, allow_unicode=True))


def main() -> None:
    # Each volume has weeks of its own.
    mondays = {n: MONDAY - timedelta(weeks=60 * place) for place, n in enumerate(VOLUMES)}
    rounds: dict[int, list[float]] = {n: [] for n in VOLUMES}
    cells: dict[int, int] = {}
    with local_aws() as settings:
        world = build(settings)
        text = leadership_alone(Path("organisation.yaml").read_text(encoding="utf-8"))
        organisation = publish_organisation(world, text)
        client("sesv2").create_email_identity(
            EmailIdentity=organisation.sender.partition("@")[2].rstrip(">")
        )
        for contacts, monday in mondays.items():
            fill(world, counts(organisation, contacts, monday, random.Random(5)), monday)
            say(world, organisation, monday)
            behind = world.summaries.read(monday - timedelta(weeks=26), monday + timedelta(days=6))
            assert behind.count("contacts") == contacts
            cells[contacts] = len(behind.cells)
        for _ in range(ROUNDS + 1):
            for contacts, monday in mondays.items():
                rounds[contacts].append(measured(world, monday))
    table = Table("contacts", title=f"One digest sent, median CPU of {ROUNDS} alternating rounds")
    for heading in ("cells", "ms", "ratio"):
        table.add_column(heading, justify="right")
    for contacts, spent in rounds.items():
        warm, first = spent[1:], rounds[VOLUMES[0]][1:]
        ratio = statistics.median(mine / least for mine, least in zip(warm, first, strict=True))
        ms = statistics.median(warm)
        table.add_row(f"{contacts:,}", f"{cells[contacts]:,}", f"{ms:.0f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
