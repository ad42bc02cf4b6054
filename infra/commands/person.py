"""`hub person export|erase`: a person's request under the GDPR."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.commands import cli
from infra.commands.cli import FAULTS, AsJson, Profile, Stage
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


@person.command()
def export(
    names: Names,
    to: Annotated[Path, typer.Option("--to", help="The file to write.", dir_okay=False)],
    stage: Stage = "",
    profile: Profile = "",
) -> None:
    """Write all that is known of a person as JSON, to be sent to them."""
    from chalicelib.pipeline.persons import export as run

    hub = cli.connect(stage, profile)
    with quiet("person export"):
        pages = list(run(hub.world, _checked(names)))
    to.touch(mode=0o600)
    to.write_text(json.dumps(cli.plain(pages), ensure_ascii=False, indent=1), encoding="utf-8")
    cli.note(f"{len(pages)} interactions in {to}")
    if not pages:
        raise typer.Exit(FAULTS)


@person.command()
def erase(
    names: Names,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only count.")] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Erase a person from every table and the archive, and give a receipt that names nobody.

    Without --yes nothing is changed: it counts what would go. Sent digests are in their readers'
    mailboxes and stay there.
    """
    from chalicelib.pipeline.persons import erase as run

    hub = cli.connect(stage, profile)
    with quiet("person erase"):
        receipt = run(hub.world, _checked(names), dry_run=not yes)
    if as_json:
        cli.show_json({**asdict(receipt), "dry_run": not yes})
    else:
        done = "erased" if yes else "would be erased"
        cli.out.print(
            f"{receipt.interactions} interactions with {receipt.events} events {done}, "
            f"{receipt.texts} texts of others cleaned of the person's addresses, "
            f"{receipt.unreadable} unreadable deliveries discarded"
        )
        cli.note(f"receipt {receipt.id}" if yes else "run it with --yes to do it")
    if receipt.left_to_do:
        cli.note(f"{receipt.left_to_do} interactions were being written: run it again")
        raise typer.Exit(FAULTS)
