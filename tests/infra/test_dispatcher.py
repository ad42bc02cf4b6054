"""The poller's rules: batches, partial failures, dead letters."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from infra.local.aws import local_aws
from infra.local.dispatcher import Dispatcher, failed_ids
from infra.local.functions import FunctionFailed
from infra.local.hub import REGION, fresh_clients
from infra.local.stack import QueueMapping, Stack, create
from infra.template import DEV, merge_template


class Function:
    """Stands for Lambda: fails what says so, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @property
    def messages(self) -> list[str]:
        return [message for batch in self.batches for message in batch]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        assert function == "Understand"
        bodies = [record["body"] for record in event["Records"]]
        self.batches.append(bodies)
        if "crash" in bodies:
            raise FunctionFailed("MemoryError: told to")
        failed = [r["messageId"] for r in event["Records"] if r["body"] == "poison"]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


@pytest.fixture
def stack() -> Iterator[Stack]:
    template = merge_template(DEV)
    resources = template["Resources"]
    resources["EventsQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"] = 2
    event = resources["Understand"]["Properties"]["Events"]["UnderstandSqsEventSource"]
    event["Properties"] |= {"MaximumBatchingWindowInSeconds": 0.2, "BatchSize": 15}
    with local_aws(REGION, lambda: None), fresh_clients():
        yield create(template, "oivallus-test", REGION)


def feeding_understand(stack: Stack) -> QueueMapping:
    return next(mapping for mapping in stack.mappings if mapping.function == "Understand")


def run(stack: Stack, bodies: list[str], until: Any, visibility_s: int = 1) -> Function:
    """Queue messages, and poll until `until` holds."""
    function = Function()
    mapping = feeding_understand(stack)
    for body in bodies:
        client("sqs").send_message(QueueUrl=mapping.queue_url, MessageBody=body)
    dispatcher = Dispatcher(mapping, function, REGION, visibility_s)  # type: ignore[arg-type]
    with dispatcher:
        deadline = time.monotonic() + 20
        while not until(function):
            assert time.monotonic() < deadline, function.batches
            dispatcher.wake()
            time.sleep(0.02)
    return function


def depth(url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_a_batch_is_as_large_as_the_mapping_says(stack: Stack) -> None:
    bodies = [str(number) for number in range(20)]
    queue = stack.queues["EventsQueue"]
    function = run(stack, bodies, lambda _: depth(queue) == 0, visibility_s=30)
    assert [len(batch) for batch in function.batches] == [15, 5]
    assert sorted(function.messages) == sorted(bodies)


def test_only_the_failed_message_comes_again_and_then_is_set_aside(stack: Stack) -> None:
    dead = stack.queues["EventsDeadLetterQueue"]
    function = run(stack, ["good", "poison"], lambda _: depth(dead) == 1)
    assert function.messages.count("good") == 1
    assert function.messages.count("poison") == 2
    assert depth(stack.queues["EventsQueue"]) == 0


def test_a_crash_keeps_the_whole_batch(stack: Stack) -> None:
    queue = stack.queues["EventsQueue"]
    run(stack, ["crash", "good"], lambda function: len(function.batches) == 1, visibility_s=30)
    assert depth(queue) == 2


@pytest.mark.parametrize(
    ("reply", "failed"),
    [
        pytest.param(None, set(), id="no reply: all done"),
        pytest.param({"batchItemFailures": []}, set(), id="none failed"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}, id="one failed"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}, id="empty id"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": "z"}]}, {"a", "b"}, id="unknown"),
        pytest.param({"batchItemFailures": [{"wrong": "a"}]}, {"a", "b"}, id="no id"),
    ],
)
def test_failures_are_read_as_lambda_reads_them(reply: object, failed: set[str]) -> None:
    assert failed_ids(reply, {"a", "b"}) == failed


def test_no_message_is_lost_between_threads(stack: Stack) -> None:
    # moto alone loses some: it replaces the queue's list while another thread appends to it.
    queue = stack.queues["EventsQueue"]
    function = Function()
    dispatcher = Dispatcher(feeding_understand(stack), function, REGION, 30)  # type: ignore[arg-type]
    dispatcher.hurry(True)

    def send(sender: int) -> None:
        for number in range(25):
            body = json.dumps([sender, number])
            client("sqs").send_message(QueueUrl=queue, MessageBody=body)
            dispatcher.wake()

    with dispatcher:
        senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        deadline = time.monotonic() + 20
        while depth(queue) and time.monotonic() < deadline:
            dispatcher.wake()
            time.sleep(0.02)
    got = function.messages
    assert len(got) == len(set(got)) == 100
