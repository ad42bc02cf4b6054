"""Genesys Cloud's API: a conversation's details and transcript, and the list of conversations."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Page
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, RatingKind, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

GENESYS = CONNECTORS["genesys"]
SOURCE = Source("phone", "genesys", options={"region": "mypurecloud.ie"})
KEYS = {"client_id": "id-1", "client_secret": "salaisuus"}
NAME = "0d5c8f10-0000-4000-8000-000000000001"
LEG = "a1b2c3d4-0000-4000-8000-000000000001"
API = "https://api.mypurecloud.ie/api/v2"
STORE = "https://transcripts.s3.eu-west-1.amazonaws.com/x.json?X-Amz-Signature=0"
TOKEN: Step = (
    "POST https://login.mypurecloud.ie/oauth/token",
    told({"access_token": "avain", "expires_in": 86400}),
)
DETAILS = f"GET {API}/analytics/conversations/{NAME}/details"
LEGS = f"GET {API}/speechandtextanalytics/conversations/{NAME}/communications"
CONVERSATION: dict[str, Any] = {
    "conversationId": NAME,
    "conversationStart": "2026-11-02T09:10:00.120Z",
    "conversationEnd": "2026-11-02T09:19:01.000Z",
    "originatingDirection": "inbound",
    "participants": [
        {
            "purpose": "customer",
            "sessions": [
                {
                    "sessionId": LEG,
                    "mediaType": "voice",
                    "direction": "inbound",
                    "ani": "tel:+358401113311",
                    "metrics": [{"name": "nConnected", "value": 1}],
                }
            ],
        },
        {
            "purpose": "acd",
            "sessions": [
                {
                    "sessionId": "s-acd",
                    "metrics": [
                        {"name": "tAcd", "value": 95_000, "emitDate": "2026-11-02T09:12:00.000Z"}
                    ],
                }
            ],
        },
        {
            "purpose": "agent",
            "sessions": [
                {
                    "sessionId": "s-agent",
                    "metrics": [
                        {"name": "tTalkComplete", "value": 300_000},
                        {"name": "tHeldComplete", "value": 25_000},
                        {"name": "tAcw", "value": 60_500},
                        {
                            "name": "tHandle",
                            "value": 385_500,
                            "emitDate": "2026-11-02T09:19:01.000Z",
                        },
                    ],
                }
            ],
        },
    ],
}
TRANSCRIPT = {
    "conversationId": NAME,
    "transcripts": [
        {
            "language": "fi-fi",
            "phrases": [
                {
                    "startTimeMs": 1793610725000,
                    "participantPurpose": "external",
                    "text": "sohvan päällinen oli revennyt",
                    "decoratedText": "Sohvan päällinen oli revennyt.",
                },
                {
                    "startTimeMs": 1793610721000,
                    "participantPurpose": "internal",
                    "text": "Havuvakka, kuinka voin auttaa?",
                },
            ],
        }
    ],
}


def pushed(name: str) -> Event:
    one = load(FIXTURES / "genesys" / f"{name}.http")
    (event,) = GENESYS.events(one.request, one.source, one.at)
    return event


def fetched(*steps: Step, name: str = "customer_end") -> list[Event]:
    assert GENESYS.fetch is not None
    named = pushed(name)
    result, calls = played(GENESYS.fetch.dialogue(named, SOURCE, KEYS), *steps)
    assert calls[0].headers["authorization"] == "Basic aWQtMTpzYWxhaXN1dXM="
    for call in calls[1:]:
        to_genesys = call.url.startswith(API)
        assert call.headers.get("authorization") == ("Bearer avain" if to_genesys else None)
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


def test_details_and_transcript() -> None:
    details, agent, customer = fetched(
        TOKEN,
        (DETAILS, told(CONVERSATION)),
        (f"{LEGS}/{LEG}/transcripturl", told({"url": STORE})),
        (f"GET {STORE}", told(TRANSCRIPT)),
    )
    assert (details.wait_s, details.talk_s, details.hold_s) == (95, 300, 25)
    assert (details.handle_time_s, details.abandoned) == (385.5, False)
    assert details.customer == "phone:+358401113311"
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert (customer.text, customer.language) == ("Sohvan päällinen oli revennyt.", "fi")


def test_the_agents_leg_where_the_customers_was_not_recorded() -> None:
    found = fetched(
        TOKEN,
        (DETAILS, told(CONVERSATION)),
        (f"{LEGS}/{LEG}/transcripturl", Answer(404)),
        (f"{LEGS}/s-agent/transcripturl", told({"url": STORE})),
        (f"GET {STORE}", told(TRANSCRIPT)),
    )
    assert [event.role for event in found] == [Role.SYSTEM, Role.AGENT, Role.CUSTOMER]


def unrecorded(conversation: dict[str, Any]) -> list[Event]:
    legs = [LEG] + ["s-agent"] * any(p["purpose"] == "agent" for p in conversation["participants"])
    silent: list[Step] = [(f"{LEGS}/{leg}/transcripturl", Answer(404)) for leg in legs]
    return fetched(TOKEN, (DETAILS, told(conversation)), *silent)


def test_an_abandoned_call_was_not_handled() -> None:
    left = copy.deepcopy(CONVERSATION)
    del left["participants"][2]
    left["participants"][1]["sessions"][0]["metrics"].append({"name": "tAbandon", "value": 95_000})
    (details,) = unrecorded(left)
    assert (details.abandoned, details.wait_s, details.handle_time_s) == (True, 95, None)


def test_an_answered_survey() -> None:
    rated = copy.deepcopy(CONVERSATION)
    rated["surveys"] = [
        {"surveyId": "sv-1", "surveyStatus": "Finished", "surveyPromoterScore": 9},
        {"surveyId": "sv-2", "surveyStatus": "Sent"},
    ]
    _, survey = unrecorded(rated)
    assert (survey.kind, survey.role) == (EventKind.RATING, Role.CUSTOMER)
    assert (survey.ratings[0].kind, survey.ratings[0].value) == (RatingKind.NPS, 9)


def test_asked_again_the_same_details_are_the_same_event() -> None:
    after_work = copy.deepcopy(CONVERSATION)
    before = copy.deepcopy(CONVERSATION)
    del before["participants"][2]["sessions"][0]["metrics"][2:]
    ids = [unrecorded(one)[0].event_id for one in (CONVERSATION, after_work, before)]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        pytest.param([(TOKEN[0], Answer(400))], Misconfigured, id="wrong client"),
        pytest.param([(TOKEN[0], Answer(401))], Misconfigured, id="refused client"),
        pytest.param([TOKEN, (DETAILS, Answer(404))], Skipped, id="gone"),
        pytest.param([TOKEN, (DETAILS, Answer(429))], Retryable, id="too many"),
        pytest.param([TOKEN, (DETAILS, told({}))], Skipped, id="nothing in it"),
        pytest.param([TOKEN, (DETAILS, told({"participants": 5}))], Unreadable, id="other shape"),
        pytest.param(
            [
                TOKEN,
                (DETAILS, told(CONVERSATION)),
                (f"{LEGS}/{LEG}/transcripturl", told({"url": "http://169.254.169.254/"})),
            ],
            Unreadable,
            id="an address that is not https",
        ),
    ],
)
def test_what_cannot_be_fetched(steps: list[Step], error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(*steps)


# --- backfill -----------------------------------------------------------------------------------

DAY = datetime(2026, 11, 2, tzinfo=UTC)
QUERY = f"POST {API}/analytics/conversations/details/query"


def page(answer: Answer, cursor: str | None = None, **options: Any) -> tuple[Page, dict[str, Any]]:
    assert GENESYS.backfill is not None
    source = replace(SOURCE, options={**SOURCE.options, **options})
    dialogue = GENESYS.backfill.page(source, KEYS, DAY, DAY + timedelta(hours=30), cursor)
    result, calls = played(dialogue, TOKEN, (QUERY, answer))
    return result, json.loads(calls[1].body)


def test_a_listed_conversation_is_the_pushed_and_fetched_one() -> None:
    running = {**CONVERSATION, "conversationEnd": None}
    found, asked = page(told({"conversations": [CONVERSATION, running], "totalHits": 2}))
    ended, details = found.events
    push = pushed("customer_end")
    assert (ended.event_id, ended.kind, ended.role) == (push.event_id, push.kind, push.role)
    assert (ended.customer, ended.fetch) == (push.customer, "")
    assert details == unrecorded(CONVERSATION)[0]
    assert asked["interval"] == "2026-11-02T00:00:00Z/2026-11-03T00:00:00Z"
    assert found.cursor == f"{int(DAY.timestamp()) + 86_400}:1"


def test_pages_and_days() -> None:
    full = {"conversations": [CONVERSATION] * 100}
    start = int(DAY.timestamp())
    assert page(told(full))[0].cursor == f"{start}:2"
    found, asked = page(told({"conversations": []}), f"{start + 86_400}:3")
    assert asked["interval"] == "2026-11-03T00:00:00Z/2026-11-03T06:00:00Z"
    assert asked["paging"] == {"pageSize": 100, "pageNumber": 3}
    assert found.cursor is None


def test_transcripts_of_the_past_where_wanted() -> None:
    found, _ = page(told({"conversations": [CONVERSATION]}), transcripts=True)
    assert found.events[0].fetch == pushed("customer_end").fetch


def test_a_cursor_of_somebody_else() -> None:
    assert GENESYS.backfill is not None
    with pytest.raises(Misconfigured, match="cursor"):
        played(GENESYS.backfill.page(SOURCE, KEYS, DAY, DAY, "sivu 2"))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"region": "evil.example"},
        {"region": "mypurecloud.ie.evil.example"},
        {"region": 5},
        {"region": "mypurecloud.ie", "transcripts": "yes"},
        {"region": "mypurecloud.ie", "regoin": "x"},
    ],
)
def test_options(options: dict[str, Any]) -> None:
    source = Source("phone", "genesys", options=options)
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options"):
        GENESYS.check(source)
    if not isinstance(options.get("transcripts"), str) and "regoin" not in options:
        assert GENESYS.fetch is not None
        with pytest.raises(Misconfigured, match="region"):
            played(GENESYS.fetch.dialogue(pushed("acw"), source, KEYS))
