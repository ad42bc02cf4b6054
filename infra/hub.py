"""The command line of the hub: `python -m infra.hub`, installed as `hub`."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from chalicelib.connectors import CONNECTORS
from chalicelib.errors import HubError, Unreadable
from chalicelib.organisation import BadOrganisation, read
from infra.commands import worlds
from infra.paths import ORGANISATION, OUT

OK, FAULTS, NO_HUB = 0, 1, 3

_EXITS = """Exit status: 0 done; 1 done with faults, or the input is faulty; 2 wrong usage;
3 no hub to talk to."""

app = typer.Typer(
    help="Oivallus: what customers say, week by week, to the department that can act on it.\n\n"
    f"{_EXITS}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console()
err = Console(stderr=True)

OrganisationFile = Annotated[
    Path, typer.Option("--organisation", "-o", help="The organisation file.", dir_okay=False)
]
Cloud = Annotated[
    bool,
    typer.Option(
        "--cloud/--local",
        help="A deployed hub, named by environment variables; or the local one that runs here.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@app.command()
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

    text = _text(organisation)
    with suppress(worlds.NoHub):
        running = worlds.local_environment()
        _stop(f"a hub runs here already, at {running['PUBLIC_URL']}; stop it first", FAULTS)
    try:
        run(text, port, out)
    except (ModelServerFailed, StateUnusable) as error:
        _stop(str(error), FAULTS)
    except OSError as error:
        _stop(f"the hub cannot listen on port {port}: {error}; choose another with --port", FAULTS)


@app.command()
def demo(
    input: Annotated[
        Path | None,
        typer.Option(
            help="Your own messages (CSV, JSON Lines, Excel) instead of the story.",
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

    text = _text(organisation)
    day = today.date() if today else date.today()  # noqa: DTZ011 - the reader's own day
    try:
        with bars(err) as progress:
            if input is None:
                done = demos.run_story(text, day, output, progress)
            else:
                done = demos.run_file(text, input, output, progress)
    except (Unreadable, NoSuchSource, TimeoutError, ModelServerFailed) as error:
        _stop(str(error), FAULTS)
    if as_json:
        out.print_json(json.dumps(report.as_json(done)))
    else:
        report.show(done, out)
    raise typer.Exit(FAULTS if done.refused else OK)


@app.command(name="import")
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
    cloud: Cloud = False,
    as_json: AsJson = False,
) -> None:
    """Bring messages of a file in. Importing a file twice changes nothing.

    Rows that cannot be read are named, and the others imported: exit status 1.
    """
    from infra.commands.imports import run

    try:
        done = run(worlds.connect(cloud), file, source, err)
    except worlds.NoHub as error:
        _stop(str(error), NO_HUB)
    except (HubError, ValueError) as error:
        _stop(str(error), FAULTS)
    if as_json:
        out.print_json(json.dumps(vars(done)))
    else:
        out.print(
            f"{done.events} rows, {done.new} new, {done.events - done.new} known before, "
            f"{done.refused} refused, {done.waiting} wait for the model"
        )
        for reason in done.reasons:
            err.print(f"  refused: {reason}", style="yellow", markup=False)
    raise typer.Exit(FAULTS if done.refused else OK)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="An organisation file.")] = ORGANISATION,
    as_json: AsJson = False,
) -> None:
    """Validate an organisation file: each fault with its line, key and remedy."""
    text = _read(file)
    faults: list[str] = []
    try:
        organisation = read(text)
        faults = [
            f"sources.{name}.connector: {source.connector!r} is not one of {', '.join(CONNECTORS)}"
            for name, source in organisation.sources.items()
            if source.connector not in CONNECTORS
        ]
    except BadOrganisation as error:
        faults = str(error).splitlines()
    if as_json:
        out.print_json(json.dumps({"file": str(file), "faults": faults}))
    elif faults:
        for fault in faults:
            err.print(f"{file}: {fault}", style="red", markup=False, soft_wrap=True)
    else:
        out.print(
            f"{file}: {len(organisation.sources)} sources, {len(organisation.themes)} themes, "
            f"{len(organisation.departments)} departments; no fault"
        )
    raise typer.Exit(FAULTS if faults else OK)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="An organisation file.")] = ORGANISATION,
    cloud: Cloud = False,
) -> None:
    """Make an organisation file the one that every function reads, within a minute."""
    from chalicelib.pipeline.rebuild import publish_organisation

    text = _read(file)
    try:
        organisation = publish_organisation(worlds.connect(cloud), text)
    except worlds.NoHub as error:
        _stop(str(error), NO_HUB)
    except (BadOrganisation, HubError) as error:
        _stop(str(error), FAULTS)
    out.print(f"{file}: published as {organisation.hash[:12]}")


@app.command()
def recount(cloud: Cloud = False) -> None:
    """Count what is stored anew, after themes, touchpoints or the time zone changed.

    Safe to stop and to repeat. Texts are not judged again: new themes take new messages.
    """
    from chalicelib.pipeline.rebuild import apply_organisation

    try:
        changed = apply_organisation(worlds.connect(cloud))
    except worlds.NoHub as error:
        _stop(str(error), NO_HUB)
    except HubError as error:
        _stop(str(error), FAULTS)
    out.print(f"{changed} interactions counted anew")


@app.command()
def replay(
    source: Annotated[str, typer.Argument(help="A source of organisation.yaml.")],
    cloud: Cloud = False,
    as_json: AsJson = False,
) -> None:
    """Read kept deliveries of a source again, after its connector was mended."""
    from infra.commands.replays import run

    try:
        done = run(worlds.connect(cloud), source)
    except worlds.NoHub as error:
        _stop(str(error), NO_HUB)
    except KeyError:
        _stop(f"organisation.yaml has no source {source!r}", FAULTS)
    except HubError as error:
        _stop(str(error), FAULTS)
    if as_json:
        out.print_json(json.dumps(done))
    else:
        table = Table("delivery", "what became of it")
        for delivery, became in done.items():
            table.add_row(delivery, became)
        out.print(table if done else f"nothing of {source} waits to be read")
    still = [b for b in done.values() if b not in ("accepted", "skipped")]
    raise typer.Exit(FAULTS if still else OK)


@app.command()
def curl(
    source: Annotated[str | None, typer.Argument(help="One source; default: each.")] = None,
    organisation: OrganisationFile = ORGANISATION,
) -> None:
    """Print `curl` lines that deliver a sample, signed now, to the running local hub."""
    from infra.commands.curls import lines

    try:
        found = lines(read(_text(organisation)), source)
    except worlds.NoHub as error:
        _stop(str(error), NO_HUB)
    except KeyError:
        _stop(f"there is no sample of a source {source!r}", FAULTS)
    for line in found:
        typer.echo(line)


def _text(file: Path) -> str:
    """The text of a valid organisation file; stops with its faults otherwise."""
    text = _read(file)
    try:
        read(text)
    except BadOrganisation as error:
        for fault in str(error).splitlines():
            err.print(f"{file}: {fault}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(FAULTS) from error
    return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _stop(f"{file} cannot be read: {error}", FAULTS)


def _stop(why: str, status: int) -> NoReturn:
    err.print(why, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(status)


if __name__ == "__main__":
    app(prog_name="hub")
