"""Aircall's API: transcriptions, the list of calls, webhooks; and the token in the body."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Page
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

AIRCALL = CONNECTORS["aircall"]
SOURCE = Source("phone", "aircall")
KEYS = {"api_id": "id-1", "api_token": "salaisuus"}
AUTHORIZATION = "Basic aWQtMTpzYWxhaXN1dXM="
API = "https://api.aircall.io/v1"
DAY = datetime(2026, 11, 2, tzinfo=UTC)


def pushed(name: str) -> Event:
    one = load(FIXTURES / "aircall" / f"{name}.http")
    (event,) = AIRCALL.events(one.request, one.source, one.at)
    return event


def data(name: str) -> Any:
    return json.loads(load(FIXTURES / "aircall" / f"{name}.http").request.body)["data"]


def transcription(*utterances: dict[str, Any], **content: Any) -> Answer:
    held = {"language": "fi", "utterances": list(utterances), **content}
    return told({"transcription": {"id": 6655, "call_id": 900101, "content": held}})


def fetched(answer: Answer) -> list[Event]:
    assert AIRCALL.fetch is not None
    named = pushed("transcription_created")
    dialogue = AIRCALL.fetch.dialogue(named, SOURCE, KEYS)
    result, calls = played(dialogue, (f"GET {API}/calls/900101/transcription", answer))
    assert calls[0].headers["authorization"] == AUTHORIZATION
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


def said(who: str, start: float, words: str) -> dict[str, Any]:
    return {"participant_type": who, "start_time": start, "end_time": start + 2, "text": words}


def test_what_was_said_joins_the_call() -> None:
    agent, customer = fetched(
        transcription(
            said("internal", 0.4, "Havuvakan asiakaspalvelu."),
            said("external", 3.1, "Hei, sain väärän värisen nojatuolin."),
            said("external", 6.0, "Tilasin vihreän."),
        )
    )
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert customer.text == "Hei, sain väärän värisen nojatuolin. Tilasin vihreän."
    assert customer.language == "fi"
    assert customer.interaction_id == pushed("call_ended").interaction_id


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="no transcription"),
        pytest.param(Answer(403), Misconfigured, id="refused"),
        pytest.param(Answer(429), Retryable, id="too many"),
        pytest.param(transcription(), Skipped, id="silence"),
        pytest.param(told({"transcription": []}), Unreadable, id="another shape"),
        pytest.param(transcription(said("external", -4, "x")), Unreadable, id="before the call"),
    ],
)
def test_no_transcription(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(answer)


# --- backfill -----------------------------------------------------------------------------------


def page(cursor: str | None, *steps: Step, source: Source = SOURCE, days: float = 1) -> Page:
    assert AIRCALL.backfill is not None
    until = DAY + timedelta(days=days)
    result, _ = played(AIRCALL.backfill.page(source, KEYS, DAY, until, cursor), *steps)
    return result


def listing(start: int, stop: int, number: int) -> str:
    span = f"from={start}&to={stop}&order=asc&page={number}&per_page=50"
    return f"GET {API}/calls?{span}"


START = int(DAY.timestamp())


def test_a_listed_call_is_the_pushed_one() -> None:
    running = {**data("call_ended"), "id": 7, "ended_at": None}
    found = page(
        None,
        (
            listing(START, START + 86_399, 1),
            told(
                {
                    "meta": {"next_page_link": f"{API}/calls?page=2"},
                    "calls": [data("call_ended"), running],
                }
            ),
        ),
    )
    assert list(found.events) == [pushed("call_ended")]
    assert found.cursor == f"{START}:2"
    last = page(
        found.cursor,
        (
            listing(START, START + 86_399, 2),
            told({"meta": {"next_page_link": None}, "calls": [data("call_abandoned")]}),
        ),
    )
    assert [event.abandoned for event in last.events] == [True]
    assert last.cursor is None


def test_days_follow_each_other() -> None:
    empty = told({"meta": {}, "calls": []})
    first = page(None, (listing(START, START + 86_399, 1), empty), days=1.5)
    assert first.cursor == f"{START + 86_400}:1"
    step = (listing(START + 86_400, START + 129_599, 1), empty)
    assert page(first.cursor, step, days=1.5).cursor is None


def test_transcripts_of_the_past_where_wanted() -> None:
    source = replace(SOURCE, options={"transcripts": True})
    calls = {"calls": [data("call_ended"), data("call_abandoned")]}
    found = page(None, (listing(START, START + 86_399, 1), told(calls)), source=source)
    waiting = [event for event in found.events if event.fetch]
    assert [event.event_id for event in waiting] == [pushed("transcription_created").event_id]
    assert waiting[0].fetch == pushed("transcription_created").fetch


@pytest.mark.parametrize("cursor", ["x", "1", "1:x", ":"])
def test_a_cursor_of_somebody_else(cursor: str) -> None:
    with pytest.raises(Misconfigured, match="cursor"):
        page(cursor)


# --- registration -------------------------------------------------------------------------------

URL = "https://hub.havuvakka.example/webhooks/phone"
LIST = f"GET {API}/webhooks?per_page=50"


def registered(*steps: Step) -> tuple[str, list[Any]]:
    assert AIRCALL.registration is not None
    dialogue = AIRCALL.registration.register(URL, SOURCE, KEYS, "oma")
    secret, calls = played(dialogue, *steps)
    return secret, [json.loads(call.body) for call in calls if call.body]


def test_a_webhook_is_made_for_the_events_that_are_read() -> None:
    more = f"{API}/webhooks?per_page=50&page=2"
    secret, bodies = registered(
        (
            LIST,
            told(
                {"meta": {"next_page_link": more}, "webhooks": [{"url": "https://other.example"}]}
            ),
        ),
        (f"GET {more}", told({"meta": {"next_page_link": None}, "webhooks": []})),
        (
            f"POST {API}/webhooks",
            told({"webhook": {"webhook_id": "w", "token": "aircallin-oma"}}, 201),
        ),
    )
    assert secret == "aircallin-oma"
    assert bodies[0]["url"] == URL
    assert {"call.ended", "transcription.created", "message.received"} <= set(bodies[0]["events"])


def test_a_webhook_that_is_there_is_kept() -> None:
    webhook = {"url": URL, "token": "ennallaan", "active": True}
    assert registered((LIST, told({"webhooks": [webhook]}))) == ("ennallaan", [])


def test_the_next_page_is_never_looked_for_elsewhere() -> None:
    away = {"meta": {"next_page_link": "https://evil.example/v1/webhooks?x"}, "webhooks": []}
    secret, _ = registered(
        (LIST, told(away)), (f"POST {API}/webhooks", told({"webhook": {"token": "t"}}))
    )
    assert secret == "t"


# --- the token ----------------------------------------------------------------------------------


def test_the_token_is_not_archived() -> None:
    one = load(FIXTURES / "aircall" / "sms_received.http")
    clean = AIRCALL.scrub(one.request)
    assert one.secret.encode() not in clean.body
    assert AIRCALL.events(clean, SOURCE, one.at) == AIRCALL.events(one.request, SOURCE, one.at)


@pytest.mark.parametrize("token", [None, "", 5, [], {"a": 1}, "ä", "x" * 10_000])
def test_tokens_that_are_none(token: object) -> None:
    one = load(FIXTURES / "aircall" / "sms_received.http")
    body = {**json.loads(one.request.body), "token": token}
    with pytest.raises(Rejected):
        AIRCALL.verify(replace(one.request, body=json.dumps(body).encode()), [one.secret], one.at)


@pytest.mark.parametrize("options", [{"transcripts": "yes"}, {"transcript": True}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options"):
        AIRCALL.check(Source("phone", "aircall", options=options))
