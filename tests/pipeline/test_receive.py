"""Acknowledged means durable; a status code tells the vendor what to do."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import codec
from chalicelib.adapters.clients import client
from chalicelib.adapters.tables import EventRow
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Reply, Request
from chalicelib.errors import Misconfigured, Rejected, Retryable
from chalicelib.pipeline.rebuild import publish_organisation, recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from tests.conftest import NOW, ORGANISATION, SECRET, set_aside
from tests.pipeline.faults import Fuse, Killed, fused
from tests.twins import Metrics

MESSAGE = {
    "id": "ev-1",
    "conversation": "c-1",
    "time": "2026-11-18T11:59:00Z",
    "text": "Toimitus on myöhässä",
    "customer": "aino@a.example",
    "role": "customer",
    "csat": 2,
}


def signed(body: bytes | dict[str, Any], secret: str = SECRET, **headers: str) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(
        "POST",
        "https://hub.esimerkki.example/webhooks/shop",
        {"content-type": "application/json", **headers},
        raw,
    )
    return CONNECTORS["standard"].sign(request, secret, NOW)


def _queued(world: World) -> list[Any]:
    found: list[Any] = []
    while (
        messages := client("sqs")
        .receive_message(QueueUrl=world.queue.url, MaxNumberOfMessages=10)
        .get("Messages")
    ):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_an_accepted_event_is_stored_and_queued(world: World) -> None:
    reply = receive(world, "shop", signed(MESSAGE))
    assert reply.status == 200
    (key,) = _queued(world)
    assert key[0] == "shop#c-1"
    (row,) = EventRow.query("shop#c-1")
    assert row.raw is not None


def test_the_hot_path_is_one_write_and_one_send(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed({**MESSAGE, "id": "warm"}))  # organisation and secret are cached
    calls: list[str] = []
    from botocore.client import BaseClient

    original = BaseClient._make_api_call

    def counted(self: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    assert receive(world, "shop", signed(MESSAGE)).status == 200
    assert calls == ["PutItem", "SendMessage"]


def test_a_retry_is_a_duplicate_and_is_queued_again(world: World) -> None:
    request = signed(MESSAGE)
    assert receive(world, "shop", request).status == 200
    assert receive(world, "shop", request).status == 200
    assert len(_queued(world)) == 2
    assert len(list(EventRow.query("shop#c-1"))) == 1
    assert isinstance(world.count, Metrics)
    assert world.count["deliveries", "shop", "accepted"] == 1
    assert world.count["deliveries", "shop", "duplicate"] == 1


@pytest.mark.parametrize("step", range(1, 12))
def test_killed_between_any_two_calls_the_vendors_retry_finishes(world: World, step: int) -> None:
    fuse = Fuse(step)
    try:
        reply = receive(fused(world, fuse), "shop", signed(MESSAGE))
    except Killed:
        reply = receive(world, "shop", signed(MESSAGE))
    assert reply.status == 200
    from chalicelib.adapters.log import EventKey

    assert understand(world, [EventKey(*key) for key in _queued(world)]) == frozenset()
    assert recount(world).count("contacts") == 1


def test_a_forged_delivery_leaves_no_trace_but_a_count(world: World) -> None:
    reply = receive(world, "shop", signed(MESSAGE, secret="whsec_" + "B" * 32))
    assert reply.status == 401
    assert _queued(world) == []
    assert list(EventRow.scan()) == []
    assert world.count["deliveries", "shop", "rejected"] == 1  # type: ignore[index]


def test_a_source_that_nobody_wired_is_not_found(world: World) -> None:
    assert receive(world, "nobody", signed(MESSAGE)).status == 404


def test_without_a_secret_the_source_stays_closed(world: World) -> None:
    client("secretsmanager").delete_secret(
        SecretId="oivallus/test/sources/shop", ForceDeleteWithoutRecovery=True
    )
    assert receive(world, "shop", signed(MESSAGE)).status >= 500
    assert list(EventRow.scan()) == []


@pytest.mark.parametrize(
    ("adapter", "method", "error", "status"),
    [
        pytest.param("log", "add", Retryable("slow"), 503, id="table does not answer"),
        pytest.param("queue", "put", Retryable("slow"), 503, id="queue does not answer"),
        pytest.param("log", "add", Misconfigured("no table"), 503, id="table is missing"),
    ],
)
def test_no_2xx_before_it_is_durable(
    world: World, adapter: str, method: str, error: Exception, status: int
) -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any) -> Any:
                raise error

            return fail if name == method else None

    broken = replace(world, **{adapter: Failing()})  # type: ignore[arg-type]
    assert receive(broken, "shop", signed(MESSAGE)).status == status


UNKNOWN = {"id": "ev-9", "conversation": "c-9", "time": "not a time", "text": "hei"}


def test_an_unreadable_body_is_kept_once(world: World) -> None:
    request = signed(UNKNOWN)
    assert receive(world, "shop", request).status in (200, 202)
    assert receive(world, "shop", request).status in (200, 202)
    assert world.count["deliveries", "shop", "unreadable"] == 2  # type: ignore[index]
    (kept,) = set_aside(world, "shop")
    assert kept.request.body == request.body


def test_no_secret_of_a_header_is_archived(world: World) -> None:
    receive(world, "shop", signed(MESSAGE, authorization="Basic b2l2YWxsdXM6c2FsYQ=="))
    (row,) = EventRow.query("shop#c-1")
    kept = codec.load_request(row.raw)
    assert kept.body == json.dumps(MESSAGE).encode()
    assert "b2l2YWxsdXM6c2FsYQ" not in repr(kept)


def test_a_large_delivery_goes_to_the_archive(world: World) -> None:
    import random

    noise = random.Random(3).randbytes(600_000).hex()
    request = signed({**MESSAGE, "attachment": noise})
    assert receive(world, "shop", request).status == 200
    (row,) = EventRow.query("shop#c-1")
    assert row.raw is None
    assert codec.load_request(world.log.archive.get(row.raw_in)) == request


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[" * 100_000, id="deeply nested"),
        pytest.param(json.dumps({**MESSAGE, "csat": 11}).encode(), id="a rating of 11"),
        pytest.param(json.dumps({**MESSAGE, "time": "0000-01-01T00:00:00Z"}).encode(), id="year 0"),
        pytest.param(json.dumps({**MESSAGE, "time": "9999-12-31T23:59:59Z"}).encode(), id="9999"),
        pytest.param(json.dumps(MESSAGE).encode("utf-16"), id="wrong charset"),
        pytest.param(json.dumps({**MESSAGE, "id": "x" * 5000}).encode(), id="endless id"),
    ],
)
def test_what_cannot_be_read_is_kept_and_the_hub_goes_on(world: World, body: bytes) -> None:
    assert 200 <= receive(world, "shop", signed(body)).status < 300
    assert len(set_aside(world, "shop")) == 1
    assert receive(world, "shop", signed(MESSAGE)).status == 200


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("pitkä " * 900_000, id="5 MB"),
        pytest.param("\ud800 puolikas", id="lone surrogate"),
        pytest.param("nolla\x00tavu", id="NUL"),
    ],
)
def test_odd_texts_go_all_the_way(world: World, text: str) -> None:
    from chalicelib.adapters.log import EventKey

    request = signed(json.dumps({**MESSAGE, "text": text}).encode())
    assert receive(world, "shop", request).status == 200
    assert understand(world, [EventKey(*key) for key in _queued(world)]) == frozenset()
    assert recount(world).count("contacts") == 1


def test_a_probe_of_the_address_is_welcome(world: World) -> None:
    assert receive(world, "shop", Request("HEAD", "https://x", {}, b"")) == Reply(200)


def test_a_vendor_that_asks_whether_we_know_the_secret_is_answered(world: World) -> None:
    """Zoom's check of the address: the plain token comes back with its HMAC."""
    text = ORGANISATION.replace("connector: standard", "connector: zoom_phone", 1)
    start = text.index("    options:\n      mapping:")
    text = text[:start] + text[text.index("touchpoints:") :]
    publish_organisation(world, text)
    world._published.clear()
    body = json.dumps(
        {"event": "endpoint.url_validation", "event_ts": 1, "payload": {"plainToken": "qgg8"}}
    ).encode()
    unsigned = Request("POST", "https://h.example/webhooks/shop", {}, body)
    request = CONNECTORS["zoom_phone"].sign(unsigned, SECRET, NOW)
    reply = receive(world, "shop", request)
    assert reply.status == 200
    encrypted = hmac.new(SECRET.encode(), b"qgg8", "sha256").hexdigest()
    assert json.loads(reply.body) == {"plainToken": "qgg8", "encryptedToken": encrypted}
    forged = CONNECTORS["zoom_phone"].sign(unsigned, "another", NOW)
    assert receive(world, "shop", forged).status == 401


def _published(monkeypatch: pytest.MonkeyPatch, urls: list[str | None]) -> list[list[str]]:
    """Let the connector name these keys' addresses in turn; what verify is then given."""
    found, given = CONNECTORS["standard"], []

    def verify(request: Request, secrets: Any, now: Any) -> None:
        given.append(list(secrets))

    keyed = replace(found, verify=verify, key_url=lambda _: urls.pop(0))
    monkeypatch.setattr("chalicelib.pipeline.receive.CONNECTORS", {"standard": keyed})
    return given


def test_the_vendors_public_key_is_the_last_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = _published(monkeypatch, ["https://sns.example/key.pem", None])
    asked: list[str] = []

    class Vendors:
        def public_key(self, url: str) -> str:
            asked.append(url)
            return "PEM"

    keyed: World = replace(world, vendors=Vendors())  # type: ignore[arg-type]
    assert receive(keyed, "shop", signed(MESSAGE)).status == 200
    assert receive(keyed, "shop", signed(MESSAGE)).status == 200
    assert given == [[SECRET, "PEM"], [SECRET]]
    assert asked == ["https://sns.example/key.pem"]


def test_without_the_vendors_public_key_the_vendor_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = _published(monkeypatch, ["https://sns.example/key.pem"])

    class Vendors:
        def public_key(self, url: str) -> str:
            raise Retryable(f"no key at {url}")

    keyless: World = replace(world, vendors=Vendors())  # type: ignore[arg-type]
    assert receive(keyless, "shop", signed(MESSAGE)).status == 503
    assert given == []
    assert list(EventRow.scan()) == []


def test_an_address_of_a_key_that_is_not_the_vendors_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _published(monkeypatch, [])

    def not_the_vendors(_: Request) -> str:
        raise Rejected("the certificate is not of AWS")

    keyed = replace(CONNECTORS["standard"], key_url=not_the_vendors)
    monkeypatch.setattr("chalicelib.pipeline.receive.CONNECTORS", {"standard": keyed})
    assert receive(world, "shop", signed(MESSAGE)).status == 401
