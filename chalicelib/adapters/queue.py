"""The events queue: keys of stored events, waiting to be understood."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.adapters.clients import calling, client
from chalicelib.adapters.log import EventKey
from chalicelib.errors import Retryable, Unreadable

_BATCH = 10  # SQS takes ten messages a call


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


def read_key(body: str) -> EventKey:
    """The key in a queue message. Raises Unreadable for any other body."""
    try:
        interaction, event_id = json.loads(body)
    except (ValueError, TypeError) as error:
        raise Unreadable("a queue message is not [interaction, event_id]") from error
    if not (isinstance(interaction, str) and isinstance(event_id, str)):
        raise Unreadable("a queue message is not two strings")
    return EventKey(interaction, event_id)
