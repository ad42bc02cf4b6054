"""Zoom's API: transcripts and event subscriptions; the check of the address, and the signature."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.connectors import CONNECTORS, zoom_phone
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event, Role
from tests.connectors.played import Step, played, told
from tests.connectors.recordings import FIXTURES, load
from tests.connectors.validity import assert_valid

ZOOM = CONNECTORS["zoom_phone"]
SOURCE = Source("phone", "zoom_phone")
KEYS = {
    "account_id": "tili 1",
    "client_id": "id-1",
    "client_secret": "salaisuus",
    "secret_token": "tunnus",
}
TOKEN: Step = ("POST https://zoom.us/oauth/token", told({"access_token": "avain"}))
API = "https://api.zoom.us/v2"
TRANSCRIPT = f"GET {API}/phone/recording_transcript/download/rec-1"


def pushed(name: str) -> Event:
    one = load(FIXTURES / "zoom_phone" / f"{name}.http")
    return ZOOM.events(one.request, one.source, one.at)[0]


# --- fetch --------------------------------------------------------------------------------------


def fetched(*steps: Step) -> list[Event]:
    assert ZOOM.fetch is not None
    named = pushed("recording_transcript_completed")
    result, calls = played(ZOOM.fetch.dialogue(named, SOURCE, KEYS), TOKEN, *steps)
    assert calls[0].body == b"grant_type=account_credentials&account_id=tili+1"
    assert calls[0].headers["authorization"] == "Basic aWQtMTpzYWxhaXN1dXM="
    assert {call.headers["authorization"] for call in calls[1:]} == {"Bearer avain"}
    for event in result:
        assert_valid(event)
        assert event.interaction_key == named.interaction_key
    return list(result)


TIMELINE = {
    "type": "zoom_transcript",
    "recording_id": "rec-1",
    "recording_start": "2026-11-02T09:10:20Z",
    "timeline": [
        {
            "ts": "00:00:01.500",
            "text": "Havuvakka, Kaisa Rintala.",
            "users": [{"username": "Kaisa Rintala", "zoom_userid": "u-77"}],
        },
        {
            "ts": "00:00:04",
            "text": "Hei, lamppu ei syty.",
            "users": [{"username": "+358401115511"}],
        },
        {"ts": "00:01:05.250", "text": "Johdossa on katkos.", "users": [{"username": "+358401"}]},
    ],
}


def test_a_timeline_by_speaker() -> None:
    agent, customer = fetched((TRANSCRIPT, told(TIMELINE)))
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert customer.text == "Hei, lamppu ei syty. Johdossa on katkos."
    assert customer.occurred_at == datetime(2026, 11, 2, 9, 10, 24, tzinfo=UTC)
    assert customer.interaction_id == pushed("callee_ended").interaction_id


def test_speakers_beside_the_text_and_no_start() -> None:
    lines = [
        {"ts": "00:00:01", "text": "Hei.", "username": "Kaisa", "email_address": "k@h.example"},
        {"text": "Moi.", "username": "Soittaja"},
    ]
    agent, customer = fetched((TRANSCRIPT, told({"timeline": lines})))
    assert (agent.role, customer.role) == (Role.AGENT, Role.CUSTOMER)
    assert customer.occurred_at == pushed("recording_transcript_completed").occurred_at


def test_a_redirect_inside_zoom_is_followed() -> None:
    elsewhere = "https://file.zoom.us/rec/1"
    moved = Answer(302, headers={"location": elsewhere})
    assert len(fetched((TRANSCRIPT, moved), (f"GET {elsewhere}", told(TIMELINE)))) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="gone"),
        pytest.param(Answer(401), Misconfigured, id="refused"),
        pytest.param(told({"code": 12002}, 400), Retryable, id="not ready"),
        pytest.param(
            Answer(302, headers={"location": "https://evil.example"}), Unreadable, id="away"
        ),
        pytest.param(
            Answer(302, headers={"location": "https://zoom.us.evil.example"}),
            Unreadable,
            id="alike",
        ),
        pytest.param(Answer(302, headers={"location": "http://zoom.us/x"}), Unreadable, id="http"),
        pytest.param(Answer(302), Unreadable, id="nowhere"),
        pytest.param(told({"timeline": []}), Skipped, id="silence"),
        pytest.param(told({"timeline": [{"ts": "alku", "text": "x"}]}), Unreadable, id="no offset"),
    ],
)
def test_no_transcript(answer: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched((TRANSCRIPT, answer))


def test_wrong_credentials() -> None:
    assert ZOOM.fetch is not None
    named = pushed("recording_transcript_completed")
    with pytest.raises(Misconfigured, match="client"):
        played(ZOOM.fetch.dialogue(named, SOURCE, KEYS), (TOKEN[0], Answer(400)))


# --- registration -------------------------------------------------------------------------------

URL = "https://hub.havuvakka.example/webhooks/phone"
PLACE = f"{API}/marketplace/app/event_subscription"


def registered(*steps: Step) -> list[Any]:
    assert ZOOM.registration is not None
    secret, calls = played(ZOOM.registration.register(URL, SOURCE, KEYS, "oma"), TOKEN, *steps)
    assert secret == "tunnus"  # the app's own: what we would choose is not taken
    return [json.loads(call.body) for call in calls[1:] if call.body]


def test_a_subscription_to_what_is_read() -> None:
    (body,) = registered(
        (
            f"GET {PLACE}",
            told({"event_subscriptions": [{"event_webhook_url": "https://x.example"}]}),
        ),
        (f"POST {PLACE}", told({"event_subscription_id": "es-1"}, 201)),
    )
    assert body["event_webhook_url"] == URL
    assert {"phone.callee_ended", "phone.recording_transcript_completed"} <= set(body["events"])
    assert (
        registered((f"GET {PLACE}", told({"event_subscriptions": [{"event_webhook_url": URL}]})))
        == []
    )


# --- the check of the address -------------------------------------------------------------------


def test_the_challenge_is_answered_by_the_secret() -> None:
    one = load(FIXTURES / "zoom_phone" / "url_validation.http")
    reply = zoom_phone.challenge(one.request, ["", one.secret])
    assert reply is not None
    answered = json.loads(reply.body)
    plain = json.loads(one.request.body)["payload"]["plainToken"]
    assert answered == {"plainToken": plain, "encryptedToken": openssl(plain.encode(), one.secret)}
    assert (reply.status, reply.headers) == (200, {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "change",
    [
        {"event": "phone.sms_received"},
        {"payload": None},
        {"payload": {"plainToken": ""}},
        {"payload": {"plainToken": 5}},
        {"payload": {"plainToken": "x" * 2000}},
    ],
)
def test_what_is_no_challenge(change: dict[str, Any]) -> None:
    one = load(FIXTURES / "zoom_phone" / "url_validation.http")
    body = {**json.loads(one.request.body), **change, "quoted": "endpoint.url_validation"}
    assert zoom_phone.challenge(replace(one.request, body=json.dumps(body).encode()), ["s"]) is None


def test_no_challenge_without_a_secret_or_in_another_delivery() -> None:
    one = load(FIXTURES / "zoom_phone" / "url_validation.http")
    assert zoom_phone.challenge(one.request, [""]) is None
    other = load(FIXTURES / "zoom_phone" / "sms_received.http")
    assert zoom_phone.challenge(other.request, [other.secret]) is None
    broken = replace(one.request, body=b'{"endpoint.url_validation"')
    assert zoom_phone.challenge(broken, [one.secret]) is None


# --- the signature ------------------------------------------------------------------------------


def openssl(content: bytes, secret: str) -> str:
    """The HMAC-SHA256 as hex, by another implementation than ours."""
    command = ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.hex()


def test_openssl_signs_the_same() -> None:
    one = load(FIXTURES / "zoom_phone" / "callee_ended.http")
    sent = one.request.headers["x-zm-request-timestamp"]
    expected = "v0=" + openssl(f"v0:{sent}:".encode() + one.request.body, one.secret)
    assert one.request.headers["x-zm-signature"] == expected


@pytest.mark.parametrize("unit", [1, 1000])
def test_the_signed_time_in_seconds_or_milliseconds(unit: int) -> None:
    one = load(FIXTURES / "zoom_phone" / "callee_ended.http")
    sent = str(int(one.at.timestamp() * unit))
    signature = "v0=" + openssl(f"v0:{sent}:".encode() + one.request.body, one.secret)
    request = one.request.with_headers(x_zm_request_timestamp=sent, x_zm_signature=signature)
    ZOOM.verify(request, [one.secret], one.at)
    with pytest.raises(Rejected, match="old"):
        ZOOM.verify(request, [one.secret], one.at + timedelta(seconds=301))


def test_options() -> None:
    with pytest.raises(Misconfigured, match=r"sources\.phone\.options\.x"):
        ZOOM.check(Source("phone", "zoom_phone", options={"x": 1}))
