"""`hub check`: an organisation file, and the hub that runs by it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.organisation import Organisation
from infra.commands import cli, organisation_file
from infra.commands.checks import Check, checks
from infra.commands.cli import FAULTS, OK, AsJson, Profile, Stage
from infra.commands.worlds import NoHub, quiet
from infra.paths import ORGANISATION


@cli.app.command(rich_help_panel=cli.SET_UP)
def check(
    file: Annotated[Path, typer.Argument(help="An organisation file.")] = ORGANISATION,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Look for faults: the organisation file, then secrets, tables, queues, mail and model.

    Every fault is told with its remedy, and nothing is changed. Without --stage and without a
    local hub that runs, or while the file has a fault, the file alone is looked at. Exit status 1
    when there is a fault.
    """
    organisation, faults = organisation_file.read(cli.read_text(file))
    found: list[Check] = []
    where = ""
    if organisation is not None and not faults:
        try:
            hub = cli.connect(stage, profile)
        except NoHub:
            if stage:
                raise
        else:
            where = str(hub.where)
            with quiet("check"):
                found = list(checks(hub, organisation))
    if as_json:
        cli.show_json({"file": str(file), "faults": faults, "hub": where, "checks": found})
    else:
        _show(file, organisation, faults)
        if faults:
            cli.note("the hub was not looked at: mend the file first")
        else:
            _show_hub(where, found)
    raise typer.Exit(FAULTS if faults or any(one.fault for one in found) else OK)


def _show(file: Path, organisation: Organisation | None, faults: list[str]) -> None:
    for fault in faults:
        cli.err.print(f"{file}: {fault}", style="red", markup=False, soft_wrap=True)
    if organisation is not None and not faults:
        cli.out.print(
            f"{file}: {len(organisation.sources)} sources, {len(organisation.themes)} themes, "
            f"{len(organisation.departments)} departments; no fault",
            soft_wrap=True,
        )


def _show_hub(where: str, found: list[Check]) -> None:
    if not where:
        cli.note("no hub was looked at: none runs here, and --stage names none")
        return
    wrong = [one for one in found if one.fault]
    for one in found:
        if one.fault:
            cli.out.print(Text(f"✗ {one.what}: {one.fault}", "red"), soft_wrap=True)
        elif one.note:
            cli.out.print(Text(f"· {one.what}: {one.note}", "yellow"), soft_wrap=True)
    good = len(found) - len(wrong)
    cli.out.print(f"{where}: {good} of {len(found)} checks passed")
