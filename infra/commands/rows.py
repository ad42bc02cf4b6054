"""Rows of messages -> events: files of `hub import`, and the demo's history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from chalicelib.connectors import rows
from chalicelib.connectors.base import Source
from chalicelib.errors import Unreadable
from chalicelib.interaction import Event
from chalicelib.organisation import Organisation
from chalicelib.pipeline.receive import as_source

_JSON_LINES = {".jsonl", ".ndjson", ".jsonlines"}
_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
_TITLE_ROWS = 10  # that a report may set above its column names
_SHOWN = 20


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
        return _workbook(path)
    lines = rows.lines(path.read_bytes())
    reader = rows.json_lines if path.suffix.lower() in _JSON_LINES else rows.csv_rows
    return list(reader(lines))


def _workbook(path: Path) -> list[tuple[int, rows.Row]]:
    """The rows of the first sheet that names a column of answers, in one of its first rows."""
    from python_calamine import CalamineError, PasswordError, load_workbook

    try:
        with load_workbook(path) as book:
            for name in book.sheet_names:
                try:
                    return list(rows.table(book.get_sheet_by_name(name).to_python(), _TITLE_ROWS))
                except Unreadable as error:
                    reason = error
            raise reason
    except PasswordError:
        raise Unreadable(f"{path.name} is protected by a password; save a copy without") from None
    except CalamineError as error:
        raise Unreadable(
            f"{path.name} is no workbook that can be read; save it as .xlsx or as CSV UTF-8"
        ) from error


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
