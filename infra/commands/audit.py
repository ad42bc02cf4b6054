"""`hub audit`: who looked at customers' words; and how commands that show them write it down."""

from __future__ import annotations

import getpass
from datetime import timedelta

from rich.text import Text

from chalicelib.adapters.audit import AuditLog
from chalicelib.adapters.clients import calling, client
from chalicelib.audit import Look
from infra.commands import cli
from infra.commands.cli import AsJson, Profile, Since, Stage, Until
from infra.commands.worlds import Hub, Where


def write_down(hub: Hub, command: str, *about: str) -> None:
    """Write down that somebody looks, before anything is shown.

    `about` are ids or pseudonyms, never words. Raises HubError when it cannot be written: then
    nothing may be shown.
    """
    AuditLog().add(Look(hub.world.clock(), _who(hub.where), command, about))


def _who(where: Where) -> str:
    if not where.stage:
        return f"local:{getpass.getuser()}"
    with calling("ask who you are"):
        arn: str = client("sts").get_caller_identity()["Arn"]
    return arn


@cli.app.command(rich_help_panel=cli.SEE)
def audit(
    since: Since = "7d",
    until: Until = "now",
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Who looked at customers' words or at what is known of a person: when, and at which.

    Ids and pseudonyms, never the words. Kept for 400 days.
    """
    hub = cli.connect(stage, profile)
    now, zone = hub.world.clock(), hub.world.organisation().zone
    first, last = cli.moment(since, now, zone), cli.moment(until, now, zone)
    found = list(AuditLog().between(first, last + timedelta(seconds=1), now))
    if as_json:
        cli.show_json(found)
        return
    table = cli.table("when", "who", "command", "about")
    for entry in found:
        when = cli.clock(entry.at, zone)
        table.add_row(when, Text(entry.who), Text(entry.command), Text(" ".join(entry.seen)))
    cli.out.print(table if found else "nobody looked in that time")
