"""What was heard -> events; what vendors tell of recordings, and where their sound lies."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import connectors, heard
from chalicelib.adapters.vendor_http import VendorHttp
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.vendor_api import Call
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, Role
from tests.adapters.vendor import Vendor, serving
from tests.connectors.played import played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid
from tests.events import START, event
from tests.pipeline.recorded import SAID, transcript

CALL = event("ev-1", channel=Channel.VOICE, recording="r")
SHOP = Source("shop", "standard")


def _heard(answer: bytes, timed: bool = True) -> list[Event]:
    found = heard.events(CALL, SHOP, answer, timed=timed)
    for one in found:
        assert_valid(one)
        assert one.interaction_key == CALL.interaction_key
        assert one.channel is Channel.VOICE
    return found


def test_turns_keep_their_times_and_their_speakers() -> None:
    found = _heard(SAID)
    assert [(e.role, e.occurred_at - START) for e in found] == [
        (Role.AGENT, timedelta(seconds=1)),
        (Role.CUSTOMER, timedelta(seconds=3.5)),
        (Role.AGENT, timedelta(seconds=12.5)),
    ]
    assert {e.language for e in found} == {"fi"}
    assert found == _heard(SAID)
    assert len({e.event_id for e in found}) == 3


@pytest.mark.parametrize(
    ("role", "p", "expected"),
    [
        ("customer", 0.37, [Role.CUSTOMER]),
        ("customer", 0.369, []),
        ("unknown", 0.9, [Role.SYSTEM]),
        ("agent", 0.9, [Role.AGENT]),
    ],
)
def test_whose_words_count(role: str, p: float, expected: list[Role]) -> None:
    found = _heard(transcript((0, 1, role, "Hei"), p=p))
    assert [e.role for e in found] == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (transcript((2, 10, "agent", "a"), (12, 32, "customer", "b"), hold_s=5), (25.0, 5.0)),
        (transcript((2, 10, "agent", "a"), hold_s=50), (0.0, 50.0)),
    ],
)
def test_measures(answer: bytes, expected: tuple[float, float]) -> None:
    *_, timed = _heard(answer, timed=False)
    assert (timed.talk_s, timed.hold_s) == expected


def test_a_call_without_a_word_adds_nothing() -> None:
    assert _heard(transcript(), timed=False) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(JSON, JSON, JSON)
@settings(max_examples=80, deadline=None)
def test_a_strange_answer_is_unreadable(start: Any, p: Any, text: Any) -> None:
    turn = {"start_s": start, "end_s": start, "role": "agent", "text": text, "p": p}
    body = {"schema": heard.SCHEMA, "turns": [turn]}
    with suppress(Unreadable):
        for one in heard.events(CALL, SHOP, json.dumps(body).encode(), timed=False):
            assert_valid(one)


@pytest.mark.parametrize(
    ("head", "header", "expected"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "application/octet-stream", "audio/wav"),
        (b"ID3\x04", "", "audio/mpeg"),
        (b"\xff\xfb\x90", "", "audio/mpeg"),
        (b"\xff\xf3\x90", "", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/mpeg", None),
        (b"OggS", "", "audio/ogg"),
        (b"fLaC", "", "audio/flac"),
        (b".snd", "", "audio/basic"),
        (b"\x7f\x80\x7f", "audio/basic; rate=8000", "audio/basic"),
        (b"\xff\xfb\xff", "audio/basic", "audio/basic"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4", None),
        (b"<html>", "text/html", None),
    ],
)
def test_sound_is_known_by_its_first_bytes(head: bytes, header: str, expected: str | None) -> None:
    assert heard.sound_type(head, header) == expected


# --- vendors ------------------------------------------------------------------------------------


def _told(name: str, listens: bool = True, **body: Any) -> list[Event]:
    one = load(FIXTURES / f"{name}.http")
    source = replace(one.source, recordings=listens)
    found = list(one.connector.events(_with(one.request, body), source, one.at))
    for made in found:
        assert_valid(made)
    return found


def _with(request: Request, body: dict[str, Any]) -> Request:
    if not body:
        return request
    return replace(request, body=json.dumps(json.loads(request.body) | body).encode())


@pytest.mark.parametrize(
    ("name", "recording", "interaction"),
    [
        ("twilio/recording_completed", "RE02", "CA01"),
        (
            "connect/recording",
            "s3://havuvakka-connect/connect/havuvakka/CallRecordings/2026/11/02/"
            "6f1d2a40-0000-4000-8000-00000000c001_20261102T09:05_UTC.wav",
            "6f1d2a40-0000-4000-8000-00000000c001",
        ),
    ],
)
def test_a_vendor_tells_of_a_recording(name: str, recording: str, interaction: str) -> None:
    (found,) = _told(name)
    assert (found.recording, found.fetch) == (recording, "")
    assert found.interaction_id == interaction
    assert (found.role, found.text) == (Role.SYSTEM, "")


def test_aircall_tells_of_a_recording_when_it_is_there() -> None:
    (found,) = _told("aircall/call_ended", event="call.comm_assets_generated")
    assert (found.recording, found.interaction_id) == ("call:900101", "call:900101")
    (ended,) = _told("aircall/call_ended")
    assert ended.recording == ""


@pytest.mark.parametrize(
    "name",
    ["twilio/live_transcript_of_customer", "twilio/intelligence_of_a_call",
     "twilio/voicemail_transcript", "aircall/transcription_created", "connect/voice_analysis"],
)  # fmt: skip
def test_a_call_is_written_down_once(name: str) -> None:
    """Where the hub listens itself, the vendor's own transcript is left alone."""
    assert _told(name, listens=False)
    with pytest.raises(Skipped):
        _told(name)


def _twilio(sid: str) -> str:
    return f"https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/{sid}"


TWILIO = {"account_sid": "AC1", "api_key": "SK1", "api_secret": "s"}


@pytest.mark.parametrize(
    ("recording", "url", "customer"),
    [
        ("RE02", _twilio("RE02") + ".wav", None),
        ("RE02:2", _twilio("RE02") + ".wav?RequestedChannels=2", 0),
        ("RE/../x", _twilio("RE%2F..%2Fx") + ".wav", None),
    ],
)
def test_twilios_sound(recording: str, url: str, customer: int | None) -> None:
    way = CONNECTORS["twilio"].recordings
    assert way is not None
    named = replace(CALL, recording=recording)
    sound, calls = played(way.find(named, Source("phone", "twilio"), TWILIO))
    assert (sound.call.url, sound.customer, calls) == (url, customer, [])
    assert sound.call.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("found", "url", "customer"),
    [
        ({"recording": "https://s3.example/a.mp3"}, "https://s3.example/a.mp3", None),
        ({"recording": None, "voicemail": "https://s3.example/v"}, "https://s3.example/v", 0),
    ],
)  # fmt: skip
def test_aircalls_sound(found: dict[str, Any], url: str, customer: int | None) -> None:
    way = CONNECTORS["aircall"].recordings
    assert way is not None
    named = replace(CALL, recording="call:7")
    step = ("GET https://api.aircall.io/v1/calls/7", told({"call": found}))
    keys = {"api_id": "i", "api_token": "t"}
    sound, _ = played(way.find(named, Source("phone", "aircall"), keys), step)
    assert (sound.call.url, sound.customer) == (url, customer)
    assert sound.call.headers == {}
    empty = ("GET https://api.aircall.io/v1/calls/7", told({"call": {}}))
    with pytest.raises(Skipped):
        played(way.find(named, Source("phone", "aircall"), keys), empty)


def test_connects_sound_is_the_object_itself() -> None:
    way = CONNECTORS["connect"].recordings
    assert way is not None
    named = replace(CALL, recording="s3://b/k.wav")
    sound, calls = played(way.find(named, Source("phone", "connect"), {}))
    assert (sound.call.url, sound.customer, calls) == ("s3://b/k.wav", 0, [])


def test_aircall_subscribes_to_recordings_only_where_the_hub_listens() -> None:
    way = CONNECTORS["aircall"].registration
    assert way is not None
    for listens in (False, True):
        source = Source("phone", "aircall", recordings=listens)
        none = told({"webhooks": []})
        made = told({"webhook": {"token": "t"}})
        steps = [
            ("GET https://api.aircall.io/v1/webhooks?per_page=50", none),
            ("POST https://api.aircall.io/v1/webhooks", made),
        ]
        keys = {"api_id": "i", "api_token": "t"}
        _, calls = played(way.register("https://hub", source, keys, ""), *steps)
        subscribed = json.loads(calls[1].body)["events"]
        assert ("call.comm_assets_generated" in subscribed) is listens


def test_only_what_gives_recordings_may_have_them() -> None:
    connectors.check(Source("phone", "aircall", recordings=True))
    with pytest.raises(Misconfigured, match="Zendesk gives no recordings"):
        connectors.check(Source("mail", "zendesk", recordings=True))


# --- downloads ----------------------------------------------------------------------------------

HERE = ("127.0.0.1",)


@pytest.fixture
def there() -> Iterator[str]:
    with serving() as host:
        yield host


def _download(url: str, hosts: tuple[str, ...] = HERE, **limits: Any) -> tuple[int, bytes]:
    into = io.BytesIO()
    answer = VendorHttp(local=True).download(
        Call(url, headers={"authorization": "Bearer x"}), hosts, into, **limits
    )
    assert answer.body == b"" or answer.status >= 300
    return answer.status, into.getvalue()


def test_sound_is_streamed_and_follows_redirects_on_its_host(there: str) -> None:
    assert _download(f"http://{there}/large") == (200, b"x" * 2000)
    assert _download(f"http://{there}/moved") == (200, b"\xc3\xa4")
    assert Vendor.asked[-1][2]["authorization"] == "Bearer x"
    assert _download(f"http://{there}/missing") == (404, b"")


def test_sound_is_bounded_and_of_the_vendors_hosts_alone(there: str) -> None:
    with pytest.raises(Unreadable):
        _download(f"http://{there}/large", max_bytes=1999)
    with pytest.raises(Misconfigured, match="no recording of this vendor lies there"):
        _download(f"http://{there}/large", (".vendor.example",))
    with pytest.raises(Misconfigured):
        _download(f"http://{there}/away")
    with pytest.raises(Misconfigured):
        _download("http://[")
    assert [path for _, path, *_ in Vendor.asked] == ["/large", "/away"]


def test_credentials_stay_on_the_host_that_they_are_for(
    there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Call] = []
    original = VendorHttp._once

    def once(self: VendorHttp, call: Call, *rest: Any) -> Any:
        asked.append(call)
        if "files.example" in call.url:
            rest[-1].write(b"sound")
            return type(original(self, Call(f"http://{there}/missing"), *rest[:-1]))(200)
        return original(self, call, *rest)

    monkeypatch.setattr(VendorHttp, "_once", once)
    assert _download(f"http://{there}/away", (*HERE, "files.example")) == (200, b"sound")
    assert [dict(call.headers) for call in asked] == [{"authorization": "Bearer x"}, {}]


def test_the_guide_says_how_recordings_are_allowed() -> None:
    page = (Path(__file__).parents[2] / "docs/speech.md").read_text(encoding="utf-8")
    for name in CONNECTORS:
        assert (f"`{name}`" in page) is (CONNECTORS[name].recordings is not None), name
