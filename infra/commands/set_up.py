"""`hub publish`, `hub register`, `hub secret`: what a hub is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.adapters.secrets import CACHE_S
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Proof
from infra.commands import cli
from infra.commands.cli import FAULTS, AsJson, Profile, SourceName, Stage
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


@cli.app.command(rich_help_panel=cli.SET_UP)
def secret(
    source: SourceName,
    put: Annotated[
        bool, typer.Option("--set", help="Take another: it is asked for, or read from a pipe.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The signing secret of a source of the local hub, to sign with or to give to a vendor.

    The local hub makes one up for each source. A deployed hub's are not shown: they are in Secrets
    Manager.
    """
    hub = cli.connect("", "")
    cli.known_source(hub, source)
    connector = CONNECTORS.get(hub.world.organisation().sources[source].connector)
    if connector and connector.proof is Proof.IMPORT:
        cli.stop(f"{source} has no secret: its files come by `hub import`", FAULTS)
    secrets = hub.world.secrets
    if put:
        told = _asked()
        if not told:
            cli.stop("no secret was given, and none is changed", FAULTS)
        secrets.settle(source, "", told)
        cli.note(
            f"the new secret fits within {CACHE_S // 60} minutes, the ones before it still do; "
            "`hub check` looks at its form"
        )
    newest = secrets.of_source(source)[0]
    if as_json:
        cli.show_json({"source": source, "secret": newest})
    elif not put:
        typer.echo(newest)


def _asked() -> str:
    """A secret from the terminal, unseen, or from a pipe; without the white space around it."""
    if sys.stdin.isatty():
        return str(typer.prompt("Secret", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()
