"""`hub publish`, `hub register`: what a hub is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.commands import cli
from infra.commands.cli import AsJson, Profile, SourceName, Stage
from infra.commands.worlds import quiet
from infra.paths import ORGANISATION


@cli.app.command(rich_help_panel=cli.SET_UP)
def publish(
    file: Annotated[Path, typer.Argument(help="An organisation file.")] = ORGANISATION,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Make an organisation file the one that every function reads, within a minute.

    A file with a fault changes nothing: each fault is told with its line and remedy.
    """
    from chalicelib.pipeline.rebuild import publish_organisation

    text = cli.valid_text(file)
    organisation = publish_organisation(cli.connect(stage, profile).world, text)
    if as_json:
        cli.show_json({"file": str(file), "hash": organisation.hash})
    else:
        cli.out.print(f"{file}: published as {organisation.hash[:12]}")


@cli.app.command(rich_help_panel=cli.SET_UP)
def register(
    source: SourceName,
    url: Annotated[
        str,
        typer.Option(
            help="The webhook's address, if it is not the hub's own URL.", show_default=False
        ),
    ] = "",
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Create a source's webhook by its vendor's API, and store its signing secret.

    The source's secret must hold the vendor's API credentials under "api". Running it again finds
    the webhook that is there.
    """
    from chalicelib.pipeline import register as pipeline

    hub = cli.connect(stage, profile)
    cli.known_source(hub, source)
    address = url or f"{hub.world.url()}/webhooks/{source}"
    with quiet("register"):
        done = pipeline.run(hub.world, source, address)
    if as_json:
        cli.show_json(done)
    else:
        cli.out.print(
            f"{source}: the vendor calls {done.url}; {done.secrets} secrets fit. "
            f"See the first delivery come in: hub tail --source {source}"
        )
