"""DynamoDB's expiry and S3's: moto stores the settings and keeps what expired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from moto.dynamodb.models import dynamodb_backends

from chalicelib.adapters.clients import client
from infra.local import speedups
from infra.local.references import ACCOUNT
from infra.local.stack import Expiry
from infra.template import archive


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
        if deleted:
            speedups.changed()
    return deleted


def sweep_archive(bucket: str, days: Mapping[str, int], now: datetime) -> int:
    """Delete the objects whose time has passed; how many. `days` are by the keys' beginnings.

    S3's lifecycle: moto keeps the rules, and the objects too.
    """
    s3, deleted = client("s3"), 0
    for prefix, kept_days in days.items():
        oldest = now - timedelta(days=kept_days)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                if item["LastModified"] <= oldest:
                    s3.delete_object(Bucket=bucket, Key=item["Key"])
                    deleted += 1
    return deleted


def archive_days(raw_days: int) -> dict[str, int]:
    """How long each part of the archive is kept, by the template's rules."""
    return {
        **dict.fromkeys(archive.RAW_PREFIXES, raw_days),
        **dict.fromkeys(archive.QUESTION_PREFIXES, archive.QUESTION_DAYS),
    }


def count_items(table: str, region: str) -> int:
    """How many items a table holds."""
    with speedups.LOCK:
        found = dynamodb_backends[ACCOUNT][region].tables[table]
        return sum(len(of) if found.range_key_attr else 1 for of in found.items.values())
