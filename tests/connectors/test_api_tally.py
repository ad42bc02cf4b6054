"""Tally's API by recorded answers: submissions listed, webhooks registered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Page
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Rating
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load

TALLY = CONNECTORS["tally"]
BASE = "https://api.tally.so"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
CREDENTIALS = {"api_key": "tly-fixture"}
LIST = (
    f"GET {BASE}/forms/VwbNEw/submissions?limit=500&filter=completed"
    "&startDate=2026-11-01T00%3A00%3A00Z&endDate=2026-11-03T00%3A00%3A00Z"
)
PUSHED = load(FIXTURES / "tally" / "rating_with_comment.http")
QUESTIONS = [
    {"id": "mRoeB1", "type": "RATING", "title": "Kuinka tyytyväinen olit?"},
    {"id": "3EKz4n", "type": "TEXTAREA", "title": "Miksi annoit tämän arvosanan?"},
    {"id": "zMWrpa", "type": "HIDDEN_FIELDS", "title": ""},
    {"id": "maTr1x", "type": "MATRIX", "title": "Taulukko"},
]


def source(**options: Any) -> Source:
    return Source(
        "survey", "tally", options={"forms": ["VwbNEw"], **PUSHED.source.options} | options
    )


def submission(**changes: Any) -> dict[str, Any]:
    """The pushed response as the API lists it."""
    hidden = {"customer_id": "VK1000095", "touchpoint": "order", "lang": "fi"}
    words = "Verkkokaupan haku ei löytänyt tuotetta nimellä."
    given = {"zMWrpa": hidden, "mRoeB1": 2, "3EKz4n": words, "maTr1x": {"r1": ["c1"]}}
    return {
        "id": "2wgx41",
        "formId": "VwbNEw",
        "isCompleted": True,
        "submittedAt": "2026-11-02T09:15:31.000Z",
        "responses": [
            {"questionId": question, "answer": answer, "respondentId": "dwQKYm"}
            for question, answer in given.items()
        ],
    } | changes


def listed(*submissions: Any, more: bool = False) -> Any:
    return told({"hasMore": more, "questions": QUESTIONS, "submissions": list(submissions)})


def page(cursor: str | None, *steps: Step, wired: Source | None = None) -> Page:
    assert TALLY.backfill
    dialogue = TALLY.backfill.page(wired or source(), CREDENTIALS, SINCE, UNTIL, cursor)
    found, calls = played(dialogue, *steps)
    assert {call.headers["authorization"] for call in calls} == {"Bearer tly-fixture"}
    return found


def test_a_listed_submission_is_the_pushed_event() -> None:
    pushed = TALLY.events(PUSHED.request, PUSHED.source, PUSHED.at)
    assert page(None, (LIST, listed(submission()))) == Page(pushed, None)


def test_more_follows_the_last_submission() -> None:
    first = page(None, (LIST, listed(submission(id="a"), submission(id="b"), more=True)))
    assert first.cursor == '[0, "b"]'
    last = page(first.cursor, (LIST + "&afterId=b", listed(submission(id="c"))))
    assert [event.event_id for event in last.events] == ["c"]
    assert last.cursor is None


def test_only_the_window_and_only_what_says_something() -> None:
    found = page(
        None,
        (
            LIST,
            listed(
                submission(id="1", submittedAt="2026-11-01T00:00:00Z"),
                submission(id="2", submittedAt="2026-11-03T00:00:00Z"),
                submission(id="3", responses=[]),
                submission(id="4", isCompleted=False),
            ),
        ),
    )
    assert [event.event_id for event in found.events] == ["1"]


def test_a_partial_submission_is_listed_where_it_is_wanted() -> None:
    step = (LIST.replace("completed", "all"), listed(submission(isCompleted=False)))
    found = page(None, step, wired=source(partial=True))
    assert [event.event_id for event in found.events] == ["partial:2wgx41"]
    assert found.events[0].ratings == (Rating.csat(2, "question_mRoeB1"),)


def test_a_scale_that_nobody_told_stops_the_backfill() -> None:
    with pytest.raises(Unreadable, match=r"options\.questions"):
        page(None, (LIST, listed(submission())), wired=source(questions={}))


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (404, Skipped), (429, Retryable), (400, Unreadable)]
)
def test_a_refusal_has_its_name(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"the submissions.*{status}"):
        page(None, (LIST, told({}, status)))


def test_registration_creates_or_changes_the_webhook_of_each_form() -> None:
    assert TALLY.registration
    url = "https://hub.example/webhooks/survey"
    there = [
        {"id": "w1", "formId": "wAbC12", "url": url},
        {"id": "w2", "formId": "VwbNEw", "url": "https://elsewhere.example"},
    ]
    wired = source(forms=["VwbNEw", "wAbC12"])
    secret, calls = played(
        TALLY.registration.register(url, wired, CREDENTIALS, "s3"),
        (f"GET {BASE}/webhooks", told({"webhooks": there})),
        (f"POST {BASE}/webhooks", told({"id": "w3"}, 201)),
        (f"PATCH {BASE}/webhooks/w1", told({})),
    )
    assert secret == "s3"
    created = {
        "formId": "VwbNEw", "url": url, "signingSecret": "s3", "eventTypes": ["FORM_RESPONSE"],
    }  # fmt: skip
    assert json.loads(calls[1].body) == created
    assert json.loads(calls[2].body) == {**created, "formId": "wAbC12", "isEnabled": True}
