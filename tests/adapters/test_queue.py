"""A message carries the trace of what sent it: the SDK adds it, which the trace map depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.queue import Queue
from chalicelib.adapters.settings import Settings

TRACE = "Root=1-691c3a20-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
HEADER = "X-Amzn-Trace-Id"


@pytest.fixture
def sent(aws: Settings) -> Iterator[list[Any]]:
    """The headers of each call to SQS."""
    found: list[Any] = []

    def seen(request: Any, **_: Any) -> None:
        found.append(request.headers)

    events = client("sqs").meta.events
    events.register("before-send.sqs", seen)
    yield found
    events.unregister("before-send.sqs", seen)


@pytest.mark.parametrize("messages", [1, 2], ids=["one", "a batch"])
def test_lambdas_trace_goes_with_what_is_queued(
    aws: Settings, sent: list[Any], monkeypatch: pytest.MonkeyPatch, messages: int
) -> None:
    """SQS hands it on with the message, and Lambda links the traces by it.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
    """
    queue, keys = Queue(aws.events_queue_url), [EventKey("a", str(n)) for n in range(messages)]
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    queue.put(keys)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "oivallus-dev-APIHandler")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    queue.put(keys)
    elsewhere, in_lambda = sent
    assert HEADER not in elsewhere
    value = in_lambda[HEADER]
    assert (value.decode() if isinstance(value, bytes) else value) == TRACE
