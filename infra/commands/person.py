"""`hub person export|erase`: a person's request under the GDPR."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.commands import cli
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, AsJson, Profile, Stage
from infra.commands.private_files import private
from infra.commands.worlds import quiet

person = typer.Typer(no_args_is_help=True)
cli.app.add_typer(
    person,
    name="person",
    rich_help_panel=cli.MEND,
    help="What is known of a person: told to them, or erased (GDPR, articles 15 and 17).",
)

Names = Annotated[
    list[str],
    typer.Argument(
        help="What sources call the person, every name that you know: email:a@b.example, "
        "phone:+358401234567, id:VENDOR:7, or a pseudonym (c_…).",
        show_default=False,
    ),
]


def _checked(names: list[str]) -> list[str]:
    for name in names:
        if not name.startswith(("email:", "phone:", "id:", "c_")):
            # The name itself is not repeated: it may be what must be forgotten.
            raise typer.BadParameter("write email:…, phone:…, id:… or a pseudonym c_…")
    return names


Customer = Annotated[
    list[str],
    typer.Option(
        "--customer",
        help="What sources call the person (email:…, phone:…, id:VENDOR:…), or c_…; repeatable.",
        show_default=False,
    ),
]
To = Annotated[Path, typer.Option("--to", help="The file to write.", dir_okay=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Erase; without it, only count.")]


@person.command()
def export(
    names: Names, to: To, stage: Stage = "", profile: Profile = "", as_json: AsJson = False
) -> None:
    """Write all that is known of a person as JSON, to be sent to them."""
    _export(names, to, stage, profile, as_json=as_json)


@cli.app.command("export", rich_help_panel=cli.MEND)
def export_(
    customer: Customer, to: To, stage: Stage = "", profile: Profile = "", as_json: AsJson = False
) -> None:
    """The same as `hub person export`."""
    _export(customer, to, stage, profile, as_json=as_json)


def _export(names: list[str], to: Path, stage: str, profile: str, *, as_json: bool) -> None:
    from chalicelib.pipeline.persons import export as run
    from chalicelib.pipeline.persons import pseudonyms

    hub = cli.connect(stage, profile)
    with quiet("person export"):
        write_down(hub, "person export", *pseudonyms(hub.world, _checked(names)))
        pages = list(run(hub.world, names))
    with private(to) as file:
        json.dump(cli.plain(pages), file, ensure_ascii=False, indent=1)
    if as_json:
        cli.show_json({"interactions": len(pages), "file": to})
    cli.note(f"{len(pages)} interactions in {to}")
    if not pages:
        raise typer.Exit(FAULTS)


@person.command()
def erase(
    names: Names,
    yes: Yes = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Erase a person from every table and bucket, and give a receipt that names nobody.

    Without --yes nothing is changed: it counts what would go. Sent digests are in their readers'
    mailboxes and stay there. Point-in-time recovery keeps the tables as they were for 35 days, and
    the queue of failed calls what SES told for 14: neither is reached. After a restore, repeat the
    erasures of the 35 days before it (runbook, infra/README.md).
    """
    _erase(names, yes=yes, stage=stage, profile=profile, as_json=as_json)


@cli.app.command("erase", rich_help_panel=cli.MEND)
def erase_(
    customer: Customer,
    yes: Yes = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """The same as `hub person erase`."""
    _erase(customer, yes=yes, stage=stage, profile=profile, as_json=as_json)


def _erase(names: list[str], *, yes: bool, stage: str, profile: str, as_json: bool) -> None:
    from chalicelib.pipeline.persons import erase as run
    from chalicelib.pipeline.persons import pseudonyms

    hub = cli.connect(stage, profile)
    with quiet("person erase"):
        command = "person erase --yes" if yes else "person erase"
        write_down(hub, command, *pseudonyms(hub.world, _checked(names)))
        receipt = run(hub.world, names, dry_run=not yes)
    if as_json:
        cli.show_json({**asdict(receipt), "dry_run": not yes})
    else:
        done = "erased" if yes else "would be erased"
        cli.out.print(
            f"{receipt.interactions} interactions with {receipt.events} events {done}, "
            f"{receipt.texts} texts of others cleaned of the person's addresses, "
            f"{receipt.mentions} deliveries of others that held them forgotten, "
            f"{receipt.unreadable} unreadable deliveries and mails discarded"
        )
        cli.note(f"receipt {receipt.id}" if yes else "run it with --yes to do it")
        if yes:
            cli.note(
                "backups of the tables keep the person for 35 days: after a restore, erase again"
            )
    if receipt.left_to_do:
        cli.note(f"{receipt.left_to_do} interactions or mails were in work: run it again")
        raise typer.Exit(FAULTS)
