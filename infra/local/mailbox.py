"""SES's twin: the mails that moto took, and the events that SES would publish about them.

Event format: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from moto.ses.models import ses_backends

from infra.local.references import ACCOUNT

SnsEvent = Mapping[str, Any]


@dataclass(frozen=True)
class Mail:
    """One mail that left: to whom, and its MIME bytes."""

    recipient: str
    content: bytes


class Mailbox:
    """Watches moto's SES. `publish` gets the SNS event of each mail that left."""

    def __init__(
        self,
        region: str,
        topic_arn: str,
        publish: Callable[[SnsEvent], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._backend = ses_backends[ACCOUNT][region]
        self._topic_arn = topic_arn
        self._publish = publish
        self._clock = clock
        self._seen = 0
        self._lock = threading.Lock()
        self._mails: list[Mail] = []

    def mails(self) -> list[Mail]:
        """Every mail so far, oldest first."""
        return list(self._mails)

    def restore(self, mails: list[Mail]) -> None:
        """Put back the mails of an earlier run."""
        self._mails = mails + self._mails

    def pump(self) -> int:
        """Publish what happened to mails that moto took since the last call; how many."""
        with self._lock:
            new = self._backend.sent_messages[self._seen :]
            self._seen += len(new)
        for message in new:
            content = message.raw_data.encode()
            # moto adds the To header to the destinations that the call named.
            message.destinations = list(dict.fromkeys(message.destinations))
            self._mails += [Mail(recipient, content) for recipient in message.destinations]
            for event in self._events(message, content):
                self._publish(event)
        return len(new)

    def _events(self, message: Any, content: bytes) -> Iterator[SnsEvent]:
        headers = message_from_bytes(content, policy=policy.default)
        configuration_set = headers.get("X-SES-CONFIGURATION-SET")
        if not configuration_set:
            return  # SES publishes nothing for a mail without one
        tags = {"ses:configuration-set": [configuration_set]}
        for tag in filter(None, str(headers.get("X-SES-MESSAGE-TAGS", "")).split(",")):
            name, _, value = tag.strip().partition("=")
            tags[name] = [value]
        mail = {
            "timestamp": self._clock().isoformat(),
            "messageId": message.id,
            "source": message.source,
            "sendingAccountId": ACCOUNT,
            "destination": message.destinations,
            "tags": tags,
        }
        for kind, detail in (("Send", {}), ("Delivery", {"recipients": message.destinations})):
            yield self._notification({"eventType": kind, "mail": mail, kind.lower(): detail})

    def _notification(self, event: Mapping[str, Any]) -> SnsEvent:
        sns = {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": self._topic_arn,
            "Subject": "Amazon SES Email Event Notification",
            "Message": json.dumps(event),
            "Timestamp": self._clock().isoformat(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        }
        return {
            "Records": [
                {
                    "EventSource": "aws:sns",
                    "EventVersion": "1.0",
                    "EventSubscriptionArn": f"{self._topic_arn}:{uuid.uuid4()}",
                    "Sns": sns,
                }
            ]
        }
