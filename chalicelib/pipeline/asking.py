"""Ask an asynchronous endpoint: questions in the bucket, until their answers are counted.

`understand` counts an interaction at once and asks about its messages; the answer comes minutes
later, when the endpoint has woken up, and `judge` counts it. Meanwhile a question lies under

    asked/N/ID    handed over, after N failed tries
    failed/N/ID   the endpoint failed; `ask_again` hands it over again

After TRIES a question is halved, until the text at which the endpoint fails stands alone. That
text stays unjudged and is counted as refused; `hub reenrich` can judge it with a better model.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import enrich
from chalicelib.adapters.asynchronous import FORGOTTEN_AFTER, AsynchronousEndpoint
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured
from chalicelib.interaction import Message
from chalicelib.organisation import Organisation

ASKED = "asked/"
FAILED = "failed/"
#: How often the same question is asked before it is halved.
TRIES = 3

Question = Mapping[str, Any]


def ask(world: World, organisation: Organisation, wanted: Sequence[tuple[str, Message]]) -> None:
    """Ask about messages, each with its interaction's key, in as few questions as fit.

    Raises Retryable or Misconfigured. Asking twice is harmless.
    """
    for positions in enrich.batches([message.text for _, message in wanted]):
        part = [wanted[position] for position in positions]
        texts = [message.text for _, message in part]
        question = json.loads(enrich.request(texts, organisation, world.heads.text()))
        question["of"] = [[key, message.message_id] for key, message in part]
        _hand_over(asynchronous(world), question, 0)


def set_aside(endpoint: AsynchronousEndpoint, key: str, question: bytes) -> None:
    """Keep a question that the endpoint failed at, for `ask_again`."""
    endpoint.put(FAILED + key.removeprefix(ASKED), question)


def ask_again(world: World) -> None:
    """Ask anew what the endpoint failed at, and what no notice ever came of."""
    if world.asynchronous is None:
        return
    for prefix, before in (
        (FAILED, datetime.max.replace(tzinfo=world.clock().tzinfo)),
        (ASKED, world.clock() - FORGOTTEN_AFTER),
    ):
        for key in world.asynchronous.listed(prefix, before):
            _ask_again(world, world.asynchronous, key)


def _ask_again(world: World, endpoint: AsynchronousEndpoint, key: str) -> None:
    body = endpoint.read(key)
    if body is None:
        return
    question = json.loads(body)
    tries = int(key.split("/")[1]) + 1
    if tries < TRIES:
        _hand_over(endpoint, question, tries)
    elif len(question["texts"]) > 1:
        for half in halves(question):
            _hand_over(endpoint, half, 0)
    else:
        warn("the model endpoint refuses a message", interaction=question["of"][0][0][:80])
        world.count("texts_refused", 1)
    endpoint.remove(key)


def halves(question: Question) -> tuple[Question, Question]:
    """The question in two; texts are known by their position, so they are numbered anew."""
    middle = len(question["texts"]) // 2
    return _part(question, slice(middle)), _part(question, slice(middle, None))


def _part(question: Question, part: slice) -> Question:
    texts = [{**text, "id": str(i)} for i, text in enumerate(question["texts"][part])]
    return {**question, "texts": texts, "of": question["of"][part]}


def _hand_over(endpoint: AsynchronousEndpoint, question: Question, tries: int) -> None:
    body = json.dumps(question, ensure_ascii=False).encode()
    endpoint.ask(f"{ASKED}{tries}/{uuid.uuid4().hex}.json", body)


def asynchronous(world: World) -> AsynchronousEndpoint:
    """The asynchronous endpoint. Raises Misconfigured where the hub asks in real time."""
    if world.asynchronous is None:
        raise Misconfigured(
            "an answer of an asynchronous endpoint came to a hub that asks in real time; deploy "
            "with ModelMode=asynchronous"
        )
    return world.asynchronous
