"""Dialogues with a vendor's API, played against recorded answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.connectors.vendor_api import Answer, Call, Dialogue, run

T = TypeVar("T")
Step = tuple[str, Answer]


def told(body: object, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), headers)


def played(dialogue: Dialogue[T], *steps: Step) -> tuple[T, list[Call]]:
    """The dialogue's result and its calls, which must be exactly those of `steps`, in order.

    A step is 'METHOD URL' and what the vendor answers.
    """
    calls: list[Call] = []
    result = run(dialogue, _answers(steps, calls))
    assert len(calls) == len(steps), f"the dialogue ended after {len(calls)} calls"
    return result, calls


def _answers(steps: Sequence[Step], calls: list[Call]) -> Callable[[Call], Answer]:
    def send(call: Call) -> Answer:
        assert len(calls) < len(steps), f"an unexpected call: {call.method} {call.url}"
        expected, answer = steps[len(calls)]
        assert f"{call.method} {call.url}" == expected
        calls.append(call)
        return answer

    return send
