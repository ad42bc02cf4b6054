"""Qualtrics by recorded answers: responses fetched and exported, subscriptions created."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.vendor_api import Page
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

QUALTRICS = CONNECTORS["qualtrics"]
SURVEY_ID, RESPONSE_ID = "SV_8hVk2TaLoP9xQ1m", "R_2hAvU9kKa3LtOm7"
BASE = "https://fra1.qualtrics.com/API/v3"
RESPONSE = f"GET {BASE}/surveys/{SURVEY_ID}/responses/{RESPONSE_ID}"
SURVEY = f"GET {BASE}/surveys/{SURVEY_ID}"
EXPORTS = f"{BASE}/surveys/{SURVEY_ID}/export-responses"
SUBSCRIPTIONS = f"{BASE}/eventsubscriptions"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 11, 3, tzinfo=UTC)
CREDENTIALS = {"token": "qualtrics-fixture-token"}
PUSHED = load(FIXTURES / "qualtrics" / "completed_response.http")


def source(**options: Any) -> Source:
    api = {"api": "https://fra1.qualtrics.com", "forms": [SURVEY_ID]}
    return Source("survey", "qualtrics", options={**api, **options})


def questions() -> dict[str, Any]:
    def asked(kind: str, selector: str, name: str, **more: Any) -> dict[str, Any]:
        return {"questionType": {"type": kind, "selector": selector}, "questionName": name, **more}

    recodes = {str(n): {"recode": str(n), "choiceText": f"{n}"} for n in range(1, 8)}
    listed = {
        "QID1": asked("MC", "NPS", "recommend"),
        "QID2": asked("TE", "ML", "why"),
        "QID3": asked("Matrix", "Likert", "service", choices=recodes),
        "QID4": asked("MC", "SAVR", "reason", choices={"1": {"recode": "1"}, "2": {"recode": "2"}}),
        "QID5": asked("TE", "FORM", "form"),
    }
    return {"result": {"id": SURVEY_ID, "questions": listed}, "meta": {"httpStatus": "200 - OK"}}


def answered(**values: Any) -> dict[str, Any]:
    standard = {
        "startDate": "2026-11-02T09:13:00Z",
        "recordedDate": "2026-11-02T09:15:31.482Z",
        "status": 0,
        "finished": 1,
        "duration": 151,
        "userLanguage": "FI",
        "externalDataReference": "VK1000093",
        "touchpoint": "returns",
    }
    return {
        "responseId": RESPONSE_ID,
        "values": {**standard, **values},
        "labels": {"QID4": "Muutin mieleni", "QID3_1": "Täysin samaa mieltä"},
    }


def stub() -> Event:
    (event,) = QUALTRICS.events(PUSHED.request, PUSHED.source, PUSHED.at)
    return event


def fetched(response: Any, wired: Source | None = None) -> Event:
    assert QUALTRICS.fetch
    (event,), calls = played(
        QUALTRICS.fetch.dialogue(stub(), wired or source(), CREDENTIALS),
        (RESPONSE, told({"result": response})),
        (SURVEY, told(questions())),
    )
    assert {call.headers["x-api-token"] for call in calls} == {"qualtrics-fixture-token"}
    assert_valid(event)
    return event


def test_a_completed_response_is_fetched_whole() -> None:
    words = "Palautus kesti, mutta rahat tulivat."
    given = answered(QID1=8, QID1_NPS_GROUP=2, QID2_TEXT=words, QID3_1=7, QID4=2, QID4_2_TEXT="")
    assert fetched(given) == Event(
        source="survey",
        event_id=f"{RESPONSE_ID}:Complete:2026-11-02 02:15:31:answers",
        interaction_id=RESPONSE_ID,
        kind=EventKind.RATING,
        occurred_at=datetime(2026, 11, 2, 9, 15, 31, 482000, tzinfo=UTC),
        channel=Channel.SURVEY,
        text=words,
        message_id="answers",
        language="fi",
        customer="id:VK1000093",
        ratings=(Rating.nps(8, "QID1"),),
        touchpoint="returns",
        tags=("returns",),
    )


@pytest.mark.parametrize("name", ["QID3", "QID3_1", "service"])
def test_a_matrix_is_rated_on_its_own_scale_where_the_options_name_it(name: str) -> None:
    event = fetched(answered(QID3_1=6), source(questions={name: "ces"}))
    assert event.ratings == (Rating(RatingKind.CES, 6, 1, 7, "QID3_1"),)


def test_choices_by_options_are_tags_or_numbers_by_their_label() -> None:
    given = answered(QID2_TEXT="Selvä.", QID4=2)
    assert fetched(given, source(questions={"reason": "tag"})).tags == ("returns", "Muutin mieleni")
    mood = {"reason": {"kind": "csat", "values": {"Muutin mieleni": 2}}}
    assert fetched(given, source(questions=mood)).ratings == (Rating.csat(2, "QID4"),)


def test_every_box_of_a_form_is_text_and_embedded_data_names_the_customer() -> None:
    given = answered(QID5_1="Kyllä", QID5_2="Ei", recipientEmail="Aarne@posti.example", nro="VK7")
    event = fetched(given)
    assert event.text == "Kyllä\n\nEi"
    assert event.customer == "email:aarne@posti.example"
    del given["values"]["recipientEmail"]
    del given["values"]["externalDataReference"]
    assert fetched(given, source(questions={"nro": "customer_id"})).customer == "id:VK7"


@pytest.mark.parametrize("values", [{"status": 1}, {"status": 8}, {"status": 17}, {"finished": 0}])
def test_previews_spam_and_unfinished_responses_are_skipped(values: dict[str, Any]) -> None:
    with pytest.raises(Skipped):
        fetched(answered(QID1=8, **values))


def test_imported_and_offline_responses_count() -> None:
    assert fetched(answered(QID1=8, status=4)).ratings
    assert fetched(answered(QID1=8, status=16)).ratings
    assert fetched(answered(QID1=8, finished=0), source(partial=True)).ratings


@pytest.mark.parametrize(
    ("status", "error"), [(401, Misconfigured), (404, Skipped), (429, Retryable), (500, Retryable)]
)
def test_a_refused_fetch_has_its_name(status: int, error: type[Exception]) -> None:
    assert QUALTRICS.fetch
    with pytest.raises(error, match=f"the survey response.*{status}"):
        played(
            QUALTRICS.fetch.dialogue(stub(), source(), CREDENTIALS), (RESPONSE, told({}, status))
        )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.pop("responseId"),
        lambda r: r.pop("values"),
        lambda r: r["values"].update(recordedDate="eilen"),
        lambda r: r["values"].update(QID1=[8, 9]),
        lambda r: r["values"].update(QID2_TEXT={"a": 1}),
        lambda r: r.update(labels=[]),
    ],
)
def test_a_strange_answer_is_unreadable(spoil: Callable[[Any], None]) -> None:
    response = answered(QID1=8)
    spoil(response)
    with pytest.raises(Unreadable):
        fetched(response)


def test_the_data_centre_must_be_told() -> None:
    assert QUALTRICS.fetch
    bare = Source("survey", "qualtrics")
    with pytest.raises(Misconfigured, match=r"sources\.survey\.options\.api"):
        played(QUALTRICS.fetch.dialogue(stub(), bare, CREDENTIALS))


# --- the export ---------------------------------------------------------------------------------


def page(cursor: str | None, *steps: Step, until: datetime = UNTIL) -> tuple[Page, list[Any]]:
    assert QUALTRICS.backfill
    dialogue = QUALTRICS.backfill.page(source(), CREDENTIALS, SINCE, until, cursor)
    return played(dialogue, *steps)


def progress(status: str, file_id: str | None = None) -> Any:
    return told({"result": {"status": status, "fileId": file_id, "percentComplete": 50.0}})


def test_an_export_is_begun_awaited_and_read() -> None:
    first, calls = page(None, (f"POST {EXPORTS}", told({"result": {"progressId": "ES_1"}})))
    assert json.loads(calls[0].body) == {
        "format": "json",
        "compress": False,
        "startDate": "2026-10-31T23:59:59Z",
        "endDate": "2026-11-03T00:00:00Z",
    }
    assert first == Page([], '[0, 0, "ES_1", 0]')
    second, _ = page(first.cursor, (f"GET {EXPORTS}/ES_1", progress("inProgress")))
    assert second == Page([], '[0, 0, "ES_1", 1]')
    response = answered(QID1=3)
    third, _ = page(
        second.cursor,
        (f"GET {EXPORTS}/ES_1", progress("complete", "f-1")),
        (f"GET {EXPORTS}/f-1/file", told({"responses": [response, answered(status=1, QID1=1)]})),
        (SURVEY, told(questions())),
    )
    (listed,) = third.events
    assert listed == replace(fetched(response), event_id=f"{RESPONSE_ID}:20261102T091531Z")
    assert third.cursor is None


def test_a_long_backfill_goes_week_by_week() -> None:
    until = datetime(2026, 11, 10, tzinfo=UTC)
    late = answered(QID1=3, recordedDate="2026-11-08T00:00:00Z")
    steps = (
        (f"GET {EXPORTS}/ES_1", progress("complete", "f-1")),
        (f"GET {EXPORTS}/f-1/file", told({"responses": [answered(QID1=3), late]})),
        (SURVEY, told(questions())),
    )
    first, _ = page('[0, 0, "ES_1", 4]', *steps, until=until)
    assert len(first.events) == 1
    assert first.cursor == '[0, 1, "", 0]'
    begun = (f"POST {EXPORTS}", told({"result": {"progressId": "ES_2"}}))
    second, calls = page(first.cursor, begun, until=until)
    assert json.loads(calls[0].body)["startDate"] == "2026-11-07T23:59:59Z"
    assert json.loads(calls[0].body)["endDate"] == "2026-11-10T00:00:00Z"
    last, _ = page(
        second.cursor,
        *((step.replace("ES_1", "ES_2"), answer) for step, answer in steps),
        until=until,
    )
    assert [e.occurred_at.day for e in last.events] == [8]
    assert last.cursor is None


def test_an_export_that_fails_or_never_ends_says_so() -> None:
    with pytest.raises(Retryable, match="could not make the export"):
        page('[0, 0, "ES_1", 3]', (f"GET {EXPORTS}/ES_1", progress("failed")))
    with pytest.raises(Retryable, match="takes too long"):
        page('[0, 0, "ES_1", 900]')


@pytest.mark.parametrize("cursor", ["[0, 1]", '[0, "a", "b", 1]', "[0, -1, null, 0]", "[1]", "x"])
def test_a_strange_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Misconfigured, match="cursor"):
        page(cursor)


# --- registration and proof ---------------------------------------------------------------------


def test_registration_replaces_the_subscription_whose_key_is_unknown() -> None:
    assert QUALTRICS.registration
    url = "https://hub.example/webhooks/survey"
    topic = f"surveyengine.completedResponse.{SURVEY_ID}"
    old = [
        {"id": "SUB_1", "topics": topic, "publicationUrl": url},
        {"id": "SUB_2", "topics": topic, "publicationUrl": "https://elsewhere.example"},
    ]
    secret, calls = played(
        QUALTRICS.registration.register(url, source(), CREDENTIALS, "s3"),
        (f"GET {SUBSCRIPTIONS}", told({"result": {"elements": old}})),
        (f"DELETE {SUBSCRIPTIONS}/SUB_1", told({})),
        (f"POST {SUBSCRIPTIONS}", told({"result": {"id": "SUB_3"}})),
    )
    assert secret == "s3"
    assert json.loads(calls[2].body) == {
        "topics": topic, "publicationUrl": url, "encrypt": False, "sharedKey": "s3",
    }  # fmt: skip


def plain(query: str = "") -> Request:
    """A delivery of a subscription without a sharedKey."""
    body = f"Topic=x&Status=Complete&SurveyID={SURVEY_ID}&ResponseID={RESPONSE_ID}".encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", f"https://hub.example/webhooks/survey{query}", kind, body)


def test_without_a_shared_key_the_url_proves_it() -> None:
    secret = "query?name=token#key-in-the-url"
    good = plain("?token=key-in-the-url")
    QUALTRICS.verify(good, [secret], PUSHED.at)
    QUALTRICS.verify(PUSHED.request, [secret, PUSHED.secret], PUSHED.at)
    assert QUALTRICS.sign(plain(), secret, PUSHED.at) == good
    (event,) = QUALTRICS.events(QUALTRICS.scrub(good), source(), PUSHED.at)
    assert event.fetch == f"{SURVEY_ID}/{RESPONSE_ID}"
    assert "key-in-the-url" not in repr(QUALTRICS.scrub(good))
    for request in (plain(), plain("?token="), plain("?token=key"), PUSHED.request):
        with pytest.raises(Rejected):
            QUALTRICS.verify(request, [secret], PUSHED.at)
    with pytest.raises(Rejected, match="missing"):
        QUALTRICS.verify(good, ["key-in-the-url"], PUSHED.at)
