"""`hub import`: rows of a file into a running hub."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from chalicelib.adapters.world import World
from chalicelib.pipeline.rebuild import import_events
from infra.commands.bars import bars
from infra.commands.rows import Rows, file_source, read
from infra.commands.worlds import counted
from infra.local.cloudwatch import CloudWatch


@dataclass
class Done:
    """What became of a file's rows. `waiting` are stored, and not understood yet."""

    events: int = 0
    new: int = 0
    waiting: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


def run(world: World, file: Path, source: str | None, console: Console) -> Done:
    """Import a file. Raises HubError for what the hub cannot do, ValueError for no such source."""
    organisation = world.organisation()
    numbered = read(file)
    rows = Rows(numbered, organisation, file_source(organisation, source), world.clock())
    done = Done()
    with bars(console) as progress, counted(CloudWatch(), "import"):
        task = progress.add_task("import", total=len(numbered))
        for batch in import_events(world, rows.events()):
            done.events += batch.events
            done.new += batch.new
            done.waiting += batch.failed
            progress.update(task, completed=done.events + rows.refused)
        progress.update(task, completed=len(numbered))
    done.refused, done.reasons = rows.refused, rows.reasons
    return done
