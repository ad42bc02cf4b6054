"""Rows of messages -> events: files of `hub import`, and the demo's history."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from chalicelib.connectors import rows
from chalicelib.connectors.base import Source
from chalicelib.errors import Unreadable
from chalicelib.interaction import Event
from chalicelib.organisation import Organisation
from chalicelib.pipeline.receive import as_source
from infra.commands import workbook_reader

_JSON_LINES = {".jsonl", ".ndjson", ".jsonlines"}
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_TITLE_ROWS = 10  # that a report may set above its column names
_SHOWN = 20
#: What reading one workbook may take; 100,000 rows of 25 columns took less than 500 MiB and 13 s.
_MOST_MEMORY, _MOST_CPU_S, _MOST_BYTES = 2 << 30, 120, 256 << 20


class NoSuchSource(ValueError):
    """organisation.yaml has no source that a command needs; the text names the remedy."""


def file_source(organisation: Organisation, name: str | None = None) -> Source:
    """The source that imported rows belong to: the named one, or the first for files.

    Raises NoSuchSource.
    """
    for found, config in organisation.sources.items():
        if found == name or (name is None and config.connector == "rows"):
            return as_source(found, config)
    raise NoSuchSource(
        f"organisation.yaml has no source {name!r}; it has {', '.join(organisation.sources)}"
        if name
        else "organisation.yaml has no source for files; add one with 'connector: rows'"
    )


def read(path: Path) -> list[tuple[int, rows.Row]]:
    """The numbered rows of a file. Raises Unreadable when it is no table that can be read."""
    if path.suffix.lower() in _WORKBOOKS:
        found = _workbook(path)
    else:
        lines = rows.lines(path.read_bytes())
        reader = rows.json_lines if path.suffix.lower() in _JSON_LINES else rows.csv_rows
        found = list(reader(lines))
    if not found:
        raise Unreadable(f"{path.name} holds no rows of messages")
    return found


def _workbook(path: Path) -> list[tuple[int, rows.Row]]:
    """The rows of the first sheet that names a column of answers, in one of its first rows."""
    command = [sys.executable, "-I", workbook_reader.__file__, str(path)]
    with subprocess.Popen(  # noqa: S603 - our own script; the path is an argument, not a command
        [*command, str(_MOST_MEMORY), str(_MOST_CPU_S)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for
            told = groupby(_told(process.stdout), key=itemgetter(0, 1))
            sheets = (([cells for *_, cells in sheet], top) for (_, top), sheet in told)
            for sheet, top in chain(sheets, [([], 1)]):
                try:
                    return list(rows.table(sheet, _TITLE_ROWS, top))
                except Unreadable as error:
                    reason = error
            raise reason
        except _Died:
            raise Unreadable(f"{path.name} {_why(process.wait())}") from None
        finally:
            process.kill()


class _Died(Exception):
    """The reader of workbooks stopped before the end."""


def _told(lines: Iterable[bytes]) -> Iterator[tuple[int, int, list[Any]]]:
    """(sheet, its first row's number, cells) of each row.

    Raises _Died when the reader does, or says too much.
    """
    size = 0
    for line in lines:
        size += len(line)
        said = json.loads(line, object_hook=workbook_reader.cell)
        if said == "end":
            return
        if size > _MOST_BYTES:
            break
        yield said[0], said[1], said[2]
    raise _Died


def _why(status: int) -> str:
    return {
        workbook_reader.PROTECTED: "is protected by a password; save a copy without",
        workbook_reader.NO_WORKBOOK: (
            "is no workbook that can be read; save it as .xlsx or as CSV UTF-8"
        ),
    }.get(
        status,
        f"unpacks to more than the {_MOST_MEMORY >> 30} GiB or {_MOST_CPU_S} seconds that a "
        "workbook may take; it is damaged or hostile, or else save it as CSV UTF-8",
    )


@dataclass
class Rows:
    """Numbered rows and whose they are. `refused` fills while the events are read.

    A row's column `source` may name another source of the organisation than `default`.
    """

    numbered: Iterable[tuple[int, rows.Row]]
    organisation: Organisation
    default: Source
    received_at: datetime
    refused: int = 0
    reasons: list[str] = field(default_factory=list)  # the first of them

    def events(self) -> Iterator[Event]:
        """The rows that can be read, in order; the others are counted and noted."""
        sources = {name: as_source(name, of) for name, of in self.organisation.sources.items()}
        seen: rows.Seen = Counter()
        for number, row in self.numbered:
            source = sources.get(str(row.get("source", "")), self.default)
            try:
                yield rows.event(row, number, source, self.received_at, seen)
            except Unreadable as error:
                self.refused += 1
                if len(self.reasons) < _SHOWN:
                    self.reasons.append(str(error))
