"""DynamoDB's expiry: moto stores the setting and keeps the items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from moto.dynamodb.models import dynamodb_backends

from infra.local import speedups
from infra.local.references import ACCOUNT
from infra.local.stack import Expiry


def sweep(expiries: Iterable[Expiry], region: str, now: datetime) -> int:
    """Delete the items whose time has passed; how many."""
    deleted = 0
    with speedups.LOCK:
        for expiry in expiries:
            table = dynamodb_backends[ACCOUNT][region].tables[expiry.table]
            for item in table.all_items():
                expires_at = item.attrs.get(expiry.attribute)
                if expires_at is not None and float(expires_at.value) <= now.timestamp():
                    table.delete_item(item.hash_key, item.range_key)
                    deleted += 1
    return deleted


def count_items(table: str, region: str) -> int:
    """How many items a table holds."""
    with speedups.LOCK:
        found = dynamodb_backends[ACCOUNT][region].tables[table]
        return sum(len(of) if found.range_key_attr else 1 for of in found.items.values())
