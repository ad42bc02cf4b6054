"""`hub rotate pseudonym-key`: the same customers under a new key."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.pipeline import rotate as rotating
from infra.commands import cli
from infra.commands.bars import bars
from infra.commands.cli import AsJson, Profile, Stage
from infra.commands.worlds import quiet


class OwnKey(StrEnum):
    """Keys whose change needs more than a new secret."""

    PSEUDONYM = PSEUDONYM_KEY


@cli.app.command(rich_help_panel=cli.MEND)
def rotate(
    key: Annotated[OwnKey, typer.Argument(help="Which of the hub's own keys.")],
    finish: Annotated[
        bool, typer.Option("--finish", help="Move what came meanwhile, and take the old key out.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Put a new key before the old one, and move every stored pseudonym to it.

    Customers stay who they are, while it lasts too; no count changes. Safe to stop and run again.
    --finish, ten minutes later, takes the old key out.
    """
    hub = cli.connect(stage, profile)
    run = rotating.finish if finish else rotating.rotate
    with quiet("rotate"), bars(cli.err) as progress:
        task = progress.add_task(key.value, total=None)
        done = run(hub.world, lambda looked_at: progress.update(task, completed=looked_at))
        progress.update(task, total=done.looked_at)
    if as_json:
        cli.show_json(done)
        return
    cli.out.print(f"{done.looked_at} interactions looked at, {done.moved} moved to the new key")
    cli.note(
        "the old key is out" if finish else "in ten minutes: hub rotate pseudonym-key --finish"
    )
