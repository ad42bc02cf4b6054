"""The summaries table: partial counts by day, their sum, and the roll-up of closed days.

A partition is an ISO week. Within it lie, for each open day, one row per cell and shard, changed
by ADD; and for each closed day a rolled-up part that holds many cells, compressed. A correction
to a closed day makes a new cell row (its counts may be negative) until the next roll-up. All
rows of a partition simply add up, so a reader is right at any moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.adapters import codec, transact
from chalicelib.adapters.tables import COUNT_PREFIX, MAX_ITEM_BYTES, SummaryRow
from chalicelib.errors import Retryable
from chalicelib.fold import iso_week
from chalicelib.summary import Summary, total

#: Partial summaries a day: concurrent workers seldom meet on the same row.
SHARDS = 8

_ROLLED = "rolled"
_MOVE = transact.MAX_ITEMS - 1  # the rolled-up part takes one place of a transaction


def summary_updates(delta: Summary, shard: int, expires_at: datetime) -> list[transact.Update]:
    """The row updates that add a change of counts, one per cell."""
    updates: list[transact.Update] = []
    for cell, counts in delta:
        day, rest = codec.cell_key(cell).split("#", 1)
        row = SummaryRow(iso_week(cell.day), f"{day}#{shard % SHARDS:02d}#{rest}")
        actions: list[Action] = [
            *(Path([COUNT_PREFIX + name]).add(value) for name, value in counts.items()),
            SummaryRow.version.add(1),
            SummaryRow.expires_at.set(expires_at),
        ]
        updates.append((row, actions))
    return updates


@dataclass(frozen=True)
class Summaries:
    """DynamoDB. Methods raise Retryable when the table does not answer."""

    def read(self, first: date, last: date) -> Summary:
        """All counts of the local days `first` to `last`, both included."""
        weeks = _weeks(first, last)
        return total(_counts(row) for week in weeks for row in _rows(week)).between(first, last)

    def roll_up(self, first: date, before: date, expires_at: datetime) -> int:
        """Move the cell rows of days `first` <= day < `before` into rolled-up parts.

        Returns how many rows were moved. A row that changes meanwhile stays for the next time.
        """
        moved = 0
        for week in _weeks(first, before - timedelta(days=1)):
            by_day: dict[str, list[SummaryRow]] = {}
            for row in _rows(week):
                day = row.part.partition("#")[0]
                if first.isoformat() <= day < before.isoformat():
                    by_day.setdefault(day, []).append(row)
            moved += sum(_roll_day(week, day, rows, expires_at) for day, rows in by_day.items())
        return moved


def _weeks(first: date, last: date) -> list[str]:
    days = (last - first).days + 1
    return list(dict.fromkeys(iso_week(first + timedelta(days=day)) for day in range(days)))


def _rows(week: str) -> Iterator[SummaryRow]:
    try:
        yield from SummaryRow.query(week, consistent_read=True)
    except PynamoDBException as error:
        raise Retryable(f"could not read summaries: {error.cause_response_code}") from error


def _counts(row: SummaryRow) -> Summary:
    if row.rolled is not None:
        return codec.load_summary(row.rolled)
    day, _, rest = row.part.split("#", 2)
    return Summary({codec.read_cell(f"{day}#{rest}"): row.counts})


def _roll_day(week: str, day: str, rows: Sequence[SummaryRow], expires_at: datetime) -> int:
    loose = [row for row in rows if row.rolled is None]
    parts = [row for row in rows if row.rolled is not None]
    moved = 0
    for start in range(0, len(loose), _MOVE):
        batch = loose[start : start + _MOVE]
        open_part = parts[-1] if parts and len(parts[-1].rolled) < MAX_ITEM_BYTES // 2 else None
        part = open_part.part if open_part else f"{day}#{_ROLLED}#{len(parts):03d}"
        new = _rolled_part(week, part, open_part, batch, expires_at)
        try:
            transact.write(
                puts=[
                    (
                        new,
                        SummaryRow.version == open_part.version
                        if open_part
                        else SummaryRow.part.does_not_exist(),
                    )
                ],
                deletes=[(row, SummaryRow.version == row.version) for row in batch],
            )
        except transact.Cancelled:
            return moved  # somebody wrote meanwhile: the next run finishes
        parts = [*parts[:-1], new] if open_part else [*parts, new]
        moved += len(batch)
    return moved


def _rolled_part(
    week: str,
    part: str,
    onto: SummaryRow | None,
    rows: Sequence[SummaryRow],
    expires_at: datetime,
) -> SummaryRow:
    """A part that holds `onto` (or nothing) and all of `rows`."""
    counts = total(_counts(row) for row in ([onto] if onto else []) + list(rows))
    return SummaryRow(
        week,
        part,
        rolled=codec.dump_summary(counts),
        version=(int(onto.version) if onto else 0) + 1,
        expires_at=expires_at,
    )
