"""Rows of CSV and JSON Lines files -> events, for `hub import`. Not a webhook.

CSV: UTF-8 or Windows-1252, parted by comma, semicolon or tab, the first line names the columns of
`columns.py`. JSON Lines: one object a line. Importing the same file twice adds nothing: a row's
identity is its id, or its place and content.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from chalicelib.connectors.base import Connector, Proof, Request, Source
from chalicelib.connectors.columns import from_columns, time_zone
from chalicelib.connectors.reading import json_value, optional_identifier, unreadable
from chalicelib.errors import Rejected, Unreadable
from chalicelib.interaction import Channel, Event

_LONGEST_CELL = 16 * 1024 * 1024  # csv's own bound of 131,072 would refuse a long email
_JSON_LINES = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines"})

Row = Mapping[str, Any]


def verify(_request: Request, _secrets: Sequence[str], _now: datetime) -> NoReturn:
    raise Rejected("rows are imported with `hub import`, never received over HTTP")


def sign(request: Request, _secret: str, _now: datetime) -> Request:
    return request  # nothing would make it acceptable


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """Every row of a body; the first bad row makes it Unreadable. `hub import` reads by row."""
    held = lines(request.body)
    kind = request.content_type
    rows = json_lines(held) if kind in _JSON_LINES else csv_rows(held)
    found = [event(row, number, source, received_at) for number, row in rows]
    if not found:
        raise Unreadable("the file holds no rows")
    return found


def decoded(content: bytes) -> str:
    """UTF-8, with or without its mark; else Windows-1252, which spreadsheets write."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def lines(content: bytes) -> Iterator[str]:
    """The lines of a file, their ends kept. Not `splitlines`: it also parts at U+2028 and others,
    which stand inside what people write."""
    return io.StringIO(decoded(content), newline="")


def csv_rows(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """(row number from 1, row) of a CSV file; the delimiter is the one its first line shows.

    Column names are lower-cased and stripped. Raises Unreadable where the file is not CSV or its
    first line names none of text, nps, csat, ces and rating.
    """
    csv.field_size_limit(_LONGEST_CELL)
    source = iter(lines)
    first = next(source, "").lstrip("\ufeff")
    delimiter = max(",;\t", key=first.count)
    names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if not {"text", "nps", "csat", "ces", "rating"} & set(names):
        raise Unreadable("the first line names no column text, nps, csat, ces or rating")
    try:
        for number, cells in enumerate(csv.reader(source, delimiter=delimiter), start=1):
            if any(cells):
                yield number, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise Unreadable(f"the file is not CSV: {error}") from error


def json_lines(lines: Iterable[str]) -> Iterator[tuple[int, Row]]:
    """(row number from 1, row) of JSON Lines; blank lines are passed over.

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
    return row


def event(row: Row, number: int, source: Source, received_at: datetime) -> Event:
    """One row as one event. Raises Unreadable naming the row and the column."""
    try:
        if isinstance(row, _BadRow):
            raise row.error
        own_id = optional_identifier(row.get("id"), "id")
        identity = f"row:{own_id}" if own_id else f"row:{number}:{_content(row)}"
        return from_columns(row, source, event_id=identity[:255], received_at=received_at)
    except Unreadable as error:
        raise Unreadable(f"row {number}: {error}") from error


def _content(row: Row) -> str:
    text = json.dumps(row, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def check(source: Source) -> None:
    """Raises Misconfigured when options.time_zone is no zone."""
    time_zone(source)


CONNECTOR = Connector(
    name="rows",
    title="CSV and JSON Lines",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.IMPORT,
    secret_hint="None: files are imported with `hub import`",  # noqa: S106
)
