"""What a digest costs with ten thousand to ten million contacts behind it.

`python -m tests.bench.bench_digest` writes 27 weeks of counts of the example company into the
summaries table as closed days, lets the roll-up close the weeks, and then runs the scheduled
function that sends the leadership, who read about everything, their digest: once while no customer
is known, so that all comes from counts and samples, and once with two of five contacts of known
customers, who are looked at one by one up to a bound. Goal: within 1.2 from the smallest to the
largest without customers, and from a million on with them.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from botocore.client import BaseClient
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
WEEKS, ROUNDS = 27, 5
DRAWN = 1_000_000  # contacts drawn one by one; more are these, times a number
VOLUMES = (10_000, 100_000, 1_000_000, 10_000_000)
KNOWN, CONTACTS_EACH = 0.4, 6  # share of contacts whose customer is known; of each in 27 weeks
PAGE = 5_000  # index entries of a megabyte


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


def known(organisation: Organisation, contacts: int) -> Callable[..., Any]:
    """botocore's call, but the indexes answer as if two of five contacts were of known customers.

    The answers are made beforehand, as moto would take minutes to page through them: what they
    cost is the function's own reading. With `contacts` 0 they are as many, and empty.
    """
    parts = WEEKS * (len(organisation.themes) + 1) * 4  # week, theme, sentiment
    total, original = int(KNOWN * contacts), BaseClient._make_api_call
    rng, number = random.Random(5), itertools.count()

    def row(customer: int) -> dict[str, Any]:
        at = NOW - timedelta(days=1 + rng.randrange(WEEKS * 7))
        return {
            "key": {"S": f"chat#{next(number):020}"},
            "customer": {"S": f"c_{customer:032x}"},
            "started_at": {"S": at.isoformat()},
            "resolved": {"BOOL": True},
        }

    rows = [row(n // CONTACTS_EACH) for n in range(PAGE)]

    @cache
    def page(size: int) -> str:
        return json.dumps(rows[:size])

    def answer(asked: Any, operation: str, kwargs: dict[str, Any]) -> Any:
        index = kwargs.get("IndexName")
        if operation == "Scan" and index == "by_customer":
            start = int(kwargs.get("ExclusiveStartKey", {}).get("key", {"S": "0"})["S"])
            items, end = json.loads(page(min(PAGE, total - start))), min(total, start + PAGE)
            more = {"LastEvaluatedKey": {"key": {"S": str(end)}}} if end < total else {}
            return {"Items": items, "Count": len(items), "ScannedCount": len(items), **more}
        if operation == "Query" and index == "samples" and "FilterExpression" in kwargs:
            given = [one["S"] for one in kwargs["ExpressionAttributeValues"].values()]
            border = next((int(one, 16) for one in given if len(one) == 8), 2**32)
            items = json.loads(page(round(total / parts * border / 2**32)))
            return {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        return original(asked, operation, kwargs)

    return answer


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


def prepare(world: World, contacts: int, monday: date) -> int:
    """Counts and quotes of one volume; how many cells it has."""
    organisation, drawn = world.organisation(), min(contacts, DRAWN)
    cells = counts(organisation, drawn, monday, random.Random(5))
    for measures in cells.values():
        for name in measures:
            measures[name] *= contacts // drawn
    fill(world, cells, monday)
    say(world, organisation, monday)
    behind = world.summaries.read(monday - timedelta(weeks=26), monday + timedelta(days=6))
    assert behind.count("contacts") == contacts
    return len(behind.cells)


def main() -> None:
    # Each volume has weeks of its own.
    mondays = {n: MONDAY - timedelta(weeks=60 * place) for place, n in enumerate(VOLUMES)}
    alone: dict[int, list[float]] = {n: [] for n in VOLUMES}
    more: dict[int, list[float]] = {n: [] for n in VOLUMES}
    with local_aws() as settings:
        world = build(settings)
        text = leadership_alone(Path("organisation.yaml").read_text(encoding="utf-8"))
        organisation = publish_organisation(world, text)
        client("sesv2").create_email_identity(
            EmailIdentity=organisation.sender.partition("@")[2].rstrip(">")
        )
        cells = {n: prepare(world, n, monday) for n, monday in mondays.items()}
        nobody = known(organisation, 0)
        customers = {n: known(organisation, n) for n in VOLUMES}
        for _ in range(ROUNDS + 1):
            for contacts, monday in mondays.items():
                alone[contacts].append(measured(world, monday))
                with mock.patch.object(BaseClient, "_make_api_call", nobody):
                    without = measured(world, monday)
                with mock.patch.object(BaseClient, "_make_api_call", customers[contacts]):
                    more[contacts].append(measured(world, monday) - without)
    table = Table("contacts", title=f"One digest sent, median CPU of {ROUNDS} alternating rounds")
    for heading in ("cells", "ms", "ratio", "with known customers, ms"):
        table.add_column(heading, justify="right")
    least = alone[VOLUMES[0]][1:]
    for contacts in VOLUMES:
        spent = alone[contacts][1:]
        ratio = statistics.median(mine / first for mine, first in zip(spent, least, strict=True))
        ms, added = statistics.median(spent), statistics.median(more[contacts][1:])
        numbers = (f"{cells[contacts]:,}", f"{ms:,.0f}", f"{ratio:.2f}", f"{ms + added:,.0f}")
        table.add_row(f"{contacts:,}", *numbers)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
