"""`hub doctor`: looks at a live deployment, and says what is wrong and what to do."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.organisation import BadOrganisation, Organisation, read
from infra.commands import cli
from infra.commands.cli import FAULTS, OK, AsJson, OrganisationFile, Profile, Stage
from infra.commands.diagnosis import Finding, Level, findings
from infra.commands.facts import gather
from infra.commands.worlds import quiet
from infra.paths import ORGANISATION

_SHOWN = {Level.OK: ("✓", "green"), Level.WARN: ("·", "yellow"), Level.FAIL: ("✗", "red")}


@cli.app.command(rich_help_panel=cli.MEND)
def doctor(
    stage: Stage = "",
    profile: Profile = "",
    organisation: OrganisationFile = ORGANISATION,
    everything: Annotated[bool, typer.Option("--all", help="Show what is well too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a deployment: stack, functions, queues, tables, mail, model, alarms, digests.

    Nothing is changed. Each fault comes with its remedy; exit status 1 when there is one.
    """
    hub = cli.connect(stage, profile)
    with quiet("doctor"):
        found = findings(gather(hub, _file(cli.read_text(organisation))))
    if as_json:
        cli.show_json({"hub": str(hub.where), "findings": found})
    else:
        _show(str(hub.where), found, everything)
    raise typer.Exit(FAULTS if any(one.level is Level.FAIL for one in found) else OK)


def _file(text: str) -> Organisation | None:
    """The local file; None when it is not valid, which `hub check` is for."""
    try:
        return read(text)
    except BadOrganisation:
        return None


def _show(where: str, found: list[Finding], everything: bool) -> None:
    for one in found:
        if one.level is Level.OK and not everything:
            continue
        mark, colour = _SHOWN[one.level]
        remedy = f"\n    {one.remedy}" if one.remedy else ""
        cli.out.print(Text(f"{mark} {one.what}{remedy}", colour), soft_wrap=True)
    counted = Counter(one.level for one in found)
    cli.out.print(
        f"{where}: {counted[Level.FAIL]} faults, {counted[Level.WARN]} to know, "
        f"{counted[Level.OK]} well"
    )
