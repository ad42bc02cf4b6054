"""Twilio's API: transcripts of recordings, lists of messages and calls; and what handling is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib import fold
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.vendor_api import Answer, Page
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

TWILIO = CONNECTORS["twilio"]
SOURCE = Source("phone", "twilio")
ACCOUNT = "AC00000000000000000000000000000001"
KEYS = {"account_sid": ACCOUNT, "api_key": "SK1", "api_secret": "salaisuus"}
API = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}"
INTELLIGENCE = "https://intelligence.twilio.com/v2/Transcripts"


def pushed(name: str) -> Event:
    one = load(FIXTURES / "twilio" / f"{name}.http")
    (event,) = TWILIO.events(one.request, one.source, one.at)
    return event


# --- fetch --------------------------------------------------------------------------------------


def fetched(name: str, *steps: Step) -> list[Event]:
    assert TWILIO.fetch is not None
    named = pushed(name)
    result, calls = played(TWILIO.fetch.dialogue(named, SOURCE, KEYS), *steps)
    assert {call.headers["authorization"] for call in calls} == {"Basic U0sxOnNhbGFpc3V1cw=="}
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


LISTED = f"GET {INTELLIGENCE}?SourceSid=RE02&PageSize=20"
SENTENCES = f"GET {INTELLIGENCE}/GT0a01/Sentences?PageSize=1000"
CLASSIC = f"GET {API}/Recordings/RE02/Transcriptions.json"
TRANSCRIPT = {
    "sid": "GT0a01",
    "status": "completed",
    "language_code": "fi-FI",
    "media_start_time": "2026-11-02T09:08:00Z",
    "channel": {
        "participants": [
            {"channel_participant": 1, "role": "Agent"},
            {"channel_participant": 2, "role": "Customer"},
        ]
    },
}


def sentence(channel: int, start: str, words: str) -> dict[str, Any]:
    return {"media_channel": channel, "start_time": start, "transcript": words}


SAID = {
    "meta": {"next_page_url": None},
    "sentences": [
        sentence(1, "0.8", "Havuvakka, Kaisa puhelimessa."),
        sentence(2, "3.25", "Hei, vuodesohva jumittaa."),
        sentence(2, "5.5", "Se ei aukea millään."),
    ],
}


def test_a_recording_written_down_by_conversation_intelligence() -> None:
    agent, customer = fetched(
        "recording_completed",
        (LISTED, told({"transcripts": [{"sid": "GT9", "status": "failed"}, TRANSCRIPT]})),
        (SENTENCES, told(SAID)),
    )
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert customer.text == "Hei, vuodesohva jumittaa. Se ei aukea millään."
    assert customer.occurred_at == datetime(2026, 11, 2, 9, 8, 3, 250_000, tzinfo=UTC)
    assert customer.language == "fi"


def test_by_either_notification_it_is_the_same() -> None:
    by_recording = fetched(
        "recording_completed",
        (LISTED, told({"transcripts": [TRANSCRIPT]})),
        (SENTENCES, told(SAID)),
    )
    by_name = fetched(
        "intelligence_of_a_call",
        (f"GET {INTELLIGENCE}/GT0a01", told(TRANSCRIPT)),
        (SENTENCES, told(SAID)),
    )
    assert by_recording == by_name


def test_sentences_by_pages_of_twilio_alone() -> None:
    page = f"{INTELLIGENCE}/GT0a01/Sentences?PageSize=1000&Page=1"
    first = {"meta": {"next_page_url": page}, "sentences": SAID["sentences"]}
    more = sentence(1, "9", "Katsotaan yhdessä.")
    away = {"meta": {"next_page_url": "https://evil.example"}, "sentences": [more]}
    events = fetched(
        "recording_completed",
        (LISTED, told({"transcripts": [TRANSCRIPT]})),
        (SENTENCES, told(first)),
        (f"GET {page}", told(away)),
    )
    assert [event.role for event in events] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


@pytest.mark.parametrize(
    "intelligence",
    [
        told({"transcripts": []}),
        Answer(403),
        Answer(404),
        told({"transcripts": [{"status": "failed"}]}),
    ],
)
def test_a_recordings_own_transcription_is_the_pushed_one(intelligence: Answer) -> None:
    voicemail = pushed("voicemail_transcript")
    own = {
        "sid": voicemail.event_id,
        "status": "completed",
        "transcription_text": voicemail.text,
    }
    failed = {"sid": "TR9", "status": "failed", "transcription_text": None}
    (event,) = fetched(
        "recording_completed",
        (LISTED, intelligence),
        (CLASSIC, told({"transcriptions": [failed, own]})),
    )
    assert (event.event_id, event.message_id) == (voicemail.event_id, voicemail.message_id)
    assert (event.role, event.text) == (voicemail.role, voicemail.text)


NONE_YET = (LISTED, told({"transcripts": []}))


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        pytest.param(
            [(LISTED, told({"transcripts": [{"status": "queued"}]}))], Retryable, id="soon"
        ),
        pytest.param([(LISTED, Answer(500))], Retryable, id="down"),
        pytest.param([NONE_YET, (CLASSIC, told({"transcriptions": []}))], Skipped, id="never"),
        pytest.param([NONE_YET, (CLASSIC, Answer(404))], Skipped, id="deleted since"),
        pytest.param([NONE_YET, (CLASSIC, Answer(401))], Misconfigured, id="refused"),
        pytest.param([(LISTED, told({"transcripts": 5}))], Unreadable, id="another shape"),
        pytest.param(
            [
                (LISTED, told({"transcripts": [TRANSCRIPT]})),
                (SENTENCES, told({"sentences": [sentence(1, "-2", "x")]})),
            ],
            Unreadable,
            id="before the call",
        ),
    ],
)
def test_no_transcript(steps: list[Step], error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched("recording_completed", *steps)


# --- backfill -----------------------------------------------------------------------------------

SINCE, UNTIL = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
SPAN = "%3E=2026-11-02T00%3A00%3A00Z&{}%3C=2026-11-03T00%3A00%3A00Z&PageSize=200"
MESSAGES = f"/Messages.json?DateSent{SPAN.format('DateSent')}"
CALLS = f"/Calls.json?StartTime{SPAN.format('StartTime')}"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}"


def page(cursor: str | None, path: str, body: object) -> Page:
    assert TWILIO.backfill is not None
    dialogue = TWILIO.backfill.page(SOURCE, KEYS, SINCE, UNTIL, cursor)
    result, _ = played(dialogue, (f"GET {API}{path}", told(body)))
    return result


def message(**more: object) -> dict[str, object]:
    sms = pushed("sms")
    return {
        "sid": sms.message_id,
        "from": (sms.customer or "").removeprefix("phone:"),
        "body": sms.text,
        "direction": "inbound",
        "date_sent": "Mon, 02 Nov 2026 09:15:40 +0000",
        **more,
    }


def test_listed_messages_are_the_pushed_ones() -> None:
    more = f"{PATH}/Messages.json?Page=1&PageToken=PASM1"
    listed = [
        message(),
        message(sid="SM8", direction="outbound-reply"),
        message(sid="SM9", date_sent="Tue, 03 Nov 2026 00:00:00 +0000"),
        message(sid="SM7", date_sent=None),
    ]
    first = page(None, MESSAGES, {"messages": listed, "next_page_uri": more})
    assert list(first.events) == [pushed("sms")]
    assert first.cursor == more
    last = page(more, more.removeprefix(PATH), {"messages": [], "next_page_uri": None})
    assert last.cursor == f"{PATH}{CALLS}"


def call(**more: object) -> dict[str, object]:
    return {
        "sid": "CA01",
        "parent_call_sid": None,
        "from": "+358401112255",
        "to": "+358457000000",
        "direction": "inbound",
        "status": "completed",
        "duration": "412",
        "end_time": "Mon, 02 Nov 2026 09:14:50 +0000",
        **more,
    }


def test_listed_calls_are_the_pushed_ones() -> None:
    leg = pushed("call_leg_to_agent_completed")
    stamp = leg.occurred_at.strftime("%a, %d %b %Y %H:%M:%S +0000")
    listed = [
        call(),
        call(
            sid="CA01B",
            parent_call_sid="CA01",
            direction="outbound-dial",
            duration="301",
            end_time=stamp,
        ),
        call(sid="CA77", status="in-progress", end_time=None),
    ]
    found = page(f"{PATH}{CALLS}", CALLS, {"calls": listed, "next_page_uri": ""})
    assert list(found.events) == [pushed("call_completed"), leg]
    assert found.cursor is None


@pytest.mark.parametrize(
    "cursor", ["https://evil.example/", "/2010-04-01/Accounts/AC2/Calls.json", "x"]
)
def test_a_cursor_of_somebody_else(cursor: str) -> None:
    assert TWILIO.backfill is not None
    with pytest.raises(Misconfigured, match="cursor"):
        played(TWILIO.backfill.page(SOURCE, KEYS, SINCE, UNTIL, cursor))


# --- waiting is not handling --------------------------------------------------------------------


def callback(**fields: str) -> Event:
    body = urlencode({"CallSid": "CA1", "From": "+358401112266", **fields}).encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    (event,) = TWILIO.events(Request("POST", "https://hub.example", kind, body), SOURCE, SINCE)
    return event


END: Mapping[str, str] = {"CallStatus": "completed", "CallDuration": "330"}


def test_who_waited_and_left_was_not_handled() -> None:
    left = callback(QueueResult="hangup", QueueTime="318")
    whole = fold.fold([left, callback(**END)], {})
    assert (whole.abandoned, whole.wait_s, whole.handle_time_s) == (True, 318, None)


def test_handling_is_what_the_agents_leg_lasted() -> None:
    queue = callback(QueueResult="bridged", QueueTime="30")
    leg = callback(CallSid="CA2", ParentCallSid="CA1", CallStatus="completed", CallDuration="290")
    whole = fold.fold([queue, leg, callback(**END)], {})
    assert (whole.abandoned, whole.wait_s, whole.handle_time_s) == (False, 30, 290)


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled"])
def test_a_dial_that_nobody_took_has_no_duration(status: str) -> None:
    event = callback(DialCallStatus=status, DialCallDuration="25", **END)
    assert (event.talk_s, event.handle_time_s) == (None, None)


# --- JSON ---------------------------------------------------------------------------------------


def test_json_is_proven_by_the_signed_digest() -> None:
    one = load(FIXTURES / "twilio" / "intelligence_of_a_call.http")
    assert "bodySHA256=" in one.request.url
    body = one.request.body.replace(b"CA01", b"CA02")
    changed = Request("POST", one.request.url, one.request.headers, body)
    with pytest.raises(Rejected, match="bodySHA256"):
        TWILIO.verify(changed, [one.secret], one.at)


def test_other_json_is_kept() -> None:
    kind = {"content-type": "application/json"}
    request = Request("POST", "https://hub.example", kind, b'{"type":"com.twilio.voice"}')
    with pytest.raises(Unreadable, match="transcript_sid"):
        TWILIO.events(request, SOURCE, SINCE)
