"""No log line holds a secret, a customer's words, a customer's address or a telephone number.

Every recorded request comes to a hub: as it is, forged, cut, spoilt, repeated, and while each part
of the hub fails; then what was stored is understood while the endpoint fails, and told in digests.
All that is printed and logged meanwhile is searched for all that the recordings hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

import app as entry
from chalicelib.adapters.asynchronous import AsynchronousEndpoint, read_notice
from chalicelib.adapters.clients import client
from chalicelib.adapters.endpoint import Endpoint
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.telemetry import Unexpected, count, logger, wordless
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request
from chalicelib.errors import HubError, Misconfigured, Retryable
from chalicelib.pipeline.asking import ASKED
from chalicelib.pipeline.digests import send_digests
from chalicelib.pipeline.judge import judge
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from tests.connectors.recordings import Recording
from tests.events import event
from tests.pipeline.test_digests import MONDAY_9
from tests.pipeline.test_receive import MESSAGE
from tests.pipeline.test_receive import signed as signed_message
from tests.security.conftest import Printed
from tests.security.forbidden import FORBIDDEN, WORDS, found_in
from tests.security.hub import KEY, RECORDINGS, Hub, hub, signed
from tests.test_app import _call


@pytest.fixture
def all_sources(world: World) -> Hub:
    return hub(world)


def test_the_search_finds(printed: Printed) -> None:
    """Else nothing below could fail."""
    assert len(FORBIDDEN) > 500
    sentence = next(one for one in FORBIDDEN if WORDS.fullmatch(one) and "ä" in one)
    for line in (sentence, json.dumps({"reason": sentence}), f"to aino@posti.example {KEY}"):
        assert found_in(f"a line\n{line}\nanother")
    logger.warning("x", extra={"reason": sentence})
    assert found_in(printed.text())


def test_deliveries(all_sources: Hub, printed: Printed) -> None:
    for turn, recording in enumerate(RECORDINGS):
        for request in variants(recording, turn):
            all_sources.receives(recording, request)
        all_sources.receives(recording, **FAULTS[turn % len(FAULTS)])
    wanted = "accepted duplicate rejected skipped unreadable retryable misconfigured"
    assert {line["outcome"] for line in printed.lines("delivery")} == set(wanted.split())
    assert found_in(printed.text()) == []


@cache
def another(connector: str) -> str:
    """A secret of the vendor's form that is not the recordings'."""
    return CONNECTORS[connector].new_secret()


def variants(recording: Recording, turn: int) -> Iterator[Request]:
    """The request as it came, again, forged in each way, and spoilt in two, others each turn."""
    request, body = recording.request, recording.request.body
    yield request
    yield request
    yield signed(recording, body, another(recording.connector.name))
    yield replace(request, body=body + b"x")
    yield replace(request, headers={})
    spoilt = [
        body[: len(body) // 2],
        body[:-1],
        body.replace(b":", b";", 1),
        body.replace(b'"', b"", 1),
        body.decode("utf-8", "replace").encode("utf-16"),
        b"",
        *mistyped(body),
    ]
    for place in (turn, turn + 7):
        yield signed(recording, spoilt[place % len(spoilt)])


def mistyped(body: bytes) -> Iterator[bytes]:
    """JSON in which texts stand where others belong: a customer's words in a date's place."""
    try:
        payload = json.loads(body)
    except ValueError:
        return
    words = max(texts(payload), key=len, default="")
    for name in ("created_at", "timestamp", "data", "customer", "time", "role", "channel"):
        yield json.dumps(swapped(payload, name, words)).encode()
    yield json.dumps([payload]).encode()
    yield json.dumps(words).encode()


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    return [text for one in value for text in texts(one)] if isinstance(value, list) else []


def swapped(value: Any, name: str, words: str) -> Any:
    """A copy in which every field of a name holds these words."""
    if isinstance(value, dict):
        return {k: words if k == name else swapped(v, name, words) for k, v in value.items()}
    return [swapped(one, name, words) for one in value] if isinstance(value, list) else value


class Failing:
    """An adapter, or a world of them, of which everything fails that is called."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise self._error


FAULTS: list[dict[str, Any]] = [
    {"log": Failing(Retryable("could not store an event: throttled"))},
    {"log": Failing(Misconfigured("could not store an event: no table"))},
    {"queue": Failing(Retryable("could not queue 1 of 1 events"))},
    {"secrets": Failing(Misconfigured("secret cannot be read"))},
]


def stored(all_sources: Hub) -> list[EventKey]:
    """The events of every recording, received; waiting ones too, as after their fetch failed."""
    for recording in RECORDINGS:
        all_sources.receives(recording)
    waiting: Any = all_sources.world.fetch_queue
    return [*all_sources.queue.taken(), *waiting.taken()]


class Refusing:
    """A model endpoint's runtime that quotes what it was asked, as SageMaker's errors do."""

    def __init__(self, status: int) -> None:
        self._status = status

    def invoke_endpoint(self, Body: bytes, **_: Any) -> Any:
        told = {"Code": "ModelError", "Message": f"received from model: {Body.decode()[-3000:]}"}
        raise ClientError(
            {"Error": told, "OriginalStatusCode": self._status},
            "InvokeEndpoint",
        )


class Echo:
    """An endpoint that answers with the request itself."""

    def invoke(self, body: bytes) -> bytes:
        return body


def test_understanding(all_sources: Hub, printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = stored(all_sources)
    assert len(keys) > 200
    world = all_sources.world
    for status in (400, 500):
        runtime = Refusing(status)
        monkeypatch.setattr("chalicelib.adapters.endpoint.client", lambda *_, of=runtime: of)
        for part in parts(keys[:40]):
            assert understand(replace(world, endpoint=Endpoint("model")), part)
    monkeypatch.undo()
    failed: set[EventKey] = set()
    for part in parts(keys):
        failed |= understand(replace(world, endpoint=Echo()), part)
        understand(world, part)
        understand(world, part)
    assert failed
    assert printed.lines("understood")
    assert found_in(printed.text()) == []


def test_an_asynchronous_endpoint_that_quotes_what_it_was_asked(
    all_sources: Hub, printed: Printed
) -> None:
    """SageMaker's reason for a failure, in the log and in a dead letter."""
    world = all_sources.world
    for text in SENTENCES:
        for reason in (f"ModelError: {text}", text, f"server error (500) from primary: {text}"):
            told = {
                "invocationStatus": "Failed",
                "failureReason": reason,
                "requestParameters": {"inputLocation": f"s3://archive/{ASKED}0/q.json"},
            }
            notice = read_notice(json.dumps(told))
            endpoint = AsynchronousEndpoint("model", "archive")
            endpoint.put(notice.question, json.dumps({"texts": [], "of": []}).encode())
            assert judge(replace(world, asynchronous=endpoint), [notice]) == []
            assert found_in(notice.reason) == []  # what recordings.py puts into a dead letter
    lines = printed.lines("the model endpoint failed")
    assert {line["why"] for line in lines} >= {"ModelError", "server error 500"}
    assert found_in(printed.text()) == []


#: Each is forbidden in a line, as `found_in` knows them.
SENTENCES = [one for one in FORBIDDEN if WORDS.fullmatch(one)][::50]


def parts(keys: list[EventKey]) -> Iterator[list[EventKey]]:
    for start in range(0, len(keys), 100):
        yield keys[start : start + 100]


def test_digests(world: World, printed: Printed) -> None:
    """Thirty customers of each of three sentences are quoted; the log tells of letters alone."""
    keys = []
    for number in range(90):
        words = ("Toimitus on taas myöhässä ja olen siitä pahoillani",
                 "Lasku on väärin, soittakaa numeroon 040 123 4567",
                 "Kiitos ystävällisestä palvelusta, aino@posti.example")[number % 3]  # fmt: skip
        item = event(str(number), interaction_id=f"i{number}", customer=f"id:{number}", text=words)
        world.log.add(item, MONDAY_9, 30, None)
        keys.append(EventKey(item.interaction_key, item.event_id))
    assert understand(world, keys) == frozenset()

    class Quoting:
        """A mail service that fails, naming the reader as SES does."""

        def send(self, letter: Any) -> None:
            raise Retryable("SES answered Throttling")

    monday = replace(world, clock=lambda: MONDAY_9)
    assert send_digests(replace(monday, mail=Quoting())) == 0  # type: ignore[arg-type]
    assert send_digests(monday) == 3
    held = printed.text()
    assert len(printed.lines("digest sent")) == 3
    for word in ("pahoillani", "soittakaa", "ystävällisestä", "esimerkki.example", "040 123"):
        assert word not in held


# --- errors that nobody foresaw -----------------------------------------------------------------

SAID = "Olen sairas ja soitan numerosta 040 123 4567"


def raised(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


UNFORESEEN = [ValueError(SAID), KeyError(SAID), TypeError(SAID)]


@pytest.mark.parametrize("error", UNFORESEEN)
def test_a_connector_that_breaks_quotes_nobody_and_is_an_alarm(
    world: World, printed: Printed, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    broken = replace(CONNECTORS["standard"], events=raised(error))
    monkeypatch.setattr("chalicelib.pipeline.receive.CONNECTORS", {"standard": broken})
    assert receive(replace(world, count=count), "shop", signed_message(MESSAGE)).status == 503
    (line,) = printed.lines("delivery")
    assert line["outcome"] == "misconfigured"
    assert line["reason"].startswith(f"{type(error).__name__} at receive.py:")
    assert "sairas" not in printed.text()


@pytest.mark.parametrize("error", [*UNFORESEEN, Retryable("throttled"), Misconfigured("no table")])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/webhooks/shop"), ("GET", "/unsubscribe/a")]
)
def test_what_breaks_before_a_connector_is_known_asks_to_come_again(
    printed: Printed, monkeypatch: pytest.MonkeyPatch, method: str, path: str, error: Exception
) -> None:
    """Not 400, which Chalice would make of it: there some vendors drop the delivery for good."""
    monkeypatch.setattr(entry, "world", raised(error))
    request = Request(method, "", {"content-type": "application/json"}, b"{}")
    route, _, value = path.rpartition("/")
    name = {"/webhooks": "source", "/unsubscribe": "token"}[route]
    answer = _call(request, f"{route}/{{{name}}}", **{name: value})
    assert answer["statusCode"] == 503
    assert answer["body"] == ""
    held = printed.text()
    assert type(error).__name__ in held
    assert "test_logs.py" in held  # where it rose
    assert "sairas" not in held


@pytest.mark.parametrize(
    "handler", ["understand", "fetch", "send_digests", "roll_up", "watch_sources", "mail_events"]
)
def test_no_handler_reports_words_to_lambda(
    world: World, monkeypatch: pytest.MonkeyPatch, handler: str
) -> None:
    def broken() -> World:
        raise ValueError(SAID)

    monkeypatch.setattr(entry, "world", lambda: Failing(ValueError(SAID)))
    records = [{"messageId": "m", "body": '["a", "b"]', "Sns": SNS}]
    with pytest.raises(Unexpected) as caught:
        getattr(entry, handler)({"Records": records, **SCHEDULED}, None)
    assert "sairas" not in "".join(chained(caught.value))
    assert "ValueError" in str(caught.value)


SNS: dict[str, Any] = {"Message": '{"mail": {"tags": {"digest": ["a"]}}}', "Subject": None}
SNS["MessageAttributes"] = {}
SCHEDULED = {"version": "0", "account": "1", "region": "r", "detail": {}, "detail-type": "x",
             "source": "aws.events", "time": "t", "id": "i", "resources": []}  # fmt: skip


def chained(error: BaseException) -> Iterator[str]:
    import traceback

    yield from traceback.format_exception(error)


def test_our_own_errors_pass_as_they_are() -> None:
    with pytest.raises(Retryable, match="throttled"), wordless():
        raise Retryable("throttled")
    assert issubclass(Retryable, HubError)


def test_a_stored_event_of_another_form_is_not_quoted() -> None:
    import zlib

    from chalicelib.adapters import codec

    spoilt = json.dumps({"source": "s", "event_id": SAID, "kind": SAID, "text": SAID}).encode()
    with pytest.raises(ValueError, match="stored Event is of another form") as caught:
        codec.load_event(zlib.compress(spoilt))
    assert "sairas" not in "".join(chained(caught.value))


# --- what a terminal or another line would obey -------------------------------------------------

CONTROLS = '\x1b[31mpunainen\x1b[0m\r\n{"message": "delivery"}\n\u202e\u2028\x07\x9b2J'


@pytest.mark.parametrize("place", ["type", "source", "event", "id"])
def test_a_line_stays_a_line(all_sources: Hub, printed: Printed, place: str) -> None:
    for recording in RECORDINGS[::7]:
        request = recording.request
        if place == "type":
            headers = {**request.headers, "content-type": f"text/{CONTROLS}"}
            all_sources.receives(recording, replace(request, headers=headers))
        elif place == "source":
            receive(all_sources.world, CONTROLS, request)
        else:
            try:
                payload = swapped(json.loads(request.body), place, CONTROLS)
            except ValueError:
                continue
            all_sources.receives(recording, signed(recording, json.dumps(payload).encode()))
    lines = printed.text().splitlines()
    facts = [json.loads(line) for line in lines if line.startswith("{")]
    assert facts
    for fact in facts:
        for shown in (str(fact.get("reason", "")), str(fact.get("type", ""))):
            assert shown.isprintable(), shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", printed.text())


@pytest.mark.usefixtures("aws")
def test_the_fixture_catches_what_is_merely_printed(printed: Printed) -> None:
    print("a line of somebody's")
    assert "a line of somebody's" in printed.text()
    assert client("sqs") is not None
