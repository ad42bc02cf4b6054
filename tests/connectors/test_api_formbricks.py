"""Formbricks' API by recorded answers: responses fetched and listed, webhooks registered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Page
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Rating, RatingKind
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

FORMBRICKS = CONNECTORS["formbricks"]
BASE = "https://app.formbricks.com/api/v1"
SURVEY_ID, RESPONSE_ID = "cm1hvksurvey0001", "cm1hvkresponse0002"
RESPONSE = f"GET {BASE}/management/responses/{RESPONSE_ID}"
SURVEY = f"GET {BASE}/management/surveys/{SURVEY_ID}"
LIST = f"GET {BASE}/management/responses?surveyId={SURVEY_ID}&limit=100&skip=%d"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
CREDENTIALS = {"api_key": "fbk_fixture"}
PUSHED = load(FIXTURES / "formbricks" / "finished_to_be_fetched.http")


def source(**options: Any) -> Source:
    return Source("survey", "formbricks", options={"forms": [SURVEY_ID], **options})


def response(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(PUSHED.request.body)["data"]
    return data | changes


def survey() -> dict[str, Any]:
    labels = [{"id": "a", "label": {"default": "Price", "fi": "Hinta"}}, {"id": "b", "label": {}}]
    listed = [
        {"id": "recommend", "type": "nps", "headline": {"default": "Suosittelisitko?"}},
        {"id": "why", "type": "openText", "inputType": "text"},
        {"id": "service", "type": "rating", "range": 7, "scale": "star"},
        {"id": "mood", "type": "csat"},
        {"id": "ease", "type": "ces", "range": 5},
        {"id": "reason", "type": "multipleChoiceSingle", "choices": labels},
        {"id": "who", "type": "contactInfo"},
        {"id": "number", "type": "openText", "inputType": "number"},
        {"id": "accepted", "type": "consent"},
    ]
    return {"id": SURVEY_ID, "questions": listed}


def stub() -> Event:
    (event,) = FORMBRICKS.events(PUSHED.request, PUSHED.source, PUSHED.at)
    return event


def fetched(given: Any, wired: Source | None = None, asked: Any = None) -> Event:
    assert FORMBRICKS.fetch
    (event,), calls = played(
        FORMBRICKS.fetch.dialogue(stub(), wired or source(), CREDENTIALS),
        (RESPONSE, told({"data": given})),
        (SURVEY, told({"data": asked or survey()})),
    )
    assert {call.headers["x-api-key"] for call in calls} == {"fbk_fixture"}
    assert_valid(event)
    return event


def test_a_finished_response_is_fetched_whole() -> None:
    given = {
        "recommend": 4,
        "why": "Reklamaatioon ei vastattu viikkoon.",
        "service": 6,
        "mood": 2,
        "ease": 3,
        "reason": "Hinta",
        "number": "12",
        "accepted": "accepted",
    }
    assert fetched(response(data=given)) == Event(
        source="survey",
        event_id=f"{RESPONSE_ID}:20261102T091531.214000Z",
        interaction_id=RESPONSE_ID,
        kind=EventKind.RATING,
        occurred_at=datetime(2026, 11, 2, 9, 15, 31, 214000, tzinfo=UTC),
        channel=stub().channel,
        text="Reklamaatioon ei vastattu viikkoon.",
        message_id="answers",
        language="fi",
        customer="id:VK1000097",
        ratings=(
            Rating.nps(4, "recommend"),
            Rating(RatingKind.CSAT, 6, 1, 7, "service"),
            Rating.csat(2, "mood"),
            Rating(RatingKind.CES, 3, 1, 5, "ease"),
        ),
    )


def test_a_push_that_the_options_explain_is_the_fetched_event() -> None:
    wired = replace(PUSHED.source, options={"questions": {"recommend": "nps", "why": "text"}})
    pushed = FORMBRICKS.events(PUSHED.request, wired, PUSHED.at)
    assert [fetched(response())] == list(pushed)


def test_the_options_kind_is_on_the_surveys_scale() -> None:
    event = fetched(response(data={"service": 7}), source(questions={"service": "ces"}))
    assert event.ratings == (Rating(RatingKind.CES, 7, 1, 7, "service"),)
    event = fetched(response(data={"recommend": 7}), source(questions={"Suosittelisitko?": "csat"}))
    assert event.ratings == (Rating(RatingKind.CSAT, 7, 0, 10, "recommend"),)


def test_what_was_typed_beside_the_choices_is_text() -> None:
    assert fetched(response(data={"reason": "Väri oli väärä"})).text == "Väri oli väärä"
    with pytest.raises(Skipped):
        fetched(response(data={"reason": "Price"}))
    tagged = fetched(
        response(data={"recommend": 9, "reason": "Hinta"}), source(questions={"reason": "tag"})
    )
    assert tagged.tags == ("Hinta",)


def test_the_elements_of_blocks_are_questions_too() -> None:
    blocks = [{"id": "b1", "elements": survey()["questions"]}]
    event = fetched(response(), asked={"id": SURVEY_ID, "questions": [], "blocks": blocks})
    assert event.ratings == (Rating.nps(4, "recommend"),)


def test_a_contact_question_names_the_customer() -> None:
    given = {"recommend": 9, "who": ["Unto", "Kallio", "Unto@posti.example", "", ""]}
    bare = response(data=given, contact=None, contactAttributes={})
    assert fetched(bare).customer == "email:unto@posti.example"


@pytest.mark.parametrize("answer", [8, 0])
def test_a_rating_outside_its_range_is_unreadable(answer: int) -> None:
    with pytest.raises(Unreadable, match="outside its scale"):
        fetched(response(data={"service": answer}))


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (404, Skipped), (429, Retryable)]
)
def test_a_refused_fetch_has_its_name(status: int, error: type[Exception]) -> None:
    assert FORMBRICKS.fetch
    with pytest.raises(error, match=f"the response.*{status}"):
        played(
            FORMBRICKS.fetch.dialogue(stub(), source(), CREDENTIALS), (RESPONSE, told({}, status))
        )


# --- backfill and registration ------------------------------------------------------------------


def page(cursor: str | None, *steps: Step, wired: Source | None = None) -> Page:
    assert FORMBRICKS.backfill
    dialogue = FORMBRICKS.backfill.page(wired or source(), CREDENTIALS, SINCE, UNTIL, cursor)
    return played(dialogue, *steps)[0]


def listed(*responses: Any) -> Any:
    return told({"data": list(responses)})


def test_a_listed_response_is_the_fetched_event() -> None:
    found = page(None, (SURVEY, told({"data": survey()})), (LIST % 0, listed(response())))
    assert found == Page([fetched(response())], None)


def test_pages_go_on_until_before_since() -> None:
    full = [response(id=f"r{n}") for n in range(100)]
    steps = [(SURVEY, told({"data": survey()})), (LIST % 0, listed(*full))]
    first = page(None, *steps)
    assert (len(first.events), first.cursor) == (100, "[0, 2]")
    full[-1] = response(id="old", createdAt="2026-10-31T23:59:59.000Z")
    last = page(first.cursor, steps[0], (LIST % 100, listed(*full)))
    assert (len(last.events), last.cursor) == (99, None)


def test_only_responses_begun_in_the_window_and_finished() -> None:
    found = page(
        None,
        (SURVEY, told({"data": survey()})),
        (
            LIST % 0,
            listed(
                response(id="late", createdAt="2026-11-03T00:00:00.000Z"),
                response(id="first", createdAt="2026-11-01T00:00:00.000Z"),
                response(id="unfinished", finished=False),
            ),
        ),
    )
    assert [event.interaction_id for event in found.events] == ["first"]


def test_registration_gives_the_vendors_own_secret() -> None:
    assert FORMBRICKS.registration
    url = "https://hub.example/webhooks/survey"
    wired = source(environment="cm1env", api="https://surveys.havuvakka.example")
    base = "https://surveys.havuvakka.example/api/v1"
    secret, calls = played(
        FORMBRICKS.registration.register(url, wired, CREDENTIALS, "unused"),
        (f"GET {base}/webhooks", told({"data": [{"id": "w", "url": "https://other.example"}]})),
        (f"POST {base}/webhooks", told({"data": {"id": "w2", "secret": "whsec_AAAA"}})),
    )
    assert secret == "whsec_AAAA"
    assert json.loads(calls[1].body) == {
        "name": "survey",
        "url": url,
        "source": "user",
        "triggers": ["responseFinished"],
        "surveyIds": [SURVEY_ID],
        "environmentId": "cm1env",
    }


def test_registration_finds_the_webhook_and_says_where_an_untold_secret_is() -> None:
    assert FORMBRICKS.registration
    url = "https://hub.example/webhooks/survey"
    register = FORMBRICKS.registration.register(url, source(), CREDENTIALS, "unused")
    there = {"id": "w", "url": url, "secret": "whsec_BBBB"}
    listing = f"GET {BASE}/webhooks"
    assert played(register, (listing, told({"data": [there]})))[0] == "whsec_BBBB"
    register = FORMBRICKS.registration.register(url, source(), CREDENTIALS, "unused")
    with pytest.raises(Misconfigured, match="copy it from"):
        played(register, (listing, told({"data": [{"id": "w", "url": url}]})))
    register = FORMBRICKS.registration.register(url, source(), CREDENTIALS, "unused")
    with pytest.raises(Misconfigured, match=r"options\.environment"):
        played(register, (listing, told({"data": []})))
