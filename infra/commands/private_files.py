"""Files that hold people's words or names: for their owner alone, and no formula in a table."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from infra.commands import cli

#: What begins a formula (OWASP, CSV injection), also behind marks that a spreadsheet takes away.
_FORMULA = r"""['"]*[=+\-@＝＋－＠\t]"""
# A Nordic spreadsheet parts a file at semicolons and line ends, whatever the file is parted by.
_AT = r"(?:\A|(?<=[;\r\n]))"
_BEGINS = re.compile(rf"{_AT}(?={_FORMULA})|\A(?='*[\r\n])")
_GUARDED = re.compile(rf"{_AT}'(?={_FORMULA})|\A'(?='*[\r\n])")


@contextmanager
def private(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A file to write text into, which nobody but its owner may read.

    What was there goes, also the right of others to read it. Stops where it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(handle, 0o600)  # where the file was there, the mode above changed nothing
    except OSError as error:
        cli.stop(f"{path} cannot be written: {error.strerror}", cli.REFUSED)
    with os.fdopen(handle, "w", encoding=encoding, newline="") as file:
        yield file


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a private CSV file whose cells are texts; `read_table` gives them back."""
    # The mark at its start makes spreadsheets read it as UTF-8.
    with private(path, "utf-8-sig") as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL)
        table.writerow(columns)
        for row in rows:
            cells = (row[column] for column in columns)
            table.writerow(["" if cell is None else guarded(str(cell)) for cell in cells])


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, of `write_table` or of anybody; what lacks is empty."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {column: unguarded(cell or "") for column, cell in row.items() if column is not None}
            for row in csv.DictReader(file)
        ]


def guarded(cell: str) -> str:
    """A cell of which no spreadsheet takes any part for a formula: an apostrophe precedes it."""
    return _BEGINS.sub("'", cell)


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return _GUARDED.sub("", cell)
