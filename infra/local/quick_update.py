"""DynamoDB updates of top-level attributes, done directly: `SET #0 = :0 ADD #1 :1, #2 :2`.

moto parses every update into a tree and walks it a thousand times: 8 ms for a row of counts, and
each event changes one. Anything but plain SET and ADD without a condition is left to moto; a
test compares the two on random updates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item

_SET = r"(?P<set>[\w#]+ = :\w+(?:, [\w#]+ = :\w+)*)"
_ADD = r"(?P<add>[\w#]+ :\w+(?:, [\w#]+ :\w+)*)"
_PLAIN = re.compile(rf"(?:SET {_SET})? ?(?:ADD {_ADD})?")


def attempt(
    table: Any,
    key: Mapping[str, Any],
    expression: str,
    names: Mapping[str, str] | None,
    values: Mapping[str, Any] | None,
) -> Item | None:
    """Update the item and return it; None when this is not a plain update, and nothing is done."""
    found = _PLAIN.fullmatch(expression)
    if not found or table.stream_shard is not None or values is None:
        return None
    sets = _pairs(found["set"], " = ", names or {}, values)
    adds = _pairs(found["add"], " ", names or {}, values)
    keys = {table.hash_key_attr, table.range_key_attr}
    if sets is None or adds is None or keys & {name for name, _ in (*sets, *adds)}:
        return None
    hash_key = DynamoType(key[table.hash_key_attr])
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    item: Item | None = table.get_item(hash_key, range_key)
    held = item.attrs if item else {}
    numbers = [value for name, of in adds for value in (of, _plain(held.get(name))) if value]
    if any(value.keys() != {"N"} for value in numbers):
        return None
    if item is None:
        table.put_item(dict(key))
        item = table.get_item(hash_key, range_key)
        assert item is not None  # noqa: S101 - just put
    for name, value in sets:
        dict.__setitem__(item.attrs, name, DynamoType(value))
    for name, value in adds:
        before = item.attrs.get(name)
        total = Decimal(before.value if before else "0") + Decimal(value["N"])
        dict.__setitem__(item.attrs, name, DynamoType({"N": str(total)}))
    return item


def _pairs(
    clause: str | None, between: str, names: Mapping[str, str], values: Mapping[str, Any]
) -> list[tuple[str, Any]] | None:
    """(attribute, value) of each action; None where a name is not an attribute's own."""
    found = []
    for action in clause.split(", ") if clause else ():
        name, _, value = action.partition(between)
        attribute = names.get(name, name)
        if attribute.startswith("#") or value not in values:
            return None
        found.append((attribute, values[value]))
    return found


def _plain(held: Any) -> dict[str, Any] | None:
    return None if held is None else {held.type: held.value}
