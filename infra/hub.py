"""The command line of the hub: `python -m infra.hub`.

Each module of `infra/commands` that is named here adds its commands to the app.
"""

from __future__ import annotations

from infra.commands import (
    arrivals,
    audit,
    check,
    cli,
    customers,
    dead,
    digest_weeks,
    doctor,
    history,
    label,
    learn,
    mending,
    person,
    readers,
    reenrich,
    rotate,
    running,
    sample,
    set_up,
    show,
)
from infra.commands.cli import EXITS, FAULTS, NO_HUB, OK, REFUSED, USAGE, app

COMMANDS = (
    running,
    set_up,
    check,
    arrivals,
    show,
    digest_weeks,
    readers,
    customers,
    sample,
    history,
    doctor,
    mending,
    dead,
    person,
    rotate,
    reenrich,
    label,
    learn,
    audit,
)

# Help shows the panels in the order of their first commands.
app.registered_commands.sort(key=lambda command: cli.PANELS.index(str(command.rich_help_panel)))

__all__ = ["COMMANDS", "EXITS", "FAULTS", "NO_HUB", "OK", "REFUSED", "USAGE", "app", "cli"]

if __name__ == "__main__":
    app(prog_name="hub")
