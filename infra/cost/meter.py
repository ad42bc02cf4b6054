"""Counts what AWS would bill of the calls that botocore makes: calls, capacity units, bytes.

Units follow DynamoDB's rules, worked out from the items themselves, not from what moto says:

    write   1 unit per started kB of the larger of the item before and after; in a transaction 2
    index   1 unit per started kB of an entry that is made, removed or changed; a changed key is
            one removal and one making; an entry that stays as it was costs nothing
    read    1 unit per started 4 kB, half when eventually consistent; each item of a batch by
            itself, a query by the sum of its items; what is not found is a read of 1 unit

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
AWS does not say whether a transaction doubles its index writes too; here it does, so that the
model is not too cheap.
"""

from __future__ import annotations

import base64
import json
import math
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends

from chalicelib.adapters.clients import client
from chalicelib.pipeline.asking import ASKED
from infra.local.references import ACCOUNT

Item = Mapping[str, Mapping[str, Any]]  # attribute -> {type: value}, as botocore speaks

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
#: DynamoDB's overhead of one stored item or index entry, bytes.
STORED_OVERHEAD_BYTES = 100


class Index(NamedTuple):
    """A global secondary index: its keys, and the other attributes that it copies."""

    name: str
    keys: tuple[str, ...]
    copied: frozenset[str] | None  # None copies all


class Schema(NamedTuple):
    """A table's keys and indexes."""

    keys: tuple[str, ...]
    indexes: tuple[Index, ...]


@dataclass
class Meter:
    """Sums since it was made. Places are 'table' or 'table/index'."""

    calls: Counter[str] = field(default_factory=Counter)  # "service:Operation place"
    written: Counter[str] = field(default_factory=Counter)  # write units by place
    read: dict[str, float] = field(default_factory=dict)  # read units by place; halves
    texts: int = 0  # that the endpoint judged

    def __iadd__(self, other: Meter) -> Meter:
        self.calls += other.calls
        self.written += other.written
        for place, units in other.read.items():
            self._read(place, units)
        self.texts += other.texts
        return self

    def __sub__(self, other: Meter) -> Meter:
        def less(mine: Counter[str], theirs: Counter[str]) -> Counter[str]:
            return Counter({k: v - theirs[k] for k, v in mine.items() if v != theirs[k]})

        return Meter(
            less(self.calls, other.calls),
            less(self.written, other.written),
            {
                place: units - other.read.get(place, 0.0)
                for place, units in self.read.items()
                if units != other.read.get(place, 0.0)
            },
            self.texts - other.texts,
        )

    def copy(self) -> Meter:
        return self - Meter()

    def count(self, service: str, operation: str, given: Mapping[str, Any], reply: Any) -> None:
        """Note a call and what it read; `reply` is None when it was refused."""
        place = str(given.get("IndexName") or given.get("TableName") or "")
        if given.get("IndexName"):
            place = f"{given['TableName']}/{given['IndexName']}"
        name = f"{service}:{operation} {place}".strip()
        self.calls[name] += 1
        if reply is None:
            return
        each = 1.0 if given.get("ConsistentRead") else 0.5
        if operation in ("Query", "Scan"):
            size = sum(item_bytes(item) for item in reply["Items"])
            self._read(place, each * max(1, math.ceil(size / READ_UNIT_BYTES)))
        elif operation == "GetItem":
            self._read(place, each * _started(reply.get("Item") or {}, READ_UNIT_BYTES))
        elif operation == "BatchGetItem":
            for table, asked in given["RequestItems"].items():
                each = 1.0 if asked.get("ConsistentRead") else 0.5
                found = reply["Responses"].get(table, [])
                units = sum(_started(item, READ_UNIT_BYTES) for item in found)
                self._read(table, each * (units + len(asked["Keys"]) - len(found)))

    def _read(self, place: str, units: float) -> None:
        self.read[place] = self.read.get(place, 0.0) + units

    def wrote(self, table: str, before: Item | None, after: Item | None, times: int) -> None:
        """Note one item that changed; `times` is 2 in a transaction."""
        larger = max(_started(before or {}, WRITE_UNIT_BYTES), _started(after or {}, 1024))
        self.written[table] += times * larger
        for index in schema(table).indexes:
            units = index_units(index, schema(table).keys, before, after)
            if units:
                self.written[f"{table}/{index.name}"] += times * units


def index_units(
    index: Index, table_keys: Sequence[str], before: Item | None, after: Item | None
) -> int:
    """Write units of one index for the change of one item."""
    old, new = index_entry(index, table_keys, before), index_entry(index, table_keys, after)
    if old == new:
        return 0
    if old and new and all(old[key] == new[key] for key in index.keys):
        return max(_started(old, WRITE_UNIT_BYTES), _started(new, WRITE_UNIT_BYTES))
    return sum(_started(entry, WRITE_UNIT_BYTES) for entry in (old, new) if entry)


def index_entry(index: Index, table_keys: Sequence[str], item: Item | None) -> Item | None:
    """What an index holds of an item; None where the item lacks the index's keys."""
    if not item or any(key not in item for key in index.keys):
        return None
    if index.copied is None:
        return item
    kept = {*index.keys, *table_keys, *index.copied}
    return {name: value for name, value in item.items() if name in kept}


def item_bytes(item: Item) -> int:
    """An item's size as DynamoDB counts it: names and values, without overhead."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "S":
        return len(str(held).encode())
    if kind == "N":  # about a byte for two digits, and one more
        return math.ceil(len(str(held).strip("-0.")) / 2) + 1
    if kind == "B":
        return len(held)
    return 1  # BOOL, NULL: the tables have no other types


def _started(item: Item, unit: int) -> int:
    return max(1, math.ceil(item_bytes(item) / unit))


@cache
def schema(table: str) -> Schema:
    with unseen():
        told = client("dynamodb").describe_table(TableName=table)["Table"]
    return Schema(
        tuple(key["AttributeName"] for key in told["KeySchema"]),
        tuple(
            Index(
                index["IndexName"],
                tuple(key["AttributeName"] for key in index["KeySchema"]),
                None
                if index["Projection"]["ProjectionType"] == "ALL"
                else frozenset(index["Projection"].get("NonKeyAttributes", ())),
            )
            for index in told.get("GlobalSecondaryIndexes", ())
        ),
    )


_looking = threading.local()


@contextmanager
def unseen() -> Iterator[None]:
    """Calls of the meter itself, which it must not count."""
    before, _looking.now = getattr(_looking, "now", False), True
    try:
        yield
    finally:
        _looking.now = before


@contextmanager
def metered() -> Iterator[Meter]:
    """Count every call of every botocore client while the block runs, PynamoDB's included."""
    meter, call = Meter(), BaseClient._make_api_call

    def counted(self: Any, operation: str, given: dict[str, Any]) -> Any:
        if getattr(_looking, "now", False):
            return call(self, operation, given)
        service = self.meta.service_model.service_name
        meter.texts += _texts(operation, given)  # before S3's client has wrapped the body
        writes = list(_writes(operation, given)) if service == "dynamodb" else []
        region = self.meta.region_name
        before = [_stored(region, table, keys) for table, keys in writes]
        times = 2 if operation == "TransactWriteItems" else 1
        try:
            reply = call(self, operation, given)
        except ClientError:  # a refused condition is billed as the write of what is there
            meter.count(service, operation, given, None)
            for (table, _), old in zip(writes, before, strict=True):
                meter.wrote(table, old, old, times)
            raise
        meter.count(service, operation, given, reply)
        for (table, keys), old in zip(writes, before, strict=True):
            meter.wrote(table, old, _stored(region, table, keys), times)
        return reply

    schema.cache_clear()
    with mock.patch.object(BaseClient, "_make_api_call", counted):
        yield meter


def _texts(operation: str, given: Mapping[str, Any]) -> int:
    """Texts that a call asks the model about."""
    question = operation == "PutObject" and str(given.get("Key")).startswith(ASKED)
    if operation == "InvokeEndpoint" or question:
        return len(json.loads(given["Body"])["texts"])
    return 0


def _writes(operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    """(table, keys) of every item that a call may change."""
    parts: list[Mapping[str, Any]] = []
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        parts = [given]
    elif operation == "TransactWriteItems":
        parts = [next(iter(part.values())) for part in given["TransactItems"]]
    elif operation == "BatchWriteItem":
        raise NotImplementedError("the hub writes no batches; teach the meter before it does")
    for part in parts:
        held = part.get("Key") or part["Item"]
        keys = schema(part["TableName"]).keys
        yield part["TableName"], {key: held[key] for key in keys}


def _stored(region: str, table: str, keys: Item) -> Item | None:
    """The item as moto holds it: through the API it would take as long as what is measured."""
    found = dynamodb_backends[ACCOUNT][region].get_item(table, dict(keys))
    return _plain(found.to_json()["Attributes"]) if found else None


def _plain(item: Item) -> Item:
    """With bytes as they are billed; moto keeps those of a call's JSON in Base64."""

    def plain(value: Mapping[str, Any]) -> Mapping[str, Any]:
        held = value.get("B")
        return {"B": base64.b64decode(held)} if isinstance(held, str) else value

    return {name: plain(value) for name, value in item.items()}
