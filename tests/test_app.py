"""app.py: API Gateway, SQS and SNS events in, the right answers out."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

import app as entry
from chalicelib.adapters.clients import client
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Reply, Request
from tests.pipeline.test_receive import MESSAGE, signed
from tests.twins import Metrics


@pytest.fixture
def hub(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(entry, "world", lambda: world)
    return world


def _call(request: Request, path: str = "/webhooks/{source}", **params: str) -> dict[str, Any]:
    params = params or {"source": "shop"}
    event = {
        "requestContext": {
            "httpMethod": request.method,
            "resourcePath": path,
            "path": "/prod" + path.format(**params),
            "stage": "prod",
        },
        "headers": dict(request.headers),
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": ["ä"]},
        "pathParameters": params,
        "stageVariables": None,
        "body": base64.b64encode(request.body).decode(),
        "isBase64Encoded": True,
    }
    answer: dict[str, Any] = entry.app(event, None)
    return answer


def test_a_webhook_travels_from_gateway_to_summary(hub: World) -> None:
    assert _call(signed(MESSAGE))["statusCode"] == 200
    messages = client("sqs").receive_message(QueueUrl=hub.queue.url)["Messages"]
    records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]
    assert entry.understand({"Records": records}, None) == {"batchItemFailures": []}
    assert hub.summaries.read(*_november()).count("contacts") == 1


def _november() -> Any:
    from datetime import date

    return date(2026, 11, 1), date(2026, 11, 30)


def test_the_signed_bytes_arrive_whatever_they_are(
    hub: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Request] = []

    def receive(world: World, source: str, request: Request) -> Reply:
        seen.append(request)
        return Reply(200)

    monkeypatch.setattr(entry, "receive", receive)
    raw = "myöhässä".encode("latin-1") + b"\x00\xff"
    _call(Request("POST", "", {"Content-Type": "text/plain; charset=latin-1", "X-A": "b"}, raw))
    assert seen[0].body == raw
    assert seen[0].headers["x-a"] == "b"
    assert seen[0].url == "https://hub.esimerkki.example/webhooks/shop?a=1&a=2&b=%C3%A4"


@pytest.mark.parametrize("accept", [None, "application/json", "*/*", "text/html"])
def test_senders_need_no_accept_header(hub: World, accept: str | None) -> None:
    headers = {"accept": accept} if accept else {}
    answer = _call(signed(MESSAGE, **headers))
    assert answer["statusCode"] == 200
    assert not answer.get("isBase64Encoded")


def test_a_forged_webhook_is_refused(hub: World) -> None:
    assert _call(signed(MESSAGE, secret="whsec_" + "B" * 32))["statusCode"] == 401


def test_only_the_failed_messages_come_again(hub: World) -> None:
    _call(signed(MESSAGE))
    _call(signed({**MESSAGE, "id": "ev-2", "conversation": "c-2", "text": "MYRKKY"}))
    messages = client("sqs").receive_message(QueueUrl=hub.queue.url, MaxNumberOfMessages=10)
    records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages["Messages"]]
    records.append({"messageId": "foreign", "body": "{}"})
    poison = next(r["messageId"] for r in records if "c-2" in r["body"])
    failures = entry.understand({"Records": records}, None)["batchItemFailures"]
    assert {f["itemIdentifier"] for f in failures} == {poison, "foreign"}


def test_the_unsubscribe_page_asks_before_it_acts(hub: World) -> None:
    from chalicelib.pipeline.digests import unsubscribe_token

    token = unsubscribe_token(hub, "service", "palvelu@esimerkki.example")
    page = _call(Request("GET", "", {}, b""), "/unsubscribe/{token}", token=token)
    assert page["statusCode"] == 200
    assert "<form" in page["body"]
    assert page["headers"]["Content-Type"].startswith("text/html")
    _call(Request("POST", "", {}, b""), "/unsubscribe/{token}", token=token)
    assert isinstance(hub.count, Metrics)
    assert hub.count[("opt_outs",)] == 1


def test_the_correction_page_takes_a_browsers_form(hub: World) -> None:
    from chalicelib.corrections import Link, Quoted, seal

    until = hub.clock() + timedelta(days=1)
    hub.corrections.keep_quote(
        Quoted("shop#1", "m", "processes", "Toimitus viipyy", "fi", "chat", "twin", until),
        until,
        hub.clock(),
    )
    link = Link("shop#1", "m", "processes", "late", until)
    token = seal(link, hub.secrets.key("link-key"))
    page = _call(Request("GET", "", {}, b""), "/correct/{token}", token=token)
    assert "Toimitus viipyy" in page["body"]
    assert page["headers"]["Referrer-Policy"] == "no-referrer"
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    saved = _call(
        Request("POST", "", form, b"theme=invoice&demand=value"), "/correct/{token}", token=token
    )
    assert (saved["statusCode"], "Tallennettu" in saved["body"]) == (200, True)
    assert [one.themes for one in hub.corrections.all(hub.clock())] == [("invoice",)]


def test_mail_events_reach_the_ledger(hub: World) -> None:
    message = {"eventType": "Send", "mail": {"tags": {"digest": ["2026-W47_x_y"]}}}
    record: dict[str, Any] = {
        "Sns": {"Message": json.dumps(message), "Subject": None, "MessageAttributes": {}}
    }
    entry.mail_events({"Records": [record]}, None)
    assert hub.registry.digest_state("2026-W47_x_y", hub.clock()) == "sent"
