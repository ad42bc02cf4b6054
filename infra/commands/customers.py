"""`hub customers silent|known`: whom to get in touch with, and whom not to ask, as a CSV file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.insights.weeks import IsoWeek
from chalicelib.pipeline.customer_lists import (
    KNOWN_DAYS,
    Listed,
    known_customers,
    silent_customers,
)
from infra.commands import cli
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, AsJson, Profile, Stage
from infra.commands.private_files import write_table
from infra.commands.worlds import quiet

customers = typer.Typer(no_args_is_help=True)
cli.app.add_typer(
    customers,
    name="customers",
    rich_help_panel=cli.SEE,
    help="Lists of customers, each with its reason: whom to get in touch with, whom not to ask.",
)

_WEEK = re.compile(r"(\d{4})-W(\d{2})")

Out = Annotated[Path, typer.Option("--out", help="The CSV file to write.", dir_okay=False)]
References = Annotated[
    Path | None,
    typer.Option(
        help="A file of your own words for customers, one a line (id:VK100, email:a@b.example): "
        "those found are named by them instead of a pseudonym.",
        dir_okay=False,
        exists=True,
    ),
]
Language = Annotated[
    str, typer.Option(help="Of the reasons: fi, sv or en.", show_default="the organisation's")
]


@customers.command()
def silent(
    out: Out,
    week: Annotated[
        str, typer.Option(help="Such as 2026-W47.", show_default="the last full week")
    ] = "",
    references: References = None,
    language: Language = "",
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Regular customers who fell silent in a week, with a reason to get in touch with each."""
    hub = cli.connect(stage, profile)
    today = hub.world.organisation().local_day(hub.world.clock())
    told, own, words = _week(week, today), _references(references), _language(language)
    with quiet("customers silent"):
        write_down(hub, "customers silent", str(told))
        rows = silent_customers(hub.world, told, own, words)
    _written(rows, out, as_json=as_json)


@customers.command()
def known(
    out: Out,
    days: Annotated[int, typer.Option(min=1, max=365, help="How recently.")] = KNOWN_DAYS,
    references: References = None,
    language: Language = "",
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Customers who need no survey: they told us clearly within some days, and how."""
    hub = cli.connect(stage, profile)
    own, words = _references(references), _language(language)
    with quiet("customers known"):
        write_down(hub, "customers known", f"days:{days}")
        rows = known_customers(hub.world, days, own, words)
    _written(rows, out, as_json=as_json)


def _week(text: str, today: date) -> IsoWeek:
    if not text:
        return IsoWeek.of(today).back()
    found = _WEEK.fullmatch(text)
    try:
        return IsoWeek(date.fromisocalendar(int(found[1]), int(found[2]), 1))  # type: ignore[index]
    except (TypeError, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is no week; write one such as 2026-W47") from error


def _language(text: str) -> str:
    if text not in {"", "fi", "sv", "en"}:
        raise typer.BadParameter(f"{text!r} is no language of the reasons; write fi, sv or en")
    return text


def _references(file: Path | None) -> Sequence[str]:
    if file is None:
        return ()
    told = [line.strip() for line in cli.read_text(file).splitlines()]
    wrong = [place for place, line in enumerate(told, 1) if line and ":" not in line]
    if wrong:
        # The line itself is not repeated: it may name a person.
        cli.stop(f"{file}, line {wrong[0]}: write email:…, phone:… or id:…", FAULTS)
    return [line for line in told if line]


def _written(rows: Sequence[Listed], out: Path, *, as_json: bool) -> None:
    write_table(out, [field.name for field in fields(Listed)], map(asdict, rows))
    if as_json:
        cli.show_json({"customers": len(rows), "file": out})
    cli.note(f"{len(rows)} customers in {out}; it names people: delete it when it has served")
    if not rows:
        raise typer.Exit(FAULTS)
