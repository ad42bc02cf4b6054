"""SurveyMonkey's API by recorded answers: responses fetched and listed, webhooks registered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Reply, Request, Source
from chalicelib.connectors.vendor_api import Page
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Rating, RatingKind, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

BASE = "https://api.surveymonkey.com/v3"
SURVEY_ID, RESPONSE_ID = "312000001", "118000451"
DETAILS = f"GET {BASE}/surveys/{SURVEY_ID}/responses/{RESPONSE_ID}/details"
SURVEY = f"GET {BASE}/surveys/{SURVEY_ID}/details"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
BULK = (
    f"GET {BASE}/surveys/{SURVEY_ID}/responses/bulk?page=%d&per_page=100"
    "&start_created_at=2026-11-01T00%%3A00%%3A00Z&end_created_at=2026-11-03T00%%3A00%%3A00Z"
)
CREDENTIALS = {"token": "sm-fixture-token", "client_id": "hvk-id", "client_secret": "hvk-secret"}
PUSHED = load(FIXTURES / "surveymonkey" / "response_completed.http")


def choices(*weights: float, first: int = 100) -> list[dict[str, Any]]:
    return [
        {"id": str(first + n), "position": n + 1, "text": f"valinta {n}", "weight": weight}
        for n, weight in enumerate(weights)
    ]


def asked(question_id: str, family: str, subtype: str, **more: Any) -> dict[str, Any]:
    headings = [{"heading": f"Kysymys {question_id}"}]
    return {
        "id": question_id, "family": family, "subtype": subtype, "headings": headings, **more
    }  # fmt: skip


def survey() -> dict[str, Any]:
    """A survey with a question of every type that says something."""
    nps = [-100] * 7 + [0] * 2 + [100] * 2
    one_row = [{"id": "10", "text": ""}]
    rows = [{"id": "20", "text": "Nouto"}, {"id": "21", "text": "Kuljetus"}]
    contact = [{"id": "30", "type": "email"}, {"id": "31", "type": "phone"}]
    questions = [
        asked("1", "matrix", "rating", answers={"rows": one_row, "choices": choices(*nps)}),
        asked("2", "open_ended", "essay"),
        asked(
            "3",
            "matrix",
            "rating",
            answers={
                "rows": rows,
                "choices": [
                    *choices(1, 2, 3, 4, first=300),
                    {"id": "399", "text": "En osaa sanoa", "weight": 0, "is_na": True},
                ],
            },
        ),
        asked(
            "4",
            "single_choice",
            "vertical",
            answers={
                "choices": [{"id": "40", "text": "Sohva"}],
                "other": [{"id": "49", "text": "Muu, mikä?"}],
            },
        ),
        asked("5", "demographic", "international", answers={"rows": contact}),
        asked("6", "open_ended", "numerical", answers={"rows": [{"id": "60"}]}),
        asked("7", "open_ended", "single", display_options={"display_type": "slider"}),
        asked("8", "datetime", "date_only", answers={"rows": [{"id": "80"}]}),
    ]
    return {"id": SURVEY_ID, "pages": [{"id": "1", "questions": questions}]}


def answered(**questions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A complete response; q1=[…] are the answers to question 1."""
    pages = [{"id": q[1:], "answers": list(given)} for q, given in questions.items()]
    return {
        "id": RESPONSE_ID,
        "survey_id": SURVEY_ID,
        "response_status": "completed",
        "collection_mode": "default",
        "date_created": "2026-11-02T09:13:00+00:00",
        "date_modified": "2026-11-02T09:15:31+00:00",
        "custom_variables": {"customer_id": "VK1000091", "lang": "fi", "touchpoint": "delivery"},
        "metadata": {"contact": {}},
        "pages": [{"id": "1", "questions": pages}],
    }


def source(**options: Any) -> Source:
    return Source("survey", "surveymonkey", options={"forms": [SURVEY_ID], **options})


def stub() -> Event:
    (event,) = CONNECTORS["surveymonkey"].events(PUSHED.request, PUSHED.source, PUSHED.at)
    return event


def fetched(response: Any, wired: Source | None = None, status: int = 200) -> Event:
    fetch = CONNECTORS["surveymonkey"].fetch
    assert fetch
    steps: list[Step] = [(DETAILS, told(response, status)), (SURVEY, told(survey()))]
    (event,), calls = played(fetch.dialogue(stub(), wired or source(), CREDENTIALS), *steps)
    assert {call.headers["authorization"] for call in calls} == {"Bearer sm-fixture-token"}
    assert_valid(event)
    return event


def test_a_completed_response_is_fetched_whole() -> None:
    event = fetched(
        answered(
            q1=[{"row_id": "10", "choice_id": "109"}],
            q2=[{"text": "Kuljettaja soitti etukäteen, kiitos siitä."}],
            q3=[{"row_id": "20", "choice_id": "303"}, {"row_id": "21", "choice_id": "301"}],
            q4=[{"other_id": "49", "text": "Säilytyspenkki"}],
            q6=[{"row_id": "60", "text": "12"}],
            q7=[{"text": "80"}],
            q8=[{"row_id": "80", "text": "11/02/2026"}],
        )
    )
    assert event == Event(
        source="survey",
        event_id=f"{RESPONSE_ID}:10027615451",
        interaction_id=RESPONSE_ID,
        kind=EventKind.RATING,
        occurred_at=datetime(2026, 11, 2, 9, 15, 31, tzinfo=UTC),
        channel=stub().channel,
        text="Kuljettaja soitti etukäteen, kiitos siitä.\n\nSäilytyspenkki",
        message_id="answers",
        language="fi",
        customer="id:VK1000091",
        ratings=(
            Rating.nps(9, "1"),
            Rating(RatingKind.CSAT, 4, 1, 4, "3:20"),
            Rating(RatingKind.CSAT, 2, 1, 4, "3:21"),
        ),
        touchpoint="delivery",
        tags=("delivery",),
    )
    assert stub().role is Role.SYSTEM
    assert stub().interaction_id == event.interaction_id


def test_not_applicable_is_no_rating() -> None:
    event = fetched(answered(q2=[{"text": "Hyvä."}], q3=[{"row_id": "20", "choice_id": "399"}]))
    assert event.ratings == ()
    assert event.kind is EventKind.MESSAGE


def test_a_weight_of_eleven_steps_from_0_to_10_is_nps() -> None:
    plain = survey()
    plain["pages"][0]["questions"][0]["answers"]["choices"] = choices(*range(11))
    fetch = CONNECTORS["surveymonkey"].fetch
    assert fetch
    (event,), _ = played(
        fetch.dialogue(stub(), source(), CREDENTIALS),
        (DETAILS, told(answered(q1=[{"row_id": "10", "choice_id": "106"}]))),
        (SURVEY, told(plain)),
    )
    assert event.ratings == (Rating.nps(6, "1"),)


@pytest.mark.parametrize("name", ["3", "20", "3:20", "Kysymys 3"])
def test_options_name_a_question_a_row_or_a_title(name: str) -> None:
    wired = source(questions={name: "ces"})
    event = fetched(answered(q3=[{"row_id": "20", "choice_id": "303"}]), wired)
    assert event.ratings == (Rating(RatingKind.CES, 4, 1, 4, "3:20"),)


def test_a_choice_becomes_a_tag_where_the_options_say_so() -> None:
    given = answered(q2=[{"text": "Hyvä."}], q4=[{"choice_id": "40"}])
    assert fetched(given, source(questions={"4": "tag"})).tags == ("delivery", "Sohva")
    assert fetched(given).tags == ("delivery",)


def test_who_answered() -> None:
    given = answered(q2=[{"text": "Hyvä."}], q5=[{"row_id": "31", "text": "040 123 4567"}])
    given["custom_variables"] = {}
    assert fetched(given).customer == "phone:+0401234567"
    given["metadata"]["contact"] = {"email": {"type": "string", "value": "Aila@posti.example"}}
    assert fetched(given).customer == "email:aila@posti.example"
    given = {**given, "metadata": {}, "custom_value": "VK9", "pages": given["pages"][:1]}
    del given["pages"][0]["questions"][1]
    wired = source(questions={"custom_value": "customer_id"})
    assert fetched(given, wired).customer == "id:VK9"


@pytest.mark.parametrize(
    "change",
    [
        {"response_status": "partial"},
        {"response_status": "disqualified"},
        {"response_status": "overquota"},
        {"collection_mode": "survey_preview"},
        {"pages": []},
    ],
)
def test_what_is_no_answer_is_skipped(change: dict[str, Any]) -> None:
    with pytest.raises(Skipped):
        fetched({**answered(q2=[{"text": "Hyvä."}]), **change})


def test_a_partial_response_is_read_where_it_is_wanted() -> None:
    given = {**answered(q2=[{"text": "Hyvä."}]), "response_status": "partial"}
    assert fetched(given, source(partial=True)).text == "Hyvä."


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (404, Skipped), (429, Retryable), (503, Retryable)]
)
def test_a_refused_fetch_has_its_name(status: int, error: type[Exception]) -> None:
    fetch = CONNECTORS["surveymonkey"].fetch
    assert fetch
    with pytest.raises(error, match=f"the survey response.*{status}"):
        played(fetch.dialogue(stub(), source(), CREDENTIALS), (DETAILS, told({}, status)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.update(id=None),
        lambda r: r.update(date_modified="eilen"),
        lambda r: r.update(pages={"a": 1}),
        lambda r: r["pages"][0]["questions"][0].update(answers=["x"]),
        lambda r: r["pages"][0]["questions"][0]["answers"][0].update(text=["x"]),
    ],
)
def test_a_strange_answer_is_unreadable(spoil: Callable[[Any], None]) -> None:
    response = answered(q2=[{"text": "Hyvä."}])
    spoil(response)
    with pytest.raises(Unreadable):
        fetched(response)


def test_an_event_without_its_place_is_unreadable() -> None:
    fetch = CONNECTORS["surveymonkey"].fetch
    assert fetch
    with pytest.raises(Unreadable):
        played(fetch.dialogue(replace(stub(), fetch="312"), source(), CREDENTIALS))


# --- backfill -----------------------------------------------------------------------------------


def page(cursor: str | None, *steps: Step) -> Page:
    backfill = CONNECTORS["surveymonkey"].backfill
    assert backfill
    found, _ = played(backfill.page(source(), CREDENTIALS, SINCE, UNTIL, cursor), *steps)
    return found


def test_a_listed_response_joins_the_fetched_one() -> None:
    response = answered(q1=[{"row_id": "10", "choice_id": "100"}], q2=[{"text": "Hyvä."}])
    found = page(None, (SURVEY, told(survey())), (BULK % 1, told({"data": [response]})))
    (listed,) = found.events
    pushed = fetched(response)
    assert listed == replace(pushed, event_id=f"{RESPONSE_ID}:20261102T091531Z")
    assert (listed.interaction_id, listed.message_id) == (RESPONSE_ID, pushed.message_id)
    assert found.cursor is None


def test_pages_follow_the_vendors_links() -> None:
    response = answered(q2=[{"text": "Hyvä."}])
    more = {"data": [response], "links": {"next": "https://api.surveymonkey.com/v3/…?page=2"}}
    first = page(None, (SURVEY, told(survey())), (BULK % 1, told(more)))
    assert first.cursor == "[0, 2]"
    last = page(first.cursor, (SURVEY, told(survey())), (BULK % 2, told({"data": [response]})))
    assert (len(last.events), last.cursor) == (1, None)


def test_only_responses_begun_in_the_window_are_listed() -> None:
    dates = ["2026-11-01T00:00:00+00:00", "2026-11-03T00:00:00+00:00", "2026-10-31T23:59:59+00:00"]
    listed = [{**answered(q2=[{"text": "Hyvä."}]), "date_created": date} for date in dates]
    listed.append({**listed[0], "response_status": "partial"})
    found = page(None, (SURVEY, told(survey())), (BULK % 1, told({"data": listed})))
    assert len(found.events) == 1


# --- registration and set-up --------------------------------------------------------------------


def test_registration_creates_or_changes_one_webhook_for_each_type() -> None:
    registration = CONNECTORS["surveymonkey"].registration
    assert registration
    url = "https://hub.example/webhooks/survey"
    there = {"data": [{"id": "77", "name": "survey response_deleted"}, {"id": "78", "name": "x"}]}
    secret, calls = played(
        registration.register(url, source(), CREDENTIALS, "unused"),
        (f"GET {BASE}/webhooks?per_page=100", told(there)),
        (f"POST {BASE}/webhooks", told({"id": "79"}, 201)),
        (f"PATCH {BASE}/webhooks/77", told({"id": "77"})),
    )
    assert secret == "hvk-id&hvk-secret"
    assert json.loads(calls[1].body) == {
        "name": "survey response_completed",
        "event_type": "response_completed",
        "object_type": "survey",
        "object_ids": [SURVEY_ID],
        "subscription_url": url,
    }
    assert json.loads(calls[2].body)["event_type"] == "response_deleted"


def test_the_webhooks_url_is_probed_without_a_signature() -> None:
    connector = CONNECTORS["surveymonkey"]
    probe = Request("HEAD", "https://hub.example/webhooks/survey", {}, b"")
    assert "HEAD" in connector.open_methods
    assert connector.handshake(probe) == Reply(200)
    assert connector.handshake(PUSHED.request) is None
