"""The stack's dead-letter queues: what they hold, and giving it back to work or throwing it away.

The queues are those that the template makes dead-letter queues of, so that none is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.asynchronous import read_notice
from chalicelib.adapters.clients import calling, client
from chalicelib.adapters.world import World
from chalicelib.errors import HubError, Unreadable
from chalicelib.pipeline import digests
from infra.commands.worlds import Hub
from infra.template import DEV, merge_template

#: How long a message that is looked at is hidden from others, seconds.
_LOOKED_AT_S = 120
_RECEIVE = 10  # the most that SQS gives at once
_NAME = "${AWS::StackName}-"
_UNKNOWN = "a message of unknown form"


@dataclass(frozen=True)
class DeadQueue:
    """One dead-letter queue. `source` is the URL of the queue it serves; "" for failed calls."""

    name: str
    url: str
    source: str

    def depth(self) -> int:
        """About how many messages it holds, those that somebody looks at included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with calling(f"count {self.name}"):
            found = client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)


@dataclass(frozen=True)
class Letter:
    """One message that nobody could work off.

    `what` names it by ids, without words; `reason` is why it was given up, where that is known.
    """

    id: str
    queue: str
    sent_at: datetime
    received: int
    what: str
    reason: str
    body: str
    handle: str


def queues(hub: Hub) -> list[DeadQueue]:
    """Every dead-letter queue of the hub's stack."""
    resources = merge_template(hub.settings.stage if hub.where.stage else DEV)["Resources"]
    base = hub.settings.events_queue_url.rpartition("/")[0]
    named = {
        logical: str(of["Properties"]["QueueName"]["Fn::Sub"]).removeprefix(_NAME)
        for logical, of in resources.items()
        if of.get("Type") == "AWS::SQS::Queue"
    }
    found = []
    for dead, source in sorted(set(_targets(resources))):
        url = f"{base}/{hub.stack}-{named[source]}" if source else ""
        found.append(DeadQueue(named[dead], f"{base}/{hub.stack}-{named[dead]}", url))
    return found


def _targets(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(dead-letter queue, the queue it serves or ''), by logical id."""
    for logical, resource in resources.items():
        properties = resource.get("Properties", {})
        if "RedrivePolicy" in properties:
            # A subscription's letters are its topic's; no queue takes them again.
            source = logical if resource["Type"] == "AWS::SQS::Queue" else ""
            yield properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0], source
        if "DeadLetterQueue" in properties:
            yield properties["DeadLetterQueue"]["TargetArn"]["Fn::GetAtt"][0], ""


def letters(queue: DeadQueue) -> Iterator[Letter]:
    """The messages of a queue, each once; nobody else sees them for a while, see `release`."""
    seen: set[str] = set()
    while True:
        with calling(f"read {queue.name}"):
            found = client("sqs").receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=_RECEIVE,
                VisibilityTimeout=_LOOKED_AT_S,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        new = [m for m in found.get("Messages", []) if m["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield _letter(queue, message)


def _letter(queue: DeadQueue, message: Mapping[str, Any]) -> Letter:
    attributes = message.get("Attributes", {})
    told = message.get("MessageAttributes", {})
    # Ours say "reason"; Lambda's failed calls say "ErrorMessage".
    why = told.get("reason") or told.get("ErrorMessage") or {}
    return Letter(
        id=message["MessageId"],
        queue=queue.name,
        sent_at=datetime.fromtimestamp(int(attributes.get("SentTimestamp", 0)) / 1000, UTC),
        received=int(attributes.get("ApproximateReceiveCount", 0)),
        what=_what(message["Body"]),
        reason=str(why.get("StringValue", ""))[:300],
        body=message["Body"],
        handle=message["ReceiptHandle"],
    )


def _what(body: str) -> str:
    """What a message is about, by ids: an event's key, an answer, a schedule, or mail events."""
    try:
        content = json.loads(body)
    except ValueError:
        return f"{len(body)} characters that are not JSON"
    if isinstance(content, list) and content:
        return " ".join(str(part) for part in content[:2])
    return _named(content, body) if isinstance(content, dict) else _UNKNOWN


def _named(content: Mapping[str, Any], body: str) -> str:
    """What a message that is an object is about."""
    if "Records" in content:
        return f"{len(content['Records'])} mail events"
    if content.get("detail-type") == "Scheduled Event":
        return f"schedule {str((content.get('resources') or ['?'])[0]).rpartition('/')[2]}"
    try:
        notice = read_notice(body)
    except Unreadable:
        return _UNKNOWN
    return f"{'answer to' if notice.answer else 'failure at'} {notice.question}"


def release(queue: DeadQueue, letter: Letter) -> None:
    """Let others see a message again at once."""
    with calling(f"release a message of {queue.name}"):
        client("sqs").change_message_visibility(
            QueueUrl=queue.url, ReceiptHandle=letter.handle, VisibilityTimeout=0
        )


def discard(queue: DeadQueue, letter: Letter) -> None:
    """Throw a message away."""
    with calling(f"discard a message of {queue.name}"):
        client("sqs").delete_message(QueueUrl=queue.url, ReceiptHandle=letter.handle)


def redrive(world: World, queue: DeadQueue, letter: Letter) -> str:
    """Give a message back to work, then take it out; what was done, or why it is left.

    Whoever works it off is idempotent: a stop between the two does no harm.
    """
    if queue.source:
        with calling("redrive a message"):
            client("sqs").send_message(QueueUrl=queue.source, MessageBody=letter.body)
    else:
        left = _call_again(world, letter)
        if left:
            return left
    discard(queue, letter)
    return "redriven"


def _call_again(world: World, letter: Letter) -> str:
    """Work off what a failed call was about; why not, where that is not possible."""
    if letter.what.startswith("schedule "):
        return "left: a schedule runs again by itself; discard it"
    try:
        records = json.loads(letter.body)["Records"]
        for record in records:
            digests.record_mail(world, record["Sns"]["Message"])
    except HubError as error:
        return f"left: {error}"
    except (ValueError, KeyError, TypeError):
        return "left: its form is not known; see it with `hub dead show --text`"
    return ""


def chosen(queue: DeadQueue, ids: Collection[str]) -> Iterator[Letter]:
    """The messages with these ids (or that begin so), all without; the others stay visible."""
    others: list[Letter] = []
    try:
        for letter in letters(queue):
            if not ids or any(letter.id.startswith(wanted) for wanted in ids):
                yield letter
            else:
                others.append(letter)
    finally:
        # Not before the end: SQS would give them again instead of those behind them.
        for letter in others:
            release(queue, letter)
