"""The archive bucket: raw deliveries too large for a table item. Encrypted, and expiring."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chalicelib.adapters.clients import calling, client


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

    def get(self, key: str) -> bytes:
        with calling("read a raw payload"):
            body: bytes = client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body
