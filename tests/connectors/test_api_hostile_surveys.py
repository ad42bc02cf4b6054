"""Whatever a survey vendor's API answers, a dialogue ends in valid events or a named error."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Credentials, Dialogue, Page, run
from chalicelib.errors import HubError, Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event
from tests.connectors import (
    test_api_delighted,
    test_api_formbricks,
    test_api_qualtrics,
    test_api_surveymonkey,
    test_api_tally,
    test_api_typeform,
)
from tests.connectors.test_hostile import NASTY, mutated, places
from tests.connectors.validity import assert_valid

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
CREDENTIALS: Credentials = dict.fromkeys(
    ("token", "api_key", "client_id", "client_secret"), "fixture"
)
Answers = list[tuple[str, Any]]  # (the end of a URL's path, the JSON that is answered)


def surveymonkey() -> Answers:
    api = test_api_surveymonkey
    response = api.answered(
        q1=[{"row_id": "10", "choice_id": "109"}],
        q2=[{"text": "Hyvä."}],
        q3=[{"row_id": "20", "choice_id": "303"}],
        q4=[{"other_id": "49", "text": "Säilytyspenkki"}],
        q5=[{"row_id": "30", "text": "a@posti.example"}],
    )
    bulk = {"data": [response], "links": {"next": "x"}}
    return [("responses/bulk", bulk), (f"{api.RESPONSE_ID}/details", response), ("", api.survey())]


def qualtrics() -> Answers:
    api = test_api_qualtrics
    response = api.answered(
        QID1=8, QID2_TEXT="Hyvä.", QID3_1=7, QID4=2, recipientEmail="a@b.example"
    )
    progress = {"result": {"status": "complete", "fileId": "f-1"}}
    return [
        ("/file", {"responses": [response]}),
        ("export-responses/ES_1", progress),
        (api.RESPONSE_ID, {"result": response}),
        ("", api.questions()),
    ]


def delighted() -> Answers:
    return [("", [test_api_delighted.response()])]


def formbricks() -> Answers:
    api = test_api_formbricks
    given = {"recommend": 4, "why": "Hyvä.", "service": 6, "reason": "Muu", "who": ["", "", "a@b"]}
    response = api.response(data=given)
    return [
        (f"surveys/{api.SURVEY_ID}", {"data": api.survey()}),
        (f"responses/{api.RESPONSE_ID}", {"data": response}),
        ("", {"data": [response]}),
    ]


def tally() -> Answers:
    listed = test_api_tally.listed(test_api_tally.submission(), more=True)
    return [("", json.loads(listed.body))]


def typeform() -> Answers:
    api = test_api_typeform
    return [("/responses", {"items": [api.item()]}), ("", api.definition())]


VENDORS: dict[str, Callable[[], Answers]] = {
    "surveymonkey": surveymonkey,
    "qualtrics": qualtrics,
    "delighted": delighted,
    "formbricks": formbricks,
    "tally": tally,
    "typeform": typeform,
}
CURSORS = {"qualtrics": '[0, 0, "ES_1", 0]'}
SOURCES: dict[str, Source] = {
    "surveymonkey": test_api_surveymonkey.source(questions={"4": "tag", "3": "ces"}),
    "qualtrics": test_api_qualtrics.source(questions={"QID3": "ces", "QID4": "tag"}),
    "delighted": Source("survey", "delighted"),
    "formbricks": test_api_formbricks.source(questions={"reason": "tag"}),
    "tally": test_api_tally.source(),
    "typeform": test_api_typeform.source(),
}
STUBS: dict[str, Callable[[], Event]] = {
    "surveymonkey": test_api_surveymonkey.stub,
    "qualtrics": test_api_qualtrics.stub,
    "formbricks": test_api_formbricks.stub,
}


def dialogues(name: str) -> list[Callable[[], Dialogue[Any]]]:
    """Everything that reads what the vendor's API answers."""
    connector, source = CONNECTORS[name], SOURCES[name]
    fetch, backfill = connector.fetch, connector.backfill
    assert backfill
    cursor = CURSORS.get(name)
    found: list[Callable[[], Dialogue[Any]]] = [
        lambda: backfill.page(source, CREDENTIALS, SINCE, UNTIL, cursor)
    ]
    if fetch:
        found.append(lambda: fetch.dialogue(STUBS[name](), source, CREDENTIALS))
    return found


def played(dialogue: Dialogue[Any], answers: Answers) -> Sequence[Event] | HubError:
    def send(call: Call) -> Answer:
        path = call.url.partition("?")[0]
        body = next(body for end, body in answers if path.endswith(end))
        return Answer(200, json.dumps(body).encode())

    try:
        result = run(dialogue, send)
    except (Skipped, Unreadable, Misconfigured, Retryable) as error:
        if len(str(error)) >= 500:
            pytest.fail(f"a message of {len(str(error))} characters")
        return error
    assert not isinstance(result, Page) or result.cursor is None or len(result.cursor) < 2000
    events: Sequence[Event] = result.events if isinstance(result, Page) else result
    for event in events:
        assert_valid(event)
    return events


@pytest.mark.parametrize("name", VENDORS)
def test_the_unspoilt_answers_give_events(name: str) -> None:
    for begin in dialogues(name):
        found = played(begin(), VENDORS[name]())
        assert not isinstance(found, HubError), found
        assert found


def telling(path: tuple[Any, ...]) -> bool:
    """Of eleven choices that are alike, two are enough."""
    return not any(key == "choices" and place in range(2, 11) for key, place in pairwise(path))


@pytest.mark.parametrize("name", VENDORS)
def test_every_value_of_every_answer(name: str) -> None:
    good = VENDORS[name]()
    for index, (end, body) in enumerate(good):
        for path in filter(telling, places(body)):
            for place, value in enumerate([*NASTY, "dropped"]):
                spoilt = copy.deepcopy(body)
                mutated(spoilt, path, value, place == len(NASTY))
                answers = [*good[:index], (end, spoilt), *good[index + 1 :]]
                for begin in dialogues(name):
                    played(begin(), answers)


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("body", [None, [], {}, [1], [[]], {"data": None}, {"result": []}, "x", 0])
def test_an_answer_of_another_kind(name: str, body: Any) -> None:
    good = VENDORS[name]()
    for index, (end, _) in enumerate(good):
        for begin in dialogues(name):
            played(begin(), [*good[:index], (end, body), *good[index + 1 :]])
