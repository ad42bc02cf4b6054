"""The interactions table, and the one transaction that changes an interaction and its counts."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition

from chalicelib.adapters import codec, transact
from chalicelib.adapters.codec import State
from chalicelib.adapters.summaries import summary_updates
from chalicelib.adapters.tables import MAX_ITEM_BYTES, InteractionRow, Samples
from chalicelib.errors import Retryable
from chalicelib.interaction import WORDS_CUT, Event, Interaction
from chalicelib.summary import EMPTY, Summary, total

#: More interactions in one transaction save calls; fewer collide less with other workers.
MAX_CHANGES = 40


@dataclass(frozen=True)
class Change:
    """A new version of one interaction. `sample_of` as in `fold.sample_of`.

    `counted_until` is when its counts expire, which live longer than it does.
    """

    before: State
    after: State
    interaction: Interaction
    sample_of: str | None
    expires_at: datetime
    counted_until: datetime | None = None

    @property
    def delta(self) -> Summary:
        """The change of its contribution."""
        if self.before.contribution == self.after.contribution:
            return EMPTY
        return self.after.contribution - self.before.contribution


class Linked(NamedTuple):
    """When a known customer (a pseudonym) contacted, aware, and how that ended."""

    customer: str
    started_at: datetime
    resolved: bool | None


@dataclass(frozen=True)
class Interactions:
    """DynamoDB. Every method raises Retryable when the table does not answer.

    `summary_partitions` are those that `Summaries` reads.
    """

    summary_partitions: int = 1

    def read(self, keys: Iterable[str], broken: set[str] | None = None) -> dict[str, State]:
        """The stored states, consistently; an interaction not stored yet is missing.

        A record that cannot be read back joins `broken`; without it, raises ValueError.
        """
        found = {}
        try:
            for row in InteractionRow.batch_get(list(dict.fromkeys(keys)), consistent_read=True):
                with codec.collecting(broken, row.key):
                    found[row.key] = codec.load_state(row.key, int(row.version), row.body)
        except PynamoDBException as error:
            raise Retryable(f"could not read interactions: {error.cause_response_code}") from error
        return found

    def alive(self, keys: Iterable[str], now: datetime) -> dict[str, State]:
        """As `read`, for whoever shows or tells: without what expired and is not deleted yet.

        DynamoDB deletes expired items within a few days. Whoever writes must see them until then:
        their counts are in the summaries.
        """
        try:
            return {
                row.key: codec.load_state(row.key, int(row.version), row.body)
                for row in InteractionRow.batch_get(list(dict.fromkeys(keys)))
                if row.expires_at > now
            }
        except PynamoDBException as error:
            raise Retryable(f"could not read interactions: {error.cause_response_code}") from error

    def commit(self, changes: Sequence[Change]) -> frozenset[str]:
        """Write new versions together with their counts; the keys that were written.

        A key is left out when somebody else wrote it first: read it again and repeat. Nothing is
        ever half written: versions and counts change in one conditional transaction.
        """
        written: set[str] = set()
        for chunk in _chunks(changes):
            written |= self._commit_together(chunk)
        return frozenset(written)

    def _commit_together(self, changes: Sequence[Change]) -> set[str]:
        delta = total(change.delta for change in changes)
        expires_at = max(change.counted_until or change.expires_at for change in changes)
        try:
            transact.write(
                puts=[(_row(change), _unchanged(change.before)) for change in changes],
                updates=summary_updates(
                    delta, _shard(changes[0].after.key), expires_at, self.summary_partitions
                ),
            )
        except transact.Cancelled:
            if len(changes) == 1:
                return set()
            # One late writer must not hold up the others: try each alone.
            return {key for change in changes for key in self._commit_together([change])}
        return {change.after.key for change in changes}

    def of_customer(self, pseudonym: str) -> list[str]:
        """Keys of a customer's interactions, oldest first."""
        return [row.key for row in InteractionRow.by_customer.query(pseudonym)]

    def recent(self, since: datetime) -> Iterator[str]:
        """Keys of known customers' interactions that began since then; reads the whole index."""
        began = InteractionRow.started_at >= since.astimezone(UTC).isoformat()
        for row in InteractionRow.by_customer.scan(filter_condition=began):
            yield row.key

    def sample(self, sample_of: str, limit: int) -> list[str]:
        """Keys of a uniform sample of a week's part, the same at every call."""
        return [row.key for row in InteractionRow.samples.query(sample_of, limit=limit)]

    def uniform(self, weeks: tuple[str, str], limit: int) -> list[str]:
        """Keys of a uniform sample of whole weeks, the same at every call; reads the index."""
        within = InteractionRow.sample_of.between(weeks[0], weeks[1] + "$")
        rows = InteractionRow.samples.scan(within)
        return [row.key for row in heapq.nsmallest(limit, rows, key=lambda row: row.sample_rank)]

    def linked(self, sample_of: str, share: float = 1.0) -> Iterator[Linked]:
        """A week's part as far as customers are known; of a `share` (0..1) of customers, who are
        the same in every week and part. No more than that share is read.
        """
        known = InteractionRow.customer.exists()
        within = Samples.sample_rank < f"{int(share * 2**32):08x}" if share < 1 else None
        for row in InteractionRow.samples.query(sample_of, within, filter_condition=known):
            yield Linked(row.customer, datetime.fromisoformat(row.started_at), row.resolved)

    def rhythm(self) -> Iterator[tuple[str, datetime]]:
        """(pseudonym, start) of every interaction of a known customer; reads the whole index."""
        for row in InteractionRow.by_customer.scan():
            yield row.customer, datetime.fromisoformat(row.started_at)

    def all_keys(self, after: str = "", weeks: tuple[str, str] | None = None) -> Iterator[str]:
        """Every interaction, for a recount; in an order of the table's own, behind `after`.

        With `weeks`, such as ("2026-W40", "2026-W46"), those in which a customer was heard then.
        """
        for row in InteractionRow.scan(
            # '$' is the character behind the '#' that ends the week.
            InteractionRow.sample_of.between(weeks[0], weeks[1] + "$") if weeks else None,
            attributes_to_get=["key"],
            last_evaluated_key={"key": {"S": after}} if after else None,
        ):
            yield row.key


def _chunks(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Changes grouped so that one transaction can hold them and their cells."""
    chunk: list[Change] = []
    cells: set[object] = set()
    for change in changes:
        more = cells | set(change.delta.cells)
        if chunk and (len(chunk) == MAX_CHANGES or len(chunk) + 1 + len(more) > transact.MAX_ITEMS):
            yield chunk
            chunk, more = [], set(change.delta.cells)
        chunk.append(change)
        cells = more
    if chunk:
        yield chunk


def _unchanged(before: State) -> Condition:
    if before.version == 0:
        return InteractionRow.key.does_not_exist()
    return InteractionRow.version == before.version


def _row(change: Change) -> InteractionRow:
    after, interaction = change.after, change.interaction
    return InteractionRow(
        after.key,
        version=after.version,
        body=_fitting_body(after),
        customer=interaction.customer,
        started_at=interaction.started_at.isoformat() if interaction.customer else None,
        sample_of=change.sample_of,
        sample_rank=_rank(after.key, interaction.customer) if change.sample_of else None,
        resolved=interaction.resolved,
        expires_at=change.expires_at,
    )


def _rank(key: str, customer: str | None) -> str:
    """The place in a sample's order: of a customer's interactions, all or none are in a share."""
    return _hash(customer or key)[:8] + _hash(key)[:8]


def _shard(key: str) -> int:
    return int(_hash(key)[:16], 16)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _fitting_body(state: State) -> bytes:
    """The stored form; where an item cannot hold it, the longest texts are cut to '…'.

    Counts do not change: each message keeps its enrichment.
    """
    body = codec.dump_state(state)
    while len(body) > MAX_ITEM_BYTES:
        longest = max(range(len(state.events)), key=lambda i: len(state.events[i].text))
        if len(state.events[longest].text) <= 1:
            raise Retryable(f"interaction {state.key[:80]} has too many events for one item")
        state = replace(state, events=_without_text(state.events, longest))
        body = codec.dump_state(state)
    return body


def _without_text(events: Sequence[Event], position: int) -> tuple[Event, ...]:
    cut = replace(events[position], text=WORDS_CUT)
    return (*events[:position], cut, *events[position + 1 :])
