"""`hub sources`, `hub deliveries`, `hub tail`: what arrives, and what became of it."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from chalicelib.adapters.deliveries import LATE
from chalicelib.connectors.base import Outcome
from chalicelib.deliveries import Delivery
from infra.commands import cli
from infra.commands.cli import FAULTS, OK, AsJson, Profile, Since, Stage, Until
from infra.commands.worlds import Hub, quiet

COLOURS = {
    "accepted": "green",
    "duplicate": "cyan",
    "skipped": "bright_black",
    "rejected": "red",
    "unreadable": "yellow",
    "retryable": "magenta",
    "misconfigured": "bold red",
}
_POLL_S = 2.0
_LOCAL_POLL_S = 0.3

Outcomes = Annotated[
    list[Outcome] | None,
    typer.Option("--outcome", help="Only this outcome; may be given several times."),
]
OneSource = Annotated[str, typer.Option("--source", help="Only this source.", show_default=False)]


@cli.app.command(rich_help_panel=cli.SEE)
def sources(stage: Stage = "", profile: Profile = "", as_json: AsJson = False) -> None:
    """How each source is doing: last event, last delivery, counts, secret's age, what is wrong.

    Exit status 1 when something is wrong with any of them.
    """
    from infra.commands.status import statuses

    hub = cli.connect(stage, profile)
    with quiet("sources"):
        found = statuses(hub)
    if as_json:
        cli.show_json(found)
    else:
        now, zone = hub.world.clock(), hub.world.organisation().zone
        table = cli.table("source", "last event", "last delivery", "24 h", "7 days", "secret")
        for one in found:
            table.add_row(
                Text(one.source, "" if one.ok else "red"),
                cli.ago(one.last_event, now),
                _last(one.last, now),
                _counts(one.counts_24h),
                _counts(one.counts_7d),
                one.secret_age,
            )
        cli.out.print(table)
        for one in found:
            for line in one.wrong:
                cli.out.print(Text(f"{one.source}: {line}", "red"), soft_wrap=True)
            if one.last_fault and not one.wrong:
                told = f"{one.source}: last fault {cli.clock(one.last_fault.at, zone)}, "
                told += f"{one.last_fault.outcome}: {one.last_fault.reason}"
                cli.out.print(Text(told, "bright_black"), soft_wrap=True)
    raise typer.Exit(OK if all(one.ok for one in found) else FAULTS)


def _last(delivery: Delivery | None, now: datetime) -> Text:
    if delivery is None:
        return Text("never", "bright_black")
    told = Text(f"{cli.ago(delivery.at, now)} ")
    return told.append(delivery.outcome.value, COLOURS[delivery.outcome])


def _counts(counts: Mapping[str, int]) -> Text:
    """The outcomes that happened, in the order of Outcome."""
    told = Text()
    for outcome in Outcome:
        if counts.get(outcome):
            told.append(f"{', ' if told else ''}{counts[outcome]} ")
            told.append(outcome.value, COLOURS[outcome])
    return told or Text("-", "bright_black")


@cli.app.command(rich_help_panel=cli.SEE)
def deliveries(  # noqa: PLR0913, PLR0917 - options
    source: OneSource = "",
    outcome: Outcomes = None,
    since: Since = "24h",
    until: Until = "now",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """The deliveries of some time, oldest first: when, from whom, what became of them, and why.

    Exit status 1 when there is none.
    """
    hub = cli.connect(stage, profile)
    zone, now = hub.world.organisation().zone, hub.world.clock()
    first, last = cli.moment(since, now, zone), cli.moment(until, now, zone)
    if source and source != "unknown":
        cli.known_source(hub, source)
    found = hub.world.deliveries.between(first, last, source or None, outcome or ())
    newest = sorted(deque(found, maxlen=limit), key=lambda delivery: delivery.id)
    if as_json:
        cli.show_json(newest)
    elif newest:
        cli.out.print(listed(newest, zone))
        if len(newest) == limit:
            cli.note(f"the newest {limit}; more with --limit")
    else:
        cli.note(f"nothing came between {cli.clock(first, zone)} and {cli.clock(last, zone)}")
    raise typer.Exit(OK if newest else FAULTS)


def listed(found: Collection[Delivery], zone: tzinfo) -> Table:
    """Deliveries as a table."""
    table = cli.table("id", "when", "source", "outcome", "events", "reason")
    for one in found:
        table.add_row(
            one.id,
            cli.clock(one.at, zone),
            one.source,
            Text(one.outcome.value, COLOURS[one.outcome]),
            str(one.events),
            Text(one.reason, "bright_black"),
        )
    return table


@cli.app.command(rich_help_panel=cli.SEE)
def tail(
    source: OneSource = "",
    outcome: Outcomes = None,
    since: Annotated[str, typer.Option(help="Begin with what came since then: 10m.")] = "now",
    count: Annotated[
        int, typer.Option(min=0, help="Stop after so many; 0: at Ctrl-C.", show_default=False)
    ] = 0,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Show deliveries as they come, until Ctrl-C. In AWS a line takes some seconds to show."""
    hub = cli.connect(stage, profile)
    zone, now = hub.world.organisation().zone, hub.world.clock()
    if source and source != "unknown":
        cli.known_source(hub, source)
    first = cli.moment(since, now, zone)
    cli.note(f"waiting for deliveries to {source or hub.where}; Ctrl-C stops")
    try:
        for seen, delivery in enumerate(coming(hub, first, source, outcome or ()), start=1):
            if as_json:
                typer.echo(json.dumps(cli.plain(delivery), ensure_ascii=False))
            else:
                cli.out.print(shown(delivery, zone), soft_wrap=True)
            if seen == count:
                return
    except KeyboardInterrupt:
        return


def coming(
    hub: Hub, since: datetime, source: str, outcomes: Collection[Outcome]
) -> Iterator[Delivery]:
    """Deliveries since a moment, each once, as their lines become readable; never ends."""
    seen: dict[str, datetime] = {}
    wait_s = _POLL_S if hub.where.stage else _LOCAL_POLL_S
    while True:
        now = hub.world.clock()
        new = [
            delivery
            for delivery in hub.world.deliveries.between(since, now, source or None, outcomes)
            if delivery.id not in seen
        ]
        for delivery in sorted(new, key=lambda delivery: delivery.id):
            seen[delivery.id] = delivery.at
            yield delivery
        since = max(since, now - LATE)  # CloudWatch shows a line late
        seen = {delivery: at for delivery, at in seen.items() if at >= since}
        time.sleep(wait_s)


def shown(delivery: Delivery, zone: tzinfo | None) -> Text:
    """A delivery as a line; its time in a zone, or this machine's."""
    line = Text(f"{delivery.at.astimezone(zone):%H:%M:%S}  {delivery.id}  {delivery.source:<16} ")
    line.append(f"{delivery.outcome.value:<14}", COLOURS[delivery.outcome])
    line.append(f"{delivery.status}  {delivery.ms:>7} ms  {_events(delivery.events)}")
    if delivery.reason:
        line.append(f"  {delivery.reason}", "bright_black")
    return line


def _events(n: int) -> str:
    return "1 event" if n == 1 else f"{n} events"
