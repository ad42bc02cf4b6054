"""`hub serve` and `hub demo`: the whole hub on this machine."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.errors import Unreadable
from infra.commands import cli, worlds
from infra.commands.cli import FAULTS, OK, AsJson, OrganisationFile
from infra.paths import ORGANISATION, OUT


@cli.app.command(rich_help_panel=cli.RUN)
def serve(
    organisation: OrganisationFile = ORGANISATION,
    port: Annotated[int, typer.Option(help="Port of the webhooks; 0 takes any.")] = 8000,
) -> None:
    """Run the whole hub on this machine, and show deliveries as they come.

    Prints each source's webhook URL and a signed `curl` line. Data stay in .hub/ between runs.
    """
    from infra.commands.serve import serve as run
    from infra.local.model_server import ModelServerFailed
    from infra.local.state import StateUnusable

    text = cli.valid_text(organisation)
    with suppress(worlds.NoHub):
        running = worlds.local_environment()
        cli.stop(f"a hub runs here already, at {running['PUBLIC_URL']}; stop it first", FAULTS)
    try:
        run(text, port, cli.out)
    except (ModelServerFailed, StateUnusable) as error:
        cli.stop(str(error), FAULTS)
    except OSError as error:
        cli.stop(f"the hub cannot listen on port {port}: {error}; choose one with --port", FAULTS)


@cli.app.command(rich_help_panel=cli.RUN)
def demo(
    input: Annotated[
        Path | None,
        typer.Option(
            help="Your own messages, CSV or JSON Lines, instead of the story.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    organisation: OrganisationFile = ORGANISATION,
    output: Annotated[Path, typer.Option("--out", help="Where the digests go.")] = OUT,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The story's today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Half a year of an invented company: imported, received, understood, and its digests.

    With --input, the digests of your own messages: columns text, time, channel, and where you
    have them customer, rating, touchpoint.
    """
    from infra.commands import demo as demos
    from infra.commands import report
    from infra.commands.bars import bars
    from infra.commands.rows import NoSuchSource
    from infra.local.model_server import ModelServerFailed

    text = cli.valid_text(organisation)
    day = today.date() if today else date.today()  # noqa: DTZ011 - the reader's own day
    try:
        with bars(cli.err) as progress:
            if input is None:
                done = demos.run_story(text, day, output, progress)
            else:
                done = demos.run_file(text, input, output, progress)
    except (Unreadable, NoSuchSource, TimeoutError, ModelServerFailed) as error:
        cli.stop(str(error), FAULTS)
    if as_json:
        cli.show_json(report.as_json(done))
    else:
        report.show(done, cli.out)
    raise typer.Exit(FAULTS if done.refused else OK)
