"""`hub import`: rows of a file into a running hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS, rows
from chalicelib.connectors.base import Source
from chalicelib.errors import Unreadable
from chalicelib.pipeline.rebuild import import_events
from infra.commands.bars import bars
from infra.commands.rows import Rows, file_source, read
from infra.commands.worlds import counted
from infra.local.cloudwatch import CloudWatch

_COMPARED = 50  # rows, spread over the file


@dataclass
class Done:
    """What became of a file's rows. `waiting` are stored, and not understood yet."""

    events: int = 0
    new: int = 0
    waiting: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class File:
    """The rows of a file, and the source that they are to belong to."""

    numbered: Sequence[tuple[int, rows.Row]]
    source: Source


def opened(world: World, file: Path, source: str | None) -> File:
    """Raises Unreadable where the file is no table, NoSuchSource where there is no such source."""
    return File(read(file), file_source(world.organisation(), source))


def doubt(world: World, file: File) -> str:
    """Why these rows might not belong to this source; empty where nothing speaks against it."""
    organisation, name = world.organisation(), file.source.name
    step = max(1, len(file.numbered) // _COMPARED)
    some = file.numbered[::step]
    if not _known(world, some, file.source):
        for other in organisation.sources:
            source = file_source(organisation, other)
            known = 0 if other == name else _known(world, some, source)
            if known:
                return (
                    f"{known} of {len(some)} rows looked at are known under the source {other}; "
                    f"under {name} they count a second time"
                )
    connector = CONNECTORS[file.source.connector]
    if connector.name != rows.CONNECTOR.name:
        return (
            f"{name} is a source of {connector.title}, not of files: what came by its webhooks "
            "too counts a second time"
        )
    return ""


def _known(world: World, numbered: Sequence[tuple[int, rows.Row]], source: Source) -> int:
    """How many of the rows are in the log as this source's."""
    keys: set[EventKey] = set()
    seen: rows.Seen = Counter()
    for number, row in numbered:
        try:
            event = rows.event(row, number, source, world.clock(), seen)
        except Unreadable:
            continue
        keys.add(EventKey(event.interaction_key, event.event_id))
    return len(world.log.read(keys))


def run(world: World, file: File, console: Console) -> Done:
    """Import a file. Raises HubError for what the hub cannot do."""
    found = Rows(file.numbered, world.organisation(), file.source, world.clock())
    done, total = Done(), len(file.numbered)
    with bars(console) as progress, counted(CloudWatch(), "import"):
        task = progress.add_task("import", total=total)
        for batch in import_events(world, found.events()):
            done.events += batch.events
            done.new += batch.new
            done.waiting += batch.failed
            progress.update(task, completed=done.events + found.refused)
        progress.update(task, completed=total)
    done.refused, done.reasons = found.refused, found.reasons
    return done
