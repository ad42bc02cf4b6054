"""Lambda's SQS poller: collects batches, calls the function, deletes what it finished.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clients import client
from infra.local.functions import FunctionFailed, Functions
from infra.local.stack import QueueMapping

_LOG = logging.getLogger(__name__)
_RECEIVE = 10  # the most that one ReceiveMessage gives
_IDLE_S = 1.0  # how long to sleep where no message wakes the poller


class Dispatcher:
    """One thread that serves one mapping while entered.

    `wake` must be called when a message enters a queue. `visibility_s` may shorten the
    template's for tests.
    """

    def __init__(
        self,
        mapping: QueueMapping,
        functions: Functions,
        region: str,
        visibility_s: int | None = None,
    ) -> None:
        self._mapping = mapping
        self._functions = functions
        self._region = region
        self._visibility_s = mapping.visibility_s if visibility_s is None else visibility_s
        self._arrived = threading.Event()
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self.batches = 0
        self.seconds = 0.0

    def wake(self) -> None:
        self._arrived.set()

    def hurry(self, on: bool) -> None:
        """Do not wait for a fuller batch: somebody waits for the queue to drain."""
        self._hurry.set() if on else self._hurry.clear()

    def __enter__(self) -> Dispatcher:
        self._thread = threading.Thread(target=self._run, name=f"poll-{self._mapping.function}")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._arrived.set()
        self._thread.join()

    def _run(self) -> None:
        sqs = client("sqs")
        while not self._stopping.is_set():
            self._arrived.wait(_IDLE_S)
            self._arrived.clear()
            try:
                while not self._stopping.is_set() and self._serve_one(sqs):
                    pass
            except (BotoCoreError, ClientError):
                # Lambda's poller does not die of a queue that does not answer.
                _LOG.exception("polling %s failed; it goes on", self._mapping.queue_url)

    def _serve_one(self, sqs: Any) -> bool:
        """Serve one batch; False when the queue had nothing."""
        messages = self._collect(sqs)
        if not messages:
            return False
        started = time.perf_counter()
        try:
            done = self._done(messages)
            for start in range(0, len(done), _RECEIVE):
                sqs.delete_message_batch(
                    QueueUrl=self._mapping.queue_url,
                    Entries=[
                        {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
                        for i, message in enumerate(done[start : start + _RECEIVE])
                    ],
                )
        finally:
            self.batches += 1
            self.seconds += time.perf_counter() - started
        return True

    def _collect(self, sqs: Any) -> list[dict[str, Any]]:
        """Up to a batch of messages: at once when full, else when the window has passed."""
        messages: list[dict[str, Any]] = []
        deadline: float | None = None
        while len(messages) < self._mapping.batch_size:
            found = sqs.receive_message(
                QueueUrl=self._mapping.queue_url,
                MaxNumberOfMessages=min(_RECEIVE, self._mapping.batch_size - len(messages)),
                VisibilityTimeout=self._visibility_s,
                AttributeNames=["All"],
            ).get("Messages", [])
            messages += found
            if len(found) == _RECEIVE:
                continue
            if not messages or self._stopping.is_set() or self._hurry.is_set():
                break
            deadline = deadline or time.monotonic() + self._mapping.window_s
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._arrived.wait(left)
            self._arrived.clear()
        return messages

    def _done(self, messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The messages that the function finished."""
        event = {"Records": [self._record(message) for message in messages]}
        try:
            reply = self._functions.invoke(self._mapping.function, event)
        except FunctionFailed:
            return []
        failed = failed_ids(reply, {m["MessageId"] for m in messages})
        if not self._mapping.reports_failures:
            failed = set()  # Lambda would not read the reply
        return [message for message in messages if message["MessageId"] not in failed]

    def _record(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": dict(message["Attributes"]),
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(message["Body"].encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.queue_arn,
            "awsRegion": self._region,
        }


def failed_ids(reply: Any, sent: set[str]) -> set[str]:
    """The messages that Lambda keeps in the queue after a function's reply.

    None or an empty list means all done; an unknown or empty id means that all failed.
    """
    if not isinstance(reply, Mapping):
        return set()
    failures = reply.get("batchItemFailures") or []
    try:
        failed = {failure["itemIdentifier"] for failure in failures}
    except (TypeError, KeyError):
        return set(sent)
    return failed if failed <= sent else set(sent)
