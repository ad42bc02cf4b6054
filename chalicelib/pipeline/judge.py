"""judge: what an asynchronous endpoint answered -> enrichments -> folded and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import enrich
from chalicelib.adapters.asynchronous import Notice
from chalicelib.adapters.telemetry import warn
from chalicelib.adapters.world import World
from chalicelib.errors import HubError
from chalicelib.pipeline.asking import ASKED, asynchronous, set_aside
from chalicelib.pipeline.understand import settle


def judge(world: World, notices: Sequence[Notice]) -> list[Notice]:
    """Take in answers; the notices that must come again. A notice may come twice."""
    again = []
    for notice in notices:
        try:
            _take_in(world, notice)
        except HubError as error:
            warn("an answer could not be taken in", question=notice.question, why=str(error))
            again.append(notice)
    return again


def _take_in(world: World, notice: Notice) -> None:
    if not notice.question.startswith(ASKED):
        return  # a command waits for that answer by itself
    endpoint = asynchronous(world)
    question = endpoint.read(notice.question)
    if question is None:
        return  # taken in before
    answer = endpoint.read(notice.answer) if notice.answer else None
    if answer is None:
        warn("the model endpoint failed", question=notice.question, why=notice.reason)
        set_aside(endpoint, notice.question, question)
    else:
        _count(world, json.loads(question), answer)
    endpoint.remove(notice.question, notice.answer)


def _count(world: World, question: Mapping[str, Any], answer: bytes) -> None:
    enrichments = enrich.read(answer, [text["text"] for text in question["texts"]])
    judged = {
        (key, message): enrichment
        for (key, message), enrichment in zip(question["of"], enrichments, strict=True)
    }
    settle(world, judged)
    world.count("texts_judged", len(judged))
