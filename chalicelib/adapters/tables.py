"""The four tables, as PynamoDB models. `infra/` makes its template from these classes.

events        the log: one item per event, written once; with raw payloads, so it expires soonest
interactions  the fold of each interaction, redacted, and what it contributes to its day
summaries     partial counts of each local day, grouped by ISO week; rolled up when days close
registry      small state: the published organisation, sent digests, opt-outs
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.settings import Settings

#: DynamoDB refuses items over 400 kB; what is larger goes to the archive bucket.
MAX_ITEM_BYTES = 350_000

COUNT_PREFIX = "n:"  # measures of a summary row are attributes under this prefix


class _Meta:
    table_name = "unbound"
    region = "eu-north-1"
    # A webhook has under a second: fail fast and let the vendor or the queue try again.
    connect_timeout_seconds = 2
    read_timeout_seconds = 5
    max_retry_attempts = 2


class BySource(GlobalSecondaryIndex["EventRow"]):
    """Deliveries of a source by time: freshness, listing, replay."""

    class Meta:
        index_name = "by_source"
        projection = IncludeProjection(["outcome"])

    source = UnicodeAttribute(hash_key=True)
    received_at = UnicodeAttribute(range_key=True)


class EventRow(Model):
    """One event, or one verified delivery that could not be read (see `adapters/log.py`)."""

    class Meta(_Meta):
        pass

    interaction = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)
    source = UnicodeAttribute()
    received_at = UnicodeAttribute()  # aware UTC, ISO 8601 with microseconds: sorts as text
    outcome = UnicodeAttribute()  # "accepted" or "unreadable"
    event = BinaryAttribute(null=True, legacy_encoding=False)  # Event, compressed JSON
    raw = BinaryAttribute(null=True, legacy_encoding=False)  # compressed request, or...
    raw_in = UnicodeAttribute(null=True)  # ...where it lies: an archive key or a sibling's event_id
    fetched_at = UnicodeAttribute(null=True)  # when what the event waited for was fetched
    expires_at = TTLAttribute()
    by_source = BySource()


class ByCustomer(GlobalSecondaryIndex["InteractionRow"]):
    """A pseudonym's interactions: erasure, export, repeat contacts."""

    class Meta:
        index_name = "by_customer"
        projection = KeysOnlyProjection()

    customer = UnicodeAttribute(hash_key=True)
    started_at = UnicodeAttribute(range_key=True)


class Samples(GlobalSecondaryIndex["InteractionRow"]):
    """A week's interactions by theme and sentiment, as ids in random order; and who came back."""

    class Meta:
        index_name = "samples"
        projection = IncludeProjection(["customer", "started_at", "resolved"])

    sample_of = UnicodeAttribute(hash_key=True)  # "2026-W46#delivery-late#negative"
    sample_rank = UnicodeAttribute(range_key=True)  # hashes of customer and key: random, stable


class InteractionRow(Model):
    """One interaction: its redacted events, enrichments and contribution, compressed."""

    class Meta(_Meta):
        pass

    key = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    body = BinaryAttribute(legacy_encoding=False)
    customer = UnicodeAttribute(null=True)
    started_at = UnicodeAttribute(null=True)
    sample_of = UnicodeAttribute(null=True)
    sample_rank = UnicodeAttribute(null=True)
    resolved = BooleanAttribute(null=True)
    expires_at = TTLAttribute()
    by_customer = ByCustomer()
    samples = Samples()


class SummaryRow(Model):
    """A partial count: one cell of one local day on one shard, or a rolled-up part of a day."""

    class Meta(_Meta):
        pass

    week = UnicodeAttribute(hash_key=True)  # "2026-W46"
    part = UnicodeAttribute(range_key=True)  # "2026-11-16#03#theme#touchpoint#channel#demand"
    rolled = BinaryAttribute(null=True, legacy_encoding=False)
    version = NumberAttribute(null=True)
    expires_at = TTLAttribute()

    counts: Mapping[str, int] = {}

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Read a row; measures are attributes that no model could list beforehand."""
        known = {name: value for name, value in data.items() if not name.startswith(COUNT_PREFIX)}
        row = super().from_raw_data(known)
        # ADD leaves a zero where a count was taken back; a summary has none.
        row.counts = {
            name.removeprefix(COUNT_PREFIX): count
            for name, value in data.items()
            if name.startswith(COUNT_PREFIX) and (count := int(value["N"]))
        }
        return row


class RegistryRow(Model):
    """Small named state; `kind` says whose."""

    class Meta(_Meta):
        pass

    kind = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)
    state = UnicodeAttribute(null=True)
    changed_at = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)


def stamp(at: datetime) -> str:
    """An aware time as rows hold it: UTC to the microsecond, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def bind(settings: Settings) -> None:
    """Point the models at this stage's tables."""
    for model, name in (
        (EventRow, settings.events_table),
        (InteractionRow, settings.interactions_table),
        (SummaryRow, settings.summaries_table),
        (RegistryRow, settings.registry_table),
    ):
        model.Meta.table_name = name
        model.Meta.region = settings.region
