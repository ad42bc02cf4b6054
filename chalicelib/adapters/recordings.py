"""Recordings in the archive bucket, from the vendor's copy until their words are stored.

    recordings/SOURCE/INTERACTION/EVENT     both as digests: ids may be long, and hold anything

The object's metadata say which event it belongs to, so an answer about it finds its way back; and
where the object is gone, because somebody was erased, an answer finds nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import calling, client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Job, read_job, write_job
from chalicelib.errors import Retryable, Unreadable

PREFIX = "recordings/"
_JOB = "job"
#: S3 takes 2 kB of metadata in all.
_LONGEST_JOB = 1900


@dataclass(frozen=True)
class RecordingShelf:
    """S3, encrypted and expiring as raw payloads do."""

    bucket: str

    def put(self, job: Job, sound: IO[bytes], content_type: str) -> str:
        """Store a recording; its key, the same at every try. Raises Retryable, Misconfigured.

        Unreadable where the event's identity is too long to be kept with it.
        """
        told = write_job(job)
        if len(told) > _LONGEST_JOB:
            raise Unreadable("the identity of a recorded call is too long to be kept with it")
        key = place(job.key)
        with calling("store a recording"):
            client("s3", 60).put_object(
                Bucket=self.bucket,
                Key=key,
                Body=sound,
                ContentType=content_type,
                Metadata={_JOB: told},
            )
        return key

    def job_of(self, key: str) -> Job | None:
        """The job that a recording belongs to; None where it is gone."""
        try:
            with calling("look at a recording"):
                found = client("s3").head_object(Bucket=self.bucket, Key=key)
        except Retryable as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "404":
                return None
            raise
        return read_job(found["Metadata"][_JOB])

    def forget(self, interaction: str) -> int:
        """Remove the recordings of an interaction; how many. Harmless to repeat."""
        s3, removed = client("s3"), 0
        with calling("remove recordings"):
            pages = s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=_folder(interaction)
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    s3.delete_object(Bucket=self.bucket, Key=item["Key"])
                    removed += 1
        return removed


def place(key: EventKey) -> str:
    """Where the recording of an event lies."""
    return _folder(key.interaction) + _digest(key.event_id)


def _folder(interaction: str) -> str:
    source = interaction.partition("#")[0]
    return f"{PREFIX}{source}/{_digest(interaction)}/"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
