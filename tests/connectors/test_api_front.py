"""Front's API by recorded answers, its two ways to sign, and what only Front does."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib.connectors import CONNECTORS, front
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Page, run
from chalicelib.errors import Misconfigured, Rejected, Retryable, Skipped, Unreadable
from chalicelib.fold import fold
from chalicelib.interaction import Event
from tests.connectors.recordings import FIXTURES, Recording, load

API = "https://api2.frontapp.com"
SINCE = datetime(2026, 11, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
SOURCE = Source("posti", "front")
CREDENTIALS = {"api_token": "tunnus"}
Exchange = tuple[str, Any]


def recording(name: str) -> Recording:
    return load(FIXTURES / "front" / f"{name}.http")


def payload(name: str) -> Any:
    body = json.loads(recording(name).request.body)
    return body.get("payload", body)


def pushed(name: str) -> Event:
    one = recording(name)
    (event,) = one.connector.events(one.request, one.source, one.at)
    return event


def sender(exchanges: list[Exchange], made: list[Call]) -> Any:
    def send(call: Call) -> Answer:
        place, answer = exchanges.pop(0)
        assert (call.method, call.place) == ("GET", place)
        assert call.headers["authorization"] == "Bearer tunnus"
        made.append(call)
        return answer if isinstance(answer, Answer) else Answer(200, json.dumps(answer).encode())

    return send


def page(*exchanges: Exchange, cursor: str | None = None) -> tuple[Page, list[tuple[str, str]]]:
    backfill = CONNECTORS["front"].backfill
    assert backfill
    left, made = list(exchanges), list[Call]()
    dialogue = backfill.page(SOURCE, CREDENTIALS, SINCE, UNTIL, cursor)
    found = run(dialogue, sender(left, made))
    assert not left
    return found, parse_qsl(urlsplit(made[0].url).query)


def listed(*events: Any, following: str | None = None) -> dict[str, Any]:
    return {"_pagination": {"next": following}, "_results": list(events)}


# --- backfill -----------------------------------------------------------------------------------


def test_listed_events_have_the_identities_of_their_pushes() -> None:
    names = ["archived", "tag_added", "comment", "outbound", "inbound"]
    found, asked = page((f"{API}/events", listed(*map(payload, names))))
    assert list(found.events) == [replace(pushed(name), source="posti") for name in names]
    assert found.cursor is None
    assert ("q[after]", "1793577600.000") in asked
    assert ("q[before]", "1793664000.000") in asked
    assert ("q[types][]", "inbound") in asked


def test_the_cursor_is_the_next_address() -> None:
    following = "https://havuvakka.api.frontapp.com/events?page_token=abc%3D&limit=15"
    first, _ = page((f"{API}/events", listed(payload("assigned"), following=following)))
    assert (list(first.events), first.cursor) == ([], following)
    place = "https://havuvakka.api.frontapp.com/events"
    last, asked = page((place, listed(payload("inbound"))), cursor=following)
    assert asked == [("page_token", "abc="), ("limit", "15")]
    assert (len(last.events), last.cursor) == (1, None)


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param("https://frontapp.com.example/events?x", id="another host"),
        pytest.param("https://evil.example/.frontapp.com/events?x", id="another host's path"),
        pytest.param("http://api2.frontapp.com/events?x", id="without TLS"),
        pytest.param("https://api2.frontapp.com@evil.example/events?x", id="a user name"),
        pytest.param("https://api2.frontapp.com/me?x", id="another place"),
    ],
)
def test_the_token_goes_to_front_alone(cursor: str) -> None:
    with pytest.raises(Unreadable, match="Front's own address"):
        page(cursor=cursor)


def test_a_listed_preview_is_completed_at_once() -> None:
    message = payload("inbound")["target"]["data"]
    found, _ = page(
        (f"{API}/events", listed(payload("inbound_preview"))),
        (f"{API}/messages/msg_7", message),
    )
    state, told = found.events
    assert (state.event_id, state.fetch) == ("evt_1c", "")
    assert told == replace(pushed("inbound"), source="posti")


def test_a_listed_message_that_is_gone_leaves_its_event() -> None:
    found, _ = page(
        (f"{API}/events", listed(payload("inbound_preview"))),
        (f"{API}/messages/msg_7", Answer(404)),
    )
    assert [e.event_id for e in found.events] == ["evt_1c"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(403), Misconfigured, id="403"),
        pytest.param(Answer(429), Retryable, id="429"),
        pytest.param(Answer(400), Unreadable, id="400"),
        pytest.param({"_results": {}}, Unreadable, id="not a list"),
    ],
)
def test_what_front_refuses(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        page((f"{API}/events", answer))


# --- fetch --------------------------------------------------------------------------------------


def fetched(answer: Any, name: str = "inbound_preview") -> list[Event]:
    fetch = CONNECTORS["front"].fetch
    assert fetch
    dialogue = fetch.dialogue(pushed(name), SOURCE, CREDENTIALS)
    return list(run(dialogue, sender([(f"{API}/messages/msg_7", answer)], [])))


@pytest.mark.parametrize("name", ["inbound_preview", "rule_preview"])
def test_a_preview_becomes_the_message(name: str) -> None:
    (event,) = fetched(payload("inbound")["target"]["data"], name)
    whole = pushed("inbound")
    assert replace(event, tags=whole.tags) == replace(whole, source="posti")
    interaction = fold([replace(pushed(name), source="posti"), event], {})
    assert [m.text for m in interaction.messages] == [whole.text]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(Answer(404), Skipped, id="gone"),
        pytest.param({"id": "msg_7"}, Skipped, id="still a preview"),
        pytest.param(Answer(401), Misconfigured, id="401"),
        pytest.param(Answer(502), Retryable, id="502"),
    ],
)
def test_a_message_that_cannot_be_fetched(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetched(answer)


# --- signatures ---------------------------------------------------------------------------------


def test_an_application_webhook_is_fresh() -> None:
    one = recording("inbound")
    for seconds in (-299, 299):
        front.verify(one.request, [one.secret], one.at + timedelta(seconds=seconds))
    for seconds in (-301, 301):
        with pytest.raises(Rejected, match=r"old|in the future"):
            front.verify(one.request, [one.secret], one.at + timedelta(seconds=seconds))


def test_taking_the_time_away_does_not_make_it_a_rule_webhook() -> None:
    one = recording("inbound")
    headers = {k: v for k, v in one.request.headers.items() if k != "x-front-request-timestamp"}
    with pytest.raises(Rejected, match="does not fit"):
        front.verify(replace(one.request, headers=headers), [one.secret], one.at)


@pytest.mark.parametrize("stamp", ["", " ", "1e3", "-1", "٣", "9" * 16])
def test_a_time_that_is_none(stamp: str) -> None:
    one = recording("inbound")
    headers = {**one.request.headers, "x-front-request-timestamp": stamp}
    with pytest.raises(Rejected):
        front.verify(replace(one.request, headers=headers), [one.secret], one.at)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("name", ["inbound", "rule_inbound"])
def test_openssl_signs_the_same(name: str) -> None:
    one = recording(name)
    sent = one.request.headers.get("x-front-request-timestamp")
    content = (f"{sent}:".encode() if sent else b"") + one.request.body
    digest = "-sha256" if sent else "-sha1"
    command = ["openssl", "dgst", digest, "-hmac", one.secret, "-binary"]
    mac = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    assert base64.b64encode(mac).decode() == one.request.headers["x-front-signature"]


# --- handshake ----------------------------------------------------------------------------------


def test_the_challenge_is_echoed() -> None:
    one = recording("challenge")
    reply = front.handshake(one.request)
    assert reply is not None
    assert json.loads(reply.body) == {"challenge": one.request.headers["x-front-challenge"]}


def test_only_a_signed_sync_is_a_handshake() -> None:
    """Else an unsigned header would turn a message into a handshake, and it would be lost."""
    one = recording("inbound")
    assert front.handshake(one.request.with_headers(x_front_challenge="abc")) is None
    sync = recording("challenge").request
    assert front.handshake(sync.with_headers(x_front_challenge="a\r\nb")) is None
    assert front.handshake(sync.with_headers(x_front_challenge="")) is None
