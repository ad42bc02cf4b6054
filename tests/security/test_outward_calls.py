"""A connector calls its own vendor alone, whatever ids, cursors and answers it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from chalicelib.adapters.vendor_http import is_public
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Source
from chalicelib.connectors.vendor_api import Answer, Call, Credentials, Dialogue
from chalicelib.errors import HubError
from tests.events import event
from tests.security.vendor_answers import HOSTILE, HUB, VENDORS, Vendor

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)
MOST_CALLS = 60
SECRETS = re.compile("kalleus")
CREDENTIALS: Credentials = dict.fromkeys(
    (name for of in CONNECTORS.values() for way in (of.fetch, of.backfill, of.registration) if way
     for name in way.credentials),
    "kalleus",
) | {"account_sid": "AC1"}  # fmt: skip

BENIGN = "7"
STRANGERS = [
    "https://evil.example/x",
    "//evil.example/x",
    "@evil.example/x",
    ".evil.example/x",
    "\\\\evil.example\\x",
    "http://169.254.169.254/latest/meta-data",
    "https://[::1",
    "https://api.zoom.us@evil.example/x",
    "https://evil.example/.nexmo.com",
    "https://nexmo.com.evil.example/x",
    "https://evil.example?.api.nexmo.com/",
    "https://evil.example/zoom.us",
    "https://evilzoom.us/x",
    "https://api.aircall.io.evil.example/v1/webhooks?page=2",
    "https://evil.example#https://api.aircall.io/v1/webhooks?",
    "https://api2.frontapp.com.evil.example/events?x",
    "https://evil.frontapp.com.example/events?x",
    "s3://another-bucket/key",
    "file:///etc/passwd",
    "../../admin",
    "x/../../../admin",
    "7?injected=1",
    "7&injected=1",
    "7#fragment",
    "7 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "7\x00",
    "\u2025/\uff0e\uff0e/ä",
    "%2e%2e/%2e%2e",
    "-1",
    "9" * 30,
    "\u00b2",  # a digit, and no number to int()
    "",
]


def filled(value: Any, hostile: str) -> Any:
    """A copy in which every HOSTILE is this."""
    if isinstance(value, str):
        return value.replace(HOSTILE, hostile)
    if isinstance(value, list):
        return [filled(one, hostile) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, hostile) for key, one in value.items()}
    return value


def dialogues(name: str, vendor: Vendor, hostile: str) -> Iterator[Dialogue[Any]]:
    """Every dialogue of a connector with ids and cursors that are this."""
    connector = CONNECTORS[name]
    source = Source("source", name, options=filled(dict(vendor.options), hostile))
    if connector.fetch:
        assert vendor.fetch
        for told in vendor.fetch:
            waiting = event(f"call:{BENIGN}", source="source", fetch=filled(told, hostile))
            yield connector.fetch.dialogue(waiting, source, CREDENTIALS)
    if connector.backfill:
        for cursor in (None, *vendor.cursors):
            at = None if cursor is None else json.dumps(filled(cursor, hostile))[1:-1]
            place = filled(cursor, hostile) if cursor and not cursor.startswith("[") else at
            if cursor and cursor.startswith("["):
                place = cursor.replace(HOSTILE, json.dumps(hostile)[1:-1])
            yield connector.backfill.page(source, CREDENTIALS, SINCE, UNTIL, place)
    if connector.registration:
        yield connector.registration.register(HUB, source, CREDENTIALS, "a-new-secret")


def answer(vendor: Vendor, call: Call, hostile: str) -> Answer:
    try:
        url = urlsplit(call.url)
    except ValueError:
        return Answer(404)
    if vendor.redirect and call.method == "GET" and "recording" in url.path:
        return Answer(302, b"", {"location": hostile})
    asked = f"{call.method} {url.path}?{url.query}"
    body: Any = next((body for start, body in vendor.answers if asked.startswith(start)), {})
    return Answer(200, json.dumps(filled(body, hostile)).encode())


def calls(name: str, hostile: str) -> list[Call]:
    """All calls that a connector's dialogues make; they end in a result or a named error."""
    vendor = VENDORS[name]
    made: list[Call] = []
    for dialogue in dialogues(name, vendor, hostile):
        try:
            call = next(dialogue)
            for _ in range(MOST_CALLS):
                made.append(call)
                call = dialogue.send(answer(vendor, call, hostile))
            pytest.fail("the dialogue never ends")
        except StopIteration:
            continue
        except HubError as error:
            if SECRETS.search(str(error)):
                pytest.fail("an error holds a credential")
    return made


def test_every_connector_that_calls_is_here() -> None:
    assert set(VENDORS) == {
        name
        for name in CONNECTORS
        for found in [CONNECTORS[name]]
        if found.fetch or found.backfill or found.registration
    }


@pytest.mark.parametrize("name", VENDORS)
def test_what_is_not_hostile_is_asked_for(name: str) -> None:
    """Else nothing below would be tried."""
    assert len(calls(name, BENIGN)) >= VENDORS[name].calls


@pytest.mark.parametrize("hostile", STRANGERS)
@pytest.mark.parametrize("name", VENDORS)
def test_only_the_vendors_hosts_are_called(name: str, hostile: str) -> None:
    vendor = VENDORS[name]
    for call in calls(name, hostile):
        try:
            url = urlsplit(call.url)
        except ValueError:  # which VendorHttp refuses
            assert vendor.bare
            assert not call.headers
            continue
        if url.scheme == "s3":
            assert name in ("connect", "ses")
            assert not call.headers
            continue
        carries = SECRETS.search(str(call.headers)) or SECRETS.search(call.url) or call.body
        if url.hostname not in vendor.hosts:
            assert vendor.bare, f"{call.method} {call.url}"
            assert not carries
            assert not call.headers
            continue
        assert url.scheme == "https"
        assert url.username is None
        assert url.port is None
        assert call.url.isprintable()
        assert " " not in call.url
        if not vendor.addresses:
            assert ".." not in url.path.split("/")  # which VendorHttp refuses of the others
            assert "injected" not in dict(parse_qsl(url.query))
            assert not url.fragment


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("fec0::1", False),  # site-local until 2004
        ("64:ff9b:1::a00:1", False),  # NAT64 of a network's own
        ("192.0.0.8", False),
        ("192.88.99.1", False),  # the relay of 6to4
        ("3fff::1", False),  # documentation
        ("2001:db8::1", False),
        ("198.18.0.1", False),
        ("::127.0.0.1", False),
        ("::ffff:7f00:1", False),
        ("2001:0:7f00:1::", False),  # Teredo
        ("fd00:ec2::254", False),  # EC2's metadata
        ("169.254.170.2", False),  # ECS's credentials
        ("5f00::1", False),
        ("193.0.0.1", True),
        ("2a00:1450:4010::1", True),
    ],
)
def test_special_addresses_are_not_public(address: str, public: bool) -> None:
    assert is_public(address) is public
