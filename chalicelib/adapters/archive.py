"""The archive bucket: raw deliveries too large for a table item. Encrypted, and expiring."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import calling, client
from chalicelib.errors import Retryable


@dataclass(frozen=True)
class Archive:
    """S3. Keys under raw/ expire by the bucket's lifecycle rule, like raw payloads in tables."""

    bucket: str

    def put_raw(self, source: str, raw: bytes) -> str:
        """Store a raw delivery; the key, which its content names, so a repeat is harmless."""
        key = f"raw/{source}/{hashlib.sha256(raw).hexdigest()}"
        with calling("store a raw payload"):
            client("s3").put_object(Bucket=self.bucket, Key=key, Body=raw)
        return key

    def delete(self, key: str) -> None:
        """Remove a payload; harmless to repeat."""
        with calling("remove a raw payload"):
            client("s3").delete_object(Bucket=self.bucket, Key=key)

    def listed(self, prefixes: Iterable[str]) -> Iterator[str]:
        """Every key that begins so."""
        for prefix in prefixes:
            with calling("list the archive"):
                pages = client("s3").get_paginator("list_objects_v2")
                for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                    for item in page.get("Contents", ()):
                        yield item["Key"]

    def json(self, key: str) -> dict[str, Any] | None:
        """An object of JSON; None where it is gone meanwhile. Raises Retryable."""
        body = self.found(key)
        if body is None:
            return None
        content: dict[str, Any] = json.loads(body)
        return content

    def found(self, key: str) -> bytes | None:
        """What lies under a key; None where it is gone meanwhile. Raises Retryable."""
        try:
            return self.get(key)
        except Retryable as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise

    def put_json(self, key: str, content: dict[str, Any]) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        with calling("store in the archive"):
            client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        with calling("read a raw payload"):
            body: bytes = client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body
