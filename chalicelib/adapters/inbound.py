"""Mail that SES received for this hub and that nobody has read yet, in a bucket of its own.

Whoever reads a mail and has stored what it says removes it: nothing reads it again. Other buckets
that mail or calls are read from are their owners': nothing of ours is removed from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.adapters.archive import Archive
from chalicelib.adapters.clients import calling, client


class Letter(NamedTuple):
    """A received mail as it came, and when."""

    key: str
    received_at: datetime
    content: bytes


@dataclass(frozen=True)
class InboundMail:
    """S3. Without a bucket, the hub receives no mail by itself: then there is nothing to do.

    Methods raise Retryable or Misconfigured when the bucket does not answer.
    """

    bucket: str = ""

    def letters(self) -> Iterator[Letter]:
        """Every mail that lies there."""
        if not self.bucket:
            return
        with calling("list received mail"):
            pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
            for page in pages:
                for item in page.get("Contents", ()):
                    content = Archive(self.bucket).found(item["Key"])
                    if content is not None:
                        yield Letter(item["Key"], item["LastModified"], content)

    def holds(self, url: str) -> bool:
        """Whether an address is of this bucket: s3://bucket/key."""
        return bool(self.bucket) and url.startswith(f"s3://{self.bucket}/")

    def forget(self, key: str) -> None:
        """Remove a mail, by its key or by its address; harmless to repeat."""
        with calling("remove a received mail"):
            client("s3").delete_object(
                Bucket=self.bucket, Key=key.removeprefix(f"s3://{self.bucket}/")
            )
