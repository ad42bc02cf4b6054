"""`hub import` and `hub backfill`: what was said before the webhooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chalicelib.errors import Unreadable
from infra.commands import cli
from infra.commands.cli import FAULTS, OK, AsJson, Profile, SourceName, Stage, Until
from infra.commands.worlds import quiet


@cli.app.command(name="import", rich_help_panel=cli.FILL)
def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV, JSON Lines or Excel.", exists=True, dir_okay=False)
    ],
    source: Annotated[
        str | None,
        typer.Option(
            help="The source that the rows belong to; default: the first with 'connector: rows'."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask where the source may be the wrong one.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Bring messages of a file in. Importing a file twice changes nothing.

    Asks first where rows are known under another source, or the source is not one of files: there
    they may count twice. Rows that cannot be read are named, and the others imported: status 1.
    """
    from infra.commands.imports import doubt, opened, run
    from infra.commands.rows import NoSuchSource

    hub = cli.connect(stage, profile)
    try:
        held = opened(hub.world, file, source)
    except (NoSuchSource, Unreadable) as error:
        cli.stop(str(error), FAULTS)
    rows = cli.many(len(held.numbered), "row")
    cli.note(f"{rows} of {file.name} for the source {held.source.name}")
    if told := doubt(hub.world, held):
        cli.err.print(told, style="yellow", markup=False, soft_wrap=True)
        if not yes:
            typer.confirm("Import them all the same?", abort=True, err=True)
    done = run(hub.world, held, cli.err)
    if as_json:
        cli.show_json(done)
    else:
        cli.out.print(
            f"{done.events} rows, {done.new} new, {done.events - done.new} known before, "
            f"{done.refused} refused, {done.waiting} wait for the model"
        )
        for reason in done.reasons:
            cli.err.print(f"  refused: {reason}", style="yellow", markup=False)
    raise typer.Exit(FAULTS if done.refused else OK)


@cli.app.command(rich_help_panel=cli.FILL)
def backfill(
    source: SourceName,
    since: Annotated[str, typer.Option(help="From when: 30d, 2026-09-01 or 2026-09-01T09:00.")],
    until: Until = "now",
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew instead of where it stopped.")
    ] = False,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Fetch what a source's vendor has from before, with the identities that a push gives.

    Stop it and run it again: it goes on where it was. Running it over what was pushed changes
    nothing. The source's secret must hold the vendor's API credentials under "api".
    """
    from chalicelib.pipeline import backfill as pipeline

    hub = cli.connect(stage, profile)
    cli.known_source(hub, source)
    now, zone = hub.world.clock(), hub.world.organisation().zone
    first, last = cli.moment(since, now, zone), cli.moment(until, now, zone)
    if first >= last:
        raise typer.BadParameter("--since must be before --until")
    done = pipeline.Progress()
    with _bar() as progress, quiet("backfill"):
        task = progress.add_task(source, total=None, told="asking")
        for done in pipeline.run(hub.world, source, first, last, restart=restart):
            reached = f", back to {done.oldest:%Y-%m-%d}" if done.oldest else ""
            progress.update(task, told=f"{done.events} events, {done.new} new{reached}")
    if as_json:
        cli.show_json(done)
    else:
        cli.out.print(
            f"{done.events} events on {done.pages} pages, {done.new} new, "
            f"{done.events - done.new} known before, {done.waiting} wait in the queues"
        )


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),  # moves while it works: no vendor says beforehand how much there is
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=cli.err,
    )
