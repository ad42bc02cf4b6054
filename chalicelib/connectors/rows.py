"""Rows of CSV, JSON Lines and workbooks -> events, for `hub import`. Not a webhook.

CSV: UTF-8, UTF-16 or Windows-1252, parted by comma, semicolon or tab; the first line names the
columns of `columns.py`, or their Finnish and Swedish names (`column_names.py`). JSON Lines: one
object a line. Workbooks become rows of cells in `infra/commands/rows.py`, outside Lambda.

Importing the same file twice adds nothing: a row's identity is its id, or else its content and how
many rows of the same content stand before it. Rows put in between shift nobody's identity.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NoReturn

from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.parts import column_names
from chalicelib.connectors.parts.columns import COLUMNS, from_columns, time_zone
from chalicelib.connectors.parts.reading import json_value, optional_identifier, unreadable
from chalicelib.errors import Rejected, Unreadable
from chalicelib.interaction import Channel, Event

_LONGEST_CELL = 16 * 1024 * 1024  # csv's own bound of 131,072 would refuse a long email
_JSON_LINES = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines"})

Row = Mapping[str, Any]
#: How many rows of each source and content were read; one for the whole of a file.
Seen = Counter[tuple[str, str]]


def verify(_request: Request, _secrets: Sequence[str], _now: datetime) -> NoReturn:
    raise Rejected("rows are imported with `hub import`, never received over HTTP")


def sign(request: Request, _secret: str, _now: datetime) -> Request:
    return request  # nothing would make it acceptable


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """Every row of a body; the first bad row makes it Unreadable. `hub import` reads by row."""
    held = lines(request.body)
    kind = request.content_type
    rows = json_lines(held) if kind in _JSON_LINES else csv_rows(held)
    seen: Seen = Counter()
    found = [event(row, number, source, received_at, seen) for number, row in rows]
    if not found:
        raise Unreadable("the file holds no rows")
    return found


def decoded(content: bytes) -> str:
    """UTF-8, with or without its mark; UTF-16 with it; else Windows-1252, as spreadsheets write."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def lines(content: bytes) -> Iterator[str]:
    """The lines of a file, their ends kept. Not `splitlines`: it also parts at U+2028 and others,
    which stand inside what people write."""
    return io.StringIO(decoded(content), newline="")


def csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """(number, row) of a CSV file; the delimiter is the one its first line shows.

    Numbers are a spreadsheet's: the names of the columns are row 1. Raises Unreadable where the
    file is empty, not CSV, or its first line names no column of answers.
    """
    csv.field_size_limit(_LONGEST_CELL)
    source = iter(lines)
    first = next(source, "").lstrip("\ufeff")
    delimiter = first[4:5] if first[:4].lower() == "sep=" else ""  # Excel's own hint
    if delimiter:
        first = next(source, "")
    if not first.strip() and not any(line.strip() for line in source):
        raise Unreadable("the file is empty")
    delimiter = delimiter or max(",;\t", key=lambda mark: _columns_known(first, mark))
    reader = csv.reader(chain([first], source), delimiter=delimiter)
    try:
        yield from table(reader)
    except csv.Error as error:
        raise Unreadable(f"the file is not CSV: {error}") from error


def _columns_known(line: str, delimiter: str) -> tuple[int, int]:
    names = next(csv.reader([line], delimiter=delimiter), [])
    return len(COLUMNS & {column_names.column(name) for name in names}), len(names)


class _NamedRow(dict[str, Any]):
    """A row that knows what the file itself calls its columns."""

    def __init__(self, row: Row, names: Mapping[str, str]) -> None:
        super().__init__(row)
        self.names = names


def table(
    cells: Iterable[Sequence[Any]], above: int = 0, top: int = 1
) -> Iterator[tuple[int, Row]]:
    """(number, row) of rows of cells, the first of which is numbered `top` and names the columns.

    Up to `above` rows of a title may stand before it. Raises Unreadable where none names a column
    of answers.
    """
    rows = enumerate(cells, start=top)
    for _ in range(above + 1):
        _, names = next(rows, (top, ()))
        if column_names.has_answers(map(column_names.column, names)):
            break
    else:
        raise Unreadable(
            "the first line names no column text, nps, csat, ces, stars or rating (Finnish and "
            "Swedish names count too: teksti, arvosana, kommentar, betyg)"
        )
    own = {column_names.column(name): str(name).strip() for name in reversed(names)}
    for number, values in rows:
        if any(value not in (None, "") for value in values):
            row = column_names.row(zip(names, values, strict=False))
            yield number, _NamedRow(row, own)


def json_lines(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """(line number from 1, row) of JSON Lines; blank lines are passed over.

    A line that is not JSON stands as its Unreadable in the row's place, so that the caller can
    count it and go on: `event` raises it.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, _json_row(line)


class _BadRow(dict[str, Any]):
    """A row that could not be read; `event` raises its error."""

    def __init__(self, error: Unreadable) -> None:
        super().__init__()
        self.error = error


def _json_row(line: str) -> Row:
    try:
        row = json_value(line.encode("utf-8", "surrogatepass"))
        if not isinstance(row, dict):
            unreadable("the row", "a JSON object", row)
    except Unreadable as error:
        return _BadRow(error)
    return column_names.row(row.items())


def event(
    row: Row, number: int, source: Source, received_at: datetime, seen: Seen | None = None
) -> Event:
    """One row as one event. Raises Unreadable naming the row and the column.

    `seen` counts the rows of one content, so that each keeps an identity of its own.
    """
    try:
        if isinstance(row, _BadRow):
            raise row.error
        own_id = optional_identifier(row.get("id"), "id")
        identity = f"row:{own_id}" if own_id else _made_id(row, source, seen)
        return from_columns(row, source, event_id=identity[:255], received_at=received_at)
    except Unreadable as error:
        raise Unreadable(f"row {number}: {_in_own_words(row, str(error))}") from error


def _in_own_words(row: Row, error: str) -> str:
    """An error that begins with our name of a column, with the file's own."""
    ours = re.match("[a-z_]+", error)
    own = row.names.get(ours[0]) if ours and isinstance(row, _NamedRow) else None
    if ours is None or own is None or own == ours[0]:
        return error
    return f"column {own!r} ({ours[0]}){error[ours.end() :]}"


def _made_id(row: Row, source: Source, seen: Seen | None) -> str:
    content = _content(row)
    if seen is None:
        return f"row:{content}"
    seen[source.name, content] += 1
    same = seen[source.name, content]
    return f"row:{content}" if same == 1 else f"row:{content}:{same}"


def _content(row: Row) -> str:
    """Of what is read alone: an added column that says nothing to us changes nobody.

    A number is as its text, so that a workbook and its CSV are the same rows.
    """
    told = {
        name: str(value).strip() if isinstance(value, (str, int)) else value
        for name, value in row.items()
        if name in COLUMNS and value not in (None, "")
    }
    try:
        text = json.dumps(told, sort_keys=True, default=str)
    except RecursionError as error:
        raise Unreadable("a column is nested too deeply to be read") from error
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def check(source: Source) -> None:
    """Raises Misconfigured when options.time_zone is no zone."""
    time_zone(source)


CONNECTOR = Connector(
    name="rows",
    title="CSV, Excel and JSON Lines",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.IMPORT,
    secret_hint="None: files are imported with `hub import`",  # noqa: S106
)
