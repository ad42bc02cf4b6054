"""Dialpad's API: transcripts, the list of calls, webhook and subscriptions; and its tokens."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import jwt_hs256
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

DIALPAD = CONNECTORS["dialpad"]
SOURCE = Source("phone", "dialpad")
KEYS = {"api_key": "avain"}
API = "https://dialpad.com/api/v2"


def pushed(name: str) -> Event:
    one = load(FIXTURES / "dialpad" / f"{name}.http")
    (event,) = DIALPAD.events(one.request, one.source, one.at)
    return event


def payload(name: str) -> Any:
    held = jwt_hs256.payload(load(FIXTURES / "dialpad" / f"{name}.http").request.body.decode())
    return json.loads(held or b"")


# --- fetch --------------------------------------------------------------------------------------


def fetched(answer: Answer) -> list[Event]:
    assert DIALPAD.fetch is not None
    named = pushed("transcription")
    dialogue = DIALPAD.fetch.dialogue(named, SOURCE, KEYS)
    result, calls = played(dialogue, (f"GET {API}/transcripts/5001000000000002", answer))
    assert calls[0].headers["authorization"] == "Bearer avain"
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


def line(time: str, words: str, **more: object) -> dict[str, Any]:
    return {"type": "transcript", "time": time, "content": words, **more}


def test_lines_by_speaker() -> None:
    lines = [
        line("2026-11-02T09:11:03.120000", "Havuvakka, Kaisa.", user_id=77, name="Kaisa"),
        line("2026-11-02T09:11:06", "Moi, hylly on naarmuilla.", contact_id="c-7"),
        {"type": "moment", "content": "price_inquiry", "time": "2026-11-02T09:11:07"},
        line("2026-11-02T09:11:08+00:00", "Ihan uusi.", contact_id="c-7"),
        line("2026-11-02T09:11:12", "Tämä puhelu tallennetaan."),
    ]
    agent, customer, system = fetched(told({"call_id": 5001000000000002, "lines": lines}))
    assert [one.role for one in (agent, customer, system)] == [
        Role.AGENT,
        Role.CUSTOMER,
        Role.SYSTEM,
    ]
    assert customer.text == "Moi, hylly on naarmuilla. Ihan uusi."
    assert customer.occurred_at == datetime(2026, 11, 2, 9, 11, 6, tzinfo=UTC)
    # An operator's leg: what was said belongs to the caller's own call.
    assert customer.interaction_id == pushed("hangup").interaction_id


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="gone"),
        pytest.param(Answer(401), Misconfigured, id="refused"),
        pytest.param(Answer(500), Retryable, id="down"),
        pytest.param(told({"lines": []}), Skipped, id="silence"),
        pytest.param(told({"lines": [line("eilen", "x")]}), Unreadable, id="not a time"),
    ],
)
def test_no_transcript(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(answer)


# --- backfill -----------------------------------------------------------------------------------

DAY = datetime(2026, 11, 2, tzinfo=UTC)
LIST = f"GET {API}/call?started_after=1793577600000&started_before=1793664000000&limit=50"


def test_listed_calls_are_the_pushed_ones() -> None:
    assert DIALPAD.backfill is not None
    source = replace(SOURCE, options={"transcripts": True})

    def page(cursor: str | None, step: Step) -> tuple[list[Event], str | None]:
        assert DIALPAD.backfill is not None
        until = DAY + timedelta(days=1)
        found, _ = played(DIALPAD.backfill.page(source, KEYS, DAY, until, cursor), step)
        return list(found.events), found.cursor

    calls = [payload("hangup"), {**payload("hangup"), "call_id": 9, "date_ended": None}]
    events, cursor = page(None, (LIST, told({"items": calls, "cursor": "a b"})))
    assert events[0] == pushed("hangup")
    assert [event.fetch for event in events] == ["", "transcript:5001000000000001"]
    assert cursor == "a b"
    events, cursor = page(cursor, (f"{LIST}&cursor=a+b", told({"items": [payload("abandoned")]})))
    assert events == [pushed("abandoned")]
    assert cursor is None


def test_a_call_of_the_state_missed_is_one_call() -> None:
    assert DIALPAD.backfill is not None
    until = DAY + timedelta(days=1)
    step = (LIST, told({"items": [payload("operator_leg_missed")]}))
    found, _ = played(DIALPAD.backfill.page(SOURCE, KEYS, DAY, until, None), step)
    assert found.events[0].event_id == pushed("operator_leg_missed").event_id


# --- registration -------------------------------------------------------------------------------

URL = "https://hub.havuvakka.example/webhooks/phone"


def registered(*steps: Step) -> list[Any]:
    assert DIALPAD.registration is not None
    dialogue = DIALPAD.registration.register(URL, SOURCE, KEYS, "uusi")
    secret, calls = played(dialogue, *steps)
    assert secret == "uusi"
    return [json.loads(call.body) for call in calls if call.body]


def test_a_new_webhook_and_its_subscriptions() -> None:
    bodies = registered(
        (f"GET {API}/webhooks", told({"items": [{"id": 1, "hook_url": "https://x.example"}]})),
        (f"POST {API}/webhooks", told({"id": 31})),
        (f"GET {API}/subscriptions/call", told({})),
        (f"POST {API}/subscriptions/call", told({"id": 5})),
        (f"GET {API}/subscriptions/sms", told({"items": []})),
        (f"POST {API}/subscriptions/sms", told({"id": 6})),
    )
    assert bodies[0] == {"hook_url": URL, "secret": "uusi"}
    assert bodies[1]["endpoint_id"] == 31
    assert {"hangup", "csat", "transcription"} <= set(bodies[1]["call_states"])
    assert bodies[2] == {"endpoint_id": 31, "enabled": True, "direction": "all"}


def test_a_webhook_that_is_there_gets_our_secret_and_what_it_lacks() -> None:
    bodies = registered(
        (f"GET {API}/webhooks", told({"items": [{"id": 31, "hook_url": URL}]})),
        (f"PATCH {API}/webhooks/31", told({"id": 31})),
        (f"GET {API}/subscriptions/call", told({"items": [{"id": 5, "webhook": {"id": 31}}]})),
        (f"GET {API}/subscriptions/sms", told({"items": [{"id": 5, "webhook": {"id": 30}}]})),
        (f"POST {API}/subscriptions/sms", told({"id": 6})),
    )
    assert bodies[0] == {"secret": "uusi"}


# --- tokens -------------------------------------------------------------------------------------


def forged(header: dict[str, str], secret: str) -> bytes:
    """The fixture's payload under another header, signed in earnest where a secret is given."""
    _, held, _ = load(FIXTURES / "dialpad" / "hangup.http").request.body.split(b".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    real = jwt_hs256._mac((head + b"." + held).decode(), secret) if secret else ""
    return head + b"." + held + b"." + real.encode()


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": "RS256"}, {}])
@pytest.mark.parametrize("signed", [True, False])
def test_no_other_algorithm(header: dict[str, str], signed: bool) -> None:
    one = load(FIXTURES / "dialpad" / "hangup.http")
    body = forged(header, one.secret if signed else "")
    with pytest.raises(Rejected):
        DIALPAD.verify(replace(one.request, body=body), [one.secret], one.at)


def test_the_algorithm_is_what_was_refused() -> None:
    one = load(FIXTURES / "dialpad" / "hangup.http")
    fine = replace(one.request, body=forged({"alg": "HS256"}, one.secret))
    DIALPAD.verify(fine, [one.secret], one.at)


@pytest.mark.parametrize(
    "body", [b"a.b", b"...", b"..", b"\xff.a.b", b"{}", b"e30.e30.", b"a" * 99]
)
def test_bodies_that_are_no_token(body: bytes) -> None:
    one = load(FIXTURES / "dialpad" / "hangup.http")
    with pytest.raises(Rejected):
        DIALPAD.verify(replace(one.request, body=body), [one.secret], one.at)


@pytest.mark.parametrize("options", [{"transcripts": "yes"}, {"transcript": True}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options"):
        DIALPAD.check(Source("phone", "dialpad", options=options))
