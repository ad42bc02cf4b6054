"""`hub readers`: who gets which department's digest, who left; and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from chalicelib.adapters.world import World
from chalicelib.pipeline.digests import reader_id
from infra.commands import cli
from infra.commands.audit import write_down
from infra.commands.cli import FAULTS, AsJson, Profile, Stage

readers = typer.Typer(invoke_without_command=True)
cli.app.add_typer(
    readers,
    name="readers",
    rich_help_panel=cli.SEE,
    help="Who gets which department's digest, and who left.",
)

#: What the mail service tells, in plain words; the most exact first.
_MAILS = {
    "Bounce Permanent OnAccountSuppressionList": "not sent: SES suppresses the address",
    "Bounce Permanent Suppressed": "not sent: SES suppresses the address",
    "Bounce Permanent": "bounced: the address does not take mail",
    "Bounce": "bounced for now",
    "Complaint": "was called spam by the reader",
    "DeliveryDelay": "is late: the reader's mail server does not answer",
    "Reject": "not sent: the mail service refused it",
    "Delivery": "arrived",
}


@dataclass(frozen=True)
class Reader:
    """One reader of one department. `mail` is what became of the last letter, where told."""

    department: str
    address: str
    left_at: datetime | None
    mail: str | None
    mail_at: datetime | None


@readers.callback()
def listed(
    context: typer.Context,
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Who gets which department's digest, who left and when, and what became of the last letter."""
    if context.invoked_subcommand is not None:
        return
    hub = cli.connect(stage, profile)
    found = list(of(hub.world))
    if as_json:
        cli.show_json(found)
        return
    zone = hub.world.organisation().zone
    table = cli.table("department", "address", "digest", "last letter")
    for one in found:
        digest = f"left {cli.clock(one.left_at, zone)}" if one.left_at else "gets it"
        mail = f"{one.mail}, {cli.clock(one.mail_at, zone)}" if one.mail else "-"
        table.add_row(one.department, Text(one.address), digest, mail)
    cli.out.print(table if found else "no department of organisation.yaml has recipients")
    if any(one.left_at for one in found):
        cli.note("back again, when they ask: hub readers resubscribe ADDRESS --department X")


def of(world: World) -> Iterator[Reader]:
    """Every recipient of every department, in the order of the file."""
    left, mails = world.registry.opt_outs(), world.registry.mails(world.clock())
    for department in world.organisation().departments:
        for address in department.recipients:
            reader = reader_id(world, department.id, address)
            told, at = mails.get(reader, (None, None))
            yield Reader(department.id, address, left.get(reader), told and _mail(told), at)


def _mail(told: str) -> str:
    return next((words for kind, words in _MAILS.items() if told.startswith(kind)), told)


@readers.command()
def resubscribe(
    address: Annotated[str, typer.Argument(help="A reader who left, and asks for it again.")],
    department: Annotated[str, typer.Option(help="The department whose digest it is.")],
    stage: Stage = "",
    profile: Profile = "",
    as_json: AsJson = False,
) -> None:
    """Send a department's digest again to a reader who left it.

    Only when they ask for it themselves: who did this is written down (`hub audit`).
    """
    hub = cli.connect(stage, profile)
    departments = hub.world.organisation().department_by_id
    if department not in departments:
        known = ", ".join(departments)
        cli.stop(f"organisation.yaml has no department {department!r}; it has {known}", FAULTS)
    read = [one.lower() for one in departments[department].recipients]
    if address.lower() not in read:
        cli.stop(
            f"{address} is no recipient of {department} in organisation.yaml; add the address "
            "there and run `hub publish`",
            FAULTS,
        )
    reader = reader_id(hub.world, department, address)
    if not hub.world.registry.opted_out(reader):
        cli.stop(f"{address} gets the digest of {department} already: nothing to do", FAULTS)
    write_down(hub, "readers resubscribe", department, reader)
    hub.world.registry.opt_in(reader, hub.world.clock())
    if as_json:
        cli.show_json({"department": department, "address": address, "resubscribed": True})
        return
    cli.out.print(f"{address} gets the digest of {department} again", markup=False)
