"""Vonage's API: transcripts of recordings, records of messages and calls; and its tokens."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.vendor_api import Answer, Page
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, Role
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

VONAGE = CONNECTORS["vonage"]
SOURCE = Source("phone", "vonage")
KEYS = {"jwt": "oma", "api_key": "abcd1234", "api_secret": "salaisuus"}
FILE = "https://api.nexmo.com/v1/files/cccccccc-0000-4000-8000-000000000021"


def pushed(name: str) -> Event:
    one = load(FIXTURES / "vonage" / f"{name}.http")
    (event,) = VONAGE.events(one.request, one.source, one.at)
    return event


# --- fetch --------------------------------------------------------------------------------------


def fetched(answer: Answer, **options: Any) -> list[Event]:
    assert VONAGE.fetch is not None
    named = pushed("transcription")
    dialogue = VONAGE.fetch.dialogue(named, replace(SOURCE, options=options), KEYS)
    result, calls = played(dialogue, (f"GET {FILE}", answer))
    assert calls[0].headers["authorization"] == "Bearer oma"
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


def channel(*said: tuple[int, str]) -> dict[str, Any]:
    return {
        "duration": 60,
        "transcript": [
            {"sentence": words.lower(), "raw_sentence": words, "timestamp": at}
            for at, words in said
        ],
    }


def test_two_channels_are_two_people_in_turn() -> None:
    caller = channel((4000, "Tuoli on rikki."), (5000, "Selkänoja irtosi."), (20_000, "Kiitos."))
    agent = channel((900, "Havuvakka, hei."), (12_000, "Lähetän uuden."))
    events = fetched(told({"ver": "1.0", "channels": [caller, agent]}))
    assert [(event.role, event.text) for event in events] == [
        (Role.AGENT, "Havuvakka, hei."),
        (Role.CUSTOMER, "Tuoli on rikki. Selkänoja irtosi."),
        (Role.AGENT, "Lähetän uuden."),
        (Role.CUSTOMER, "Kiitos."),
    ]
    assert len({event.event_id for event in events}) == 4


def test_one_channel_is_the_callers_only_where_it_is_a_voicemail() -> None:
    answer = told({"channels": [channel((0, "Soittakaa takaisin."))]})
    assert [event.role for event in fetched(answer)] == [Role.SYSTEM]
    assert [event.role for event in fetched(answer, recordings="voicemail")] == [Role.CUSTOMER]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="gone"),
        pytest.param(Answer(401), Misconfigured, id="the token ended"),
        pytest.param(Answer(429), Retryable, id="too many"),
        pytest.param(told({"channels": []}), Skipped, id="nothing in it"),
        pytest.param(
            told({"channels": [{"transcript": [{"sentence": 4}]}]}), Unreadable, id="shape"
        ),
    ],
)
def test_no_transcript(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(answer)


@pytest.mark.parametrize(
    "url",
    [
        "https://nexmo.com.evil.example/x",
        "http://api.nexmo.com/x",
        "https://evil.example/.nexmo.com",
        "//x",
        "https://[x",
    ],
)
def test_our_token_goes_to_vonage_only(url: str) -> None:
    assert VONAGE.fetch is not None
    event = replace(pushed("transcription"), fetch=f"transcript:{url}")
    with pytest.raises(Unreadable, match="address"):
        played(VONAGE.fetch.dialogue(event, SOURCE, KEYS))


# --- backfill -----------------------------------------------------------------------------------

DAY = datetime(2026, 11, 2, tzinfo=UTC)
START = int(DAY.timestamp())


def page(answer: Answer, asked: str, cursor: str | None = None, hours: int = 24) -> Page:
    assert VONAGE.backfill is not None
    dialogue = VONAGE.backfill.page(SOURCE, KEYS, DAY, DAY + timedelta(hours=hours), cursor)
    step = (f"GET https://api.nexmo.com/v2/reports/records?account_id=abcd1234&{asked}", answer)
    result, calls = played(dialogue, step)
    assert calls[0].headers["authorization"].startswith("Basic ")
    return result


def asked(product: str, more: str = "", day: int = 2, end: str = "03T00") -> str:
    span = f"date_start=2026-11-0{day}T00%3A00%3A00Z&date_end=2026-11-{end}%3A00%3A00Z"
    return f"product={product}&direction=inbound&{span}{more}"


MESSAGE = {
    "message_id": "aaaaaaaa-0000-4000-8000-000000000001",
    "provider": "sms",
    "from": "358401116611",
    "to": "358457000000",
    "date_received": "2026-11-02T09:10:00+0000",
    "message_body": "Moi! Voinko vaihtaa noutoajan huomiseksi?",
}
CALL = {
    "call_id": "aaaaaaaa-0000-4000-8000-000000000011",
    "conversation_id": "CON-aaaaaaaa-0000-4000-8000-000000000001",
    "direction": "inbound",
    "from": "358401116633",
    "status": "completed",
    "date_start": "2026-11-02T09:10:00+0000",
    "duration": 600,
}


def test_records_are_the_pushed_events() -> None:
    text = "&include_message=true"
    following = "https://api.nexmo.com/v2/reports/records?cursor=abc&iv=xyz&account_id=zzz"
    first = page(
        told({"records": [MESSAGE], "_links": {"next": {"href": following}}}),
        asked("MESSAGES", text),
    )
    assert list(first.events) == [pushed("sms")]
    assert first.cursor == f"{START}:MESSAGES:abc:xyz"
    more = f"{text}&cursor=abc&iv=xyz"
    second = page(told({"records": []}), asked("MESSAGES", more), first.cursor)
    assert second.cursor == f"{START}:VOICE-CALL::"
    third = page(told({"records": [CALL]}), asked("VOICE-CALL"), second.cursor)
    assert list(third.events) == [pushed("caller_completed")]
    assert third.cursor is None


def test_days_follow_each_other() -> None:
    cursor = f"{START}:VOICE-CALL::"
    found = page(told({"records": []}), asked("VOICE-CALL"), cursor, hours=30)
    assert found.cursor == f"{START + 86_400}:MESSAGES::"
    query = asked("MESSAGES", "&include_message=true", 3, "03T06")
    assert page(told({}), query, found.cursor, hours=30).cursor == f"{START + 86_400}:VOICE-CALL::"


def test_a_call_that_cannot_join_its_conversation_is_left_out() -> None:
    alone = {key: value for key, value in CALL.items() if key != "conversation_id"}
    cursor = f"{START}:VOICE-CALL::"
    assert page(told({"records": [alone]}), asked("VOICE-CALL"), cursor).events == []


@pytest.mark.parametrize("cursor", ["x", "1:SMS::", "1:MESSAGES:", "x:MESSAGES::"])
def test_a_cursor_of_somebody_else(cursor: str) -> None:
    assert VONAGE.backfill is not None
    with pytest.raises(Misconfigured, match="cursor"):
        played(VONAGE.backfill.page(SOURCE, KEYS, DAY, DAY, cursor))


# --- tokens, made by PyJWT ----------------------------------------------------------------------

SECRET = "havuvakka-vonage-signature-secret-0001-pitempi-kuin-koskaan-tarvitaan"


def delivery(body: bytes, claims: dict[str, Any], algorithm: str = "HS256") -> Request:
    token = jwt.encode(claims, SECRET, algorithm=algorithm)
    return Request("POST", "https://hub.example", {"authorization": f"Bearer {token}"}, body)


def test_a_token_of_pyjwt() -> None:
    body = json.dumps({"message_uuid": "m-1", "text": "Hei"}).encode()
    digest = hashlib.sha256(body).hexdigest()
    claims = {"iat": 1793610600, "jti": "j-1", "iss": "Vonage", "api_key": "abcd1234"}
    VONAGE.verify(delivery(body, {**claims, "payload_hash": digest}), ["vanha", SECRET], DAY)
    VONAGE.verify(delivery(body, {**claims, "payload_hash": digest.upper()}), [SECRET], DAY)
    for bad in ({}, {"payload_hash": ""}, {"payload_hash": 5}, {"payload_hash": "ä" + digest[1:]}):
        with pytest.raises(Rejected):
            VONAGE.verify(delivery(body, {**claims, **bad}), [SECRET], DAY)
    with pytest.raises(Rejected, match="HS256"):
        VONAGE.verify(delivery(body, {"payload_hash": digest}, "HS512"), [SECRET], DAY)


def test_a_token_is_good_for_its_own_body_alone() -> None:
    one, other = (load(FIXTURES / "vonage" / f"{name}.http") for name in ("sms", "messenger"))
    swapped = replace(one.request, body=other.request.body)
    with pytest.raises(Rejected, match="payload_hash"):
        VONAGE.verify(swapped, [one.secret], one.at)


# --- shapes -------------------------------------------------------------------------------------


def test_channels() -> None:
    assert pushed("sms").channel is pushed("sms_of_version_0_1").channel is Channel.SMS
    assert pushed("whatsapp_image").channel is pushed("messenger").channel is Channel.CHAT


@pytest.mark.parametrize("options", [{"recordings": "mono"}, {"recording": "voicemail"}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options"):
        VONAGE.check(Source("phone", "vonage", options=options))
