"""The asynchronous model endpoint: questions lie in the bucket, and notices tell of the answers.

SageMaker takes a question from S3, writes the answer to S3 and publishes a notice, so the
endpoint may scale to zero. https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import calling, client
from chalicelib.errors import Retryable, Unreadable

#: What nobody's notice shall settle: somebody waits for the answer.
_WAITED = "waited/"
_JSON = "application/json"
#: What a failure may be called; nothing else of SageMaker's words on it is kept.
_KINDS = (
    "Expired",
    "ModelError",
    "ModelNotReady",
    "InternalFailure",
    "InternalServer",
    "ServiceUnavailable",
    "Throttling",
    "Validation",
    "AccessDenied",
    "NoSuchKey",
    "client error",
    "server error",
    "timed out",
    "out of memory",
)
_STATUS = re.compile(r"\b[45]\d\d\b")
#: A question without any notice is asked again: SageMaker itself forgets it after 6 hours.
FORGOTTEN_AFTER = timedelta(hours=7)
#: What SageMaker allows for an answer at most, and where nothing is said a quarter of.
LONGEST_S = 3600
USUAL_S = 900


class Notice(NamedTuple):
    """SageMaker's word on one question: keys in the bucket; no `answer` when it failed.

    `reason` is of kinds and a status, such as "ModelError 500": no word of what was asked.
    """

    question: str
    answer: str | None
    reason: str = ""


@dataclass(frozen=True)
class AsynchronousEndpoint:
    """One endpoint with the bucket that its questions and answers lie in."""

    name: str
    bucket: str
    poll_s: float = 1.0
    patience_s: float = 900
    answer_s: int = USUAL_S  # what the container may take, with what waits in it before

    def ask(self, key: str, body: bytes, content_type: str = _JSON) -> str:
        """Store a question and hand it over; the key that its answer will have.

        Raises Retryable or Misconfigured; repeating is harmless but for the cost.
        """
        self.put(key, body, content_type)
        return self.hand_over(key, content_type)

    def put(self, key: str, body: bytes, content_type: str = _JSON) -> None:
        with calling("store a question to the model"):
            client("s3").put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=content_type
            )

    def hand_over(self, key: str, content_type: str = _JSON, attributes: str = "") -> str:
        """Ask what lies under `key`; the key of the answer.

        `attributes` (visible ASCII, 1,024 at most) reach the container as they are.
        """
        with calling(f"ask the model endpoint {self.name}"):
            reply = client("sagemaker-runtime", 60).invoke_endpoint_async(
                EndpointName=self.name,
                InputLocation=f"s3://{self.bucket}/{key}",
                ContentType=content_type,
                InvocationTimeoutSeconds=self.answer_s,
                **({"CustomAttributes": attributes} if attributes else {}),
            )
        return _key(reply["OutputLocation"])

    def invoke(self, body: bytes) -> bytes:
        """Ask and wait, as the real-time endpoint would: for commands, not for functions.

        Raises Retryable when no answer comes within `patience_s`.
        """
        question = f"{_WAITED}{uuid.uuid4().hex}.json"
        answer = self.ask(question, body)
        deadline = time.monotonic() + self.patience_s
        while (found := self.read(answer)) is None:
            if time.monotonic() > deadline:
                raise Retryable(f"model endpoint {self.name}: no answer in {self.patience_s:g} s")
            time.sleep(self.poll_s)
        self.remove(question, answer)
        return found

    def read(self, key: str) -> bytes | None:
        """What lies under a key; None when nothing does (any more). Raises Retryable."""
        try:
            with calling("read from the archive"):
                body: bytes = client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except Retryable as error:
            if _missing(error.__cause__):
                return None
            raise
        return body

    def remove(self, *keys: str | None) -> None:
        """Take what is done out of the bucket; harmless to repeat."""
        for key in filter(None, keys):
            with calling("remove from the archive"):
                client("s3").delete_object(Bucket=self.bucket, Key=key)

    def listed(self, prefix: str, before: datetime) -> Iterator[str]:
        """Keys under a prefix that were written before a time."""
        pages = client("s3").get_paginator("list_objects_v2")
        with calling("list the archive"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    if item["LastModified"] < before:
                        yield item["Key"]


def _missing(error: BaseException | None) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchKey"


def _key(location: str) -> str:
    """s3://bucket/the/key -> the/key."""
    return location.removeprefix("s3://").partition("/")[2]


def read_notice(body: str) -> Notice:
    """The notice in a queue's message, raw or in its topic's envelope. Raises Unreadable."""
    try:
        told: Any = json.loads(body)
        if "Message" in told:
            told = json.loads(told["Message"])
        question = _key(told["requestParameters"]["inputLocation"])
        if told["invocationStatus"] == "Completed":
            return Notice(question, _key(told["responseParameters"]["outputLocation"]))
        reason = f"{told['invocationStatus']} {told.get('failureReason', '')}"
        return Notice(question, None, _kind(reason))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable("a message is not a notice of an asynchronous endpoint") from error


def _kind(reason: str) -> str:
    """Kinds of `_KINDS` and a status, such as "server error 500".

    What stands before the container's message tells of the call; the rest may be anybody's words.
    """
    call = reason.partition(" with message")[0].lower()
    status = _STATUS.search(call)
    kinds = [kind for kind in _KINDS if kind.lower() in call]
    return " ".join([*kinds, status[0] if status else ""]).strip() or "of an unknown kind"
