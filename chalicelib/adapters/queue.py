"""The queues: keys of stored events, waiting to be understood or to be completed by the vendor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chalicelib.adapters.clients import calling, client
from chalicelib.adapters.log import EventKey
from chalicelib.errors import Retryable, Unreadable

_BATCH = 10  # SQS takes ten messages a call
MAX_DELAY_S = 900  # SQS's limit


@dataclass(frozen=True)
class Queue:
    """SQS; at least once, in any order. Understanding is idempotent, so that is enough."""

    url: str

    def put(self, keys: Sequence[EventKey]) -> None:
        """Queue keys, one message each. Raises Retryable unless every one was taken."""
        for start in range(0, len(keys), _BATCH):
            self._send(keys[start : start + _BATCH])

    def _send(self, keys: Sequence[EventKey]) -> None:
        sqs = client("sqs")
        with calling("queue an event"):
            if len(keys) == 1:
                sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(keys[0]))
                return
            reply = sqs.send_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(i), "MessageBody": json.dumps(key)} for i, key in enumerate(keys)
                ],
            )
        if reply.get("Failed"):
            raise Retryable(f"could not queue {len(reply['Failed'])} of {len(keys)} events")


class Job(NamedTuple):
    """An event to complete from its vendor's API.

    `tries` are those that failed; being told to wait is none. `since` is when it was first queued
    (Unix seconds), 0 where nobody has tried yet.
    """

    key: EventKey
    tries: int = 0
    since: int = 0


@dataclass(frozen=True)
class FetchQueue(Queue):
    """Events that wait for their vendor's API, and the dead letters of those who gave up.

    A message that must wait is sent anew with a delay, because SQS would count its coming again
    as one of the receptions after which it is a dead letter.
    """

    dead_url: str = ""

    def put_later(self, job: Job, delay_s: float) -> None:
        """Queue a job again, to come in `delay_s` (0..900) seconds. Raises Retryable."""
        delay = max(0, min(MAX_DELAY_S, round(delay_s)))
        with calling("queue a fetch again"):
            client("sqs").send_message(
                QueueUrl=self.url, MessageBody=write_job(job), DelaySeconds=delay
            )

    def bury(self, key: EventKey, reason: str) -> None:
        """Set an event aside as a dead letter, with why; redriven, it has all its tries again."""
        why: dict[str, Any] = {"StringValue": reason[:1000] or "?", "DataType": "String"}
        with calling("set a fetch aside"):
            client("sqs").send_message(
                QueueUrl=self.dead_url,
                MessageBody=json.dumps(key),
                MessageAttributes={"reason": why},
            )


def write_job(job: Job) -> str:
    """What `read_job` reads: ASCII, whatever the ids hold."""
    return json.dumps([*job.key, job.tries, job.since])


def read_job(body: str) -> Job:
    """The job in a message of the fetch queue, whoever sent it. Raises Unreadable."""
    try:
        interaction, event_id, *counts = json.loads(body)
        key = read_key(json.dumps([interaction, event_id]))
        tries, since = counts or (0, 0)
    except (ValueError, TypeError) as error:
        raise Unreadable("a message is not [interaction, event_id, tries, since]") from error
    if not (isinstance(tries, int) and isinstance(since, int)):
        raise Unreadable("a message's tries are not numbers")
    return Job(key, tries, since)


def read_key(body: str) -> EventKey:
    """The key in a queue message. Raises Unreadable for any other body."""
    try:
        interaction, event_id = json.loads(body)
    except (ValueError, TypeError) as error:
        raise Unreadable("a queue message is not [interaction, event_id]") from error
    if not (isinstance(interaction, str) and isinstance(event_id, str)):
        raise Unreadable("a queue message is not two strings")
    return EventKey(interaction, event_id)
