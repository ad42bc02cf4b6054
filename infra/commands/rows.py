"""Files of messages -> events, row by row, as `chalicelib/connectors/rows.py` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from chalicelib.connectors import rows
from chalicelib.connectors.base import Source
from chalicelib.errors import Unreadable
from chalicelib.interaction import Event

_JSON_LINES = {".jsonl", ".ndjson", ".jsonlines"}
_SHOWN = 20


@dataclass
class Rows:
    """One file. `total` is known at once; `refused` fills while the events are read."""

    path: Path
    source: Source
    received_at: datetime
    refused: int = 0
    reasons: list[str] = field(default_factory=list)  # the first of them

    def __post_init__(self) -> None:
        """Raises Unreadable when the file is neither CSV nor JSON Lines."""
        lines = rows.decoded(self.path.read_bytes()).splitlines(keepends=True)
        read = rows.json_lines if self.path.suffix.lower() in _JSON_LINES else rows.csv_rows
        self._rows = list(read(lines))
        self.total = len(self._rows)

    def events(self) -> Iterator[Event]:
        """The rows that can be read, in order; the others are counted and noted."""
        for number, row in self._rows:
            try:
                yield rows.event(row, number, self.source, self.received_at)
            except Unreadable as error:
                self.refused += 1
                if len(self.reasons) < _SHOWN:
                    self.reasons.append(str(error))
