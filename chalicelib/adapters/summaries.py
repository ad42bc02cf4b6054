"""The summaries table: partial counts by day, their sum, and the roll-up of closed days.

A partition is an ISO week, or one of the parts ("2026-W46/03") that its open days are spread over
where a single partition cannot bear the writes. Within it lie, for each open day, one row per cell
and shard, changed by ADD; for each closed day a rolled-up part that holds many cells, compressed;
and for a week that closed a week ago one such part, its days told at their Monday. A correction to
something closed makes a new cell row (its counts may be negative) until the next roll-up. All rows
of a week simply add up, so a reader is right at any moment. Rolled-up parts lie in the week's own
partition, so old weeks cost little to read however widely the open ones are spread.
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
from chalicelib.summary import Summary, monday, total, weekly

#: Partial summaries a day: concurrent workers seldom meet on the same row. More partitions than
#: that make as many partial summaries.
SHARDS = 8

_ROLLED = "rolled"
_WHOLE_WEEK = "0week#rolled"  # sorts before the days, and is smaller than any date
_MOVE = transact.MAX_ITEMS - 1  # the rolled-up part takes one place of a transaction


def summary_updates(
    delta: Summary, shard: int, expires_at: datetime, partitions: int = 1
) -> list[transact.Update]:
    """The row updates that add a change of counts, one per cell."""
    shard %= max(SHARDS, partitions)
    updates: list[transact.Update] = []
    for cell, counts in delta:
        day, rest = codec.cell_key(cell).split("#", 1)
        partition = _partition(iso_week(cell.day), shard % partitions)
        row = SummaryRow(partition, f"{day}#{shard:02d}#{rest}")
        actions: list[Action] = [
            *(Path([COUNT_PREFIX + name]).add(value) for name, value in counts.items()),
            SummaryRow.version.add(1),
            SummaryRow.expires_at.set(expires_at),
        ]
        updates.append((row, actions))
    return updates


def _partition(week: str, number: int) -> str:
    """The key of one of a week's partitions; the first bears the week's name."""
    return f"{week}/{number:02d}" if number else week


@dataclass(frozen=True)
class Summaries:
    """DynamoDB. Methods raise Retryable when the table does not answer.

    `partitions` may grow at any time; before it is lowered, roll up all that is open.
    """

    partitions: int = 1

    def read(self, first: date, last: date) -> Summary:
        """All counts of the local days `first` to `last`, both included.

        Weeks that were rolled up whole are told at their Monday (`summary.weekly`), so ask for
        whole weeks where they may be that old.
        """
        weeks = _weeks(first, last)
        found = total(_counts(row) for week in weeks for row in self._rows(week))
        whole = first.weekday() == 0 and last.weekday() == 6
        return found if whole else found.between(first, last)

    def roll_up(self, first: date, today: date, expires_at: datetime) -> int:
        """Roll up what lies from the week of `first` to yesterday; how many rows were moved.

        A closed day becomes one part, and once a whole week has passed since, a week does. A
        row that changes meanwhile stays for the next time.
        """
        moved = 0
        for week in _weeks(monday(first), today - timedelta(days=1)):
            rows = [
                row for row in self._rows(week) if row.part.partition("#")[0] < today.isoformat()
            ]
            if date.fromisocalendar(int(week[:4]), int(week[6:]), 7) < today - timedelta(days=7):
                moved += _roll(week, _WHOLE_WEEK, rows, expires_at)
                continue
            for day in sorted({row.part.partition("#")[0] for row in rows}):
                of_day = [row for row in rows if row.part.startswith(day)]
                moved += _roll(week, f"{day}#{_ROLLED}", of_day, expires_at)
        return moved

    def _rows(self, week: str) -> Iterator[SummaryRow]:
        try:
            for number in range(self.partitions):
                yield from SummaryRow.query(_partition(week, number), consistent_read=True)
        except PynamoDBException as error:
            raise Retryable(f"could not read summaries: {error.cause_response_code}") from error


def _weeks(first: date, last: date) -> list[str]:
    days = (last - first).days + 1
    return list(dict.fromkeys(iso_week(first + timedelta(days=day)) for day in range(days)))


def _counts(row: SummaryRow) -> Summary:
    if row.rolled is not None:
        return codec.load_summary(row.rolled)
    day, _, rest = row.part.split("#", 2)
    return Summary({codec.read_cell(f"{day}#{rest}"): row.counts})


def _roll(week: str, into: str, rows: Sequence[SummaryRow], expires_at: datetime) -> int:
    """Move rows into the rolled-up parts named `into`; how many were moved."""
    parts = [row for row in rows if row.part.startswith(into)]
    loose = [row for row in rows if not row.part.startswith(into)]
    moved = 0
    for start in range(0, len(loose), _MOVE):
        batch = loose[start : start + _MOVE]
        last = parts[-1] if parts and len(parts[-1].rolled) < MAX_ITEM_BYTES // 2 else None
        part = last.part if last else f"{into}#{len(parts):03d}"
        new = _rolled_part(week, part, last, batch, expires_at)
        unchanged = SummaryRow.version == last.version if last else SummaryRow.part.does_not_exist()
        try:
            transact.write(
                puts=[(new, unchanged)],
                deletes=[(row, SummaryRow.version == row.version) for row in batch],
            )
        except transact.Cancelled:
            return moved  # somebody wrote meanwhile: the next run finishes
        parts = [*parts[:-1], new] if last else [*parts, new]
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
        rolled=codec.dump_summary(weekly(counts) if part.startswith(_WHOLE_WEEK) else counts),
        version=(int(onto.version) if onto else 0) + 1,
        expires_at=expires_at,
    )
