"""Delighted's API by recorded answers: responses listed."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Page
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.fold import fold
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load

SINCE = datetime(2026, 11, 2, 9, 13, 20, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
LIST = (
    "GET https://api.delighted.com/v1/survey_responses.json?page=%d&per_page=100&order=asc"
    f"&since={SINCE.timestamp():.0f}&until={UNTIL.timestamp():.0f}&expand%%5B%%5D=person"
)
PUSHED = load(FIXTURES / "delighted" / "nps_with_comment.http")
DELIGHTED = CONNECTORS["delighted"]


def response(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PUSHED.request.body)["event_data"]
    return data | changes


def page(cursor: str | None, *steps: Step, options: Any = None) -> tuple[Page, list[Any]]:
    assert DELIGHTED.backfill
    wired = Source("survey", "delighted", options=options or {})
    dialogue = DELIGHTED.backfill.page(wired, {"api_key": "key"}, SINCE, UNTIL, cursor)
    return played(dialogue, *steps)


def test_a_listed_response_joins_the_pushed_one() -> None:
    found, calls = page(None, (LIST % 1, told([response()])))
    (listed,) = found.events
    (pushed,) = DELIGHTED.events(PUSHED.request, PUSHED.source, PUSHED.at)
    assert listed == replace(pushed, event_id="5435002:1793610921")
    assert fold([pushed, listed], {}) == fold([listed], {}) == fold([pushed], {})
    assert found.cursor is None
    assert base64.b64decode(calls[0].headers["authorization"].removeprefix("Basic ")) == b"key:"


def test_a_full_page_has_a_next_one() -> None:
    first, _ = page(None, (LIST % 1, told([response(id=str(n)) for n in range(100)])))
    assert (len(first.events), first.cursor) == (100, "2")
    last, _ = page(first.cursor, (LIST % 2, told([])))
    assert last == Page([], None)


def test_only_the_window_and_only_what_says_something() -> None:
    listed = [
        response(id="1", created_at=SINCE.timestamp()),
        response(id="2", created_at=SINCE.timestamp() - 1),
        response(id="3", created_at=UNTIL.timestamp()),
        response(id="4", score=None, comment=None),
    ]
    found, _ = page(None, (LIST % 1, told(listed)))
    assert [event.interaction_id for event in found.events] == ["1"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told({}, 401), Misconfigured),
        (told({}, 429), Retryable),
        (told({}, 500), Retryable),
        (told({"error": "x"}), Unreadable),
        (told(["x"]), Unreadable),
        (told([{"id": 1, "created_at": 1793610921}]), None),
        (Answer(200, b"<html>"), Unreadable),
    ],
)
def test_a_strange_answer_has_its_name(answer: Answer, error: type[Exception] | None) -> None:
    if error is None:
        assert page(None, (LIST % 1, answer))[0].events == []
        return
    with pytest.raises(error):
        page(None, (LIST % 1, answer))


def test_a_later_step_of_a_response_replaces_the_earlier_one() -> None:
    def told_as(event_id: str, **changes: Any) -> Any:
        body = {
            "event_type": "survey_response.updated",
            "event_id": event_id,
            "event_data": response(**changes),
        }
        request = replace(PUSHED.request, body=json.dumps(body).encode())
        return DELIGHTED.events(request, PUSHED.source, PUSHED.at)[0]

    score = told_as("a", score=3, comment=None, updated_at=1793610900)
    both = told_as("b", score=5, comment="Vaihto onnistui lopulta.", updated_at=1793610960)
    interaction = fold([both, score], {})
    assert [rating.value for rating in interaction.ratings] == [5]
    assert [message.text for message in interaction.messages] == ["Vaihto onnistui lopulta."]
