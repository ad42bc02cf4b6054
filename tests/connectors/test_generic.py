"""The generic sources: how they prove themselves, and CloudEvents' modes and handshake."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Request, Source
from chalicelib.connectors.parts import proofs
from chalicelib.errors import Misconfigured, Rejected, Skipped, Unreadable
from tests.connectors.recordings import FIXTURES, load

NOW = datetime(2026, 11, 2, 9, 15, 31, tzinfo=UTC)
BODY = '{"text":"Lasku on väärä"}'.encode()
PLAIN = Request("POST", "https://hub.havuvakka.example/webhooks/shop", {}, BODY)
KEY = "kuusen-juurella-3"

FORMS = [
    pytest.param(KEY, id="the default"),
    pytest.param(f"bearer#{KEY}", id="bearer"),
    pytest.param(f"basic#havu:{KEY}", id="basic"),
    pytest.param(f"header?name=X-Api-Key#{KEY}", id="header"),
    pytest.param(f"query?name=access_token#{KEY}", id="query"),
    pytest.param(f"query?name=t#{KEY} &=?#ä", id="query with an odd key"),
    pytest.param(f"hmac#{KEY}", id="as GitHub"),
    pytest.param(f"hmac?header=X-Acme&encoding=base64#{KEY}", id="base64"),
    pytest.param(f"hmac?header=X-Acme&algorithm=sha512&prefix=v1%3D#{KEY}", id="prefix"),
    pytest.param(f"hmac?time=X-Acme-Time#{KEY}", id="with a time"),
    pytest.param(f"hmac?time=X-T&signed=v0:{{time}}:{{body}}&prefix=v0=#{KEY}", id="as Slack"),
    pytest.param("hmac?key=base64#a3V1c2VuLWp1dXJlbGxh", id="a base64 key"),
]


def refused(connector: str, request: Request, *secrets: str, at: datetime = NOW) -> str:
    with pytest.raises(Rejected) as caught:
        CONNECTORS[connector].verify(request, secrets, at)
    assert KEY not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("secret", FORMS)
@pytest.mark.parametrize("name", ["hmac", "json"])
def test_every_form_proves_and_fails_closed(name: str, secret: str) -> None:
    connector = CONNECTORS[name]
    signed = connector.sign(PLAIN, secret, NOW)
    connector.verify(signed, ["another", secret], NOW)
    connector.verify(signed, [secret, "another"], NOW)
    refused(name, signed, "another")
    refused(name, signed, secret[:-2] + "AA")
    assert "no secret" in refused(name, signed)
    assert "no secret" in refused(name, signed, "")
    assert "missing" in refused(name, PLAIN, secret)
    with pytest.raises(Rejected):
        connector.sign(PLAIN, "", NOW)
    if "hmac" in secret or (name == "hmac" and secret == KEY):
        refused(name, replace(signed, body=BODY + b" "), secret)


@pytest.mark.parametrize("secret", FORMS)
def test_nothing_secret_is_archived(secret: str) -> None:
    connector = CONNECTORS["json"]
    typed = PLAIN.with_headers(content_type="application/json", host="hub.havuvakka.example")
    kept = connector.scrub(connector.sign(typed, secret, NOW))
    assert kept.url == PLAIN.url
    assert kept.headers == {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("hmac?algorithm=md5#k", "algorithm"),
        ("hmac?encoding=hexx#k", "encoding"),
        ("hmac?window=-1#k", "window"),
        ("hmac?headr=X#k", "headr"),
        ("header#k", "needs a name"),
        ("hmac?key=base64#%%%", "missing"),
    ],
)
def test_a_form_that_cannot_work_says_why(secret: str, reason: str) -> None:
    assert reason in refused("hmac", PLAIN, secret)


@pytest.mark.parametrize("stamp", ["{0}", "{0}000", "{0}.5"])
def test_times_as_senders_write_them(stamp: str) -> None:
    secret = f"hmac?time=X-Time&window=60#{KEY}"
    sent = stamp.format(int(NOW.timestamp()))
    timed = PLAIN.with_headers(x_time=sent)
    request = timed.with_headers(
        x_hub_signature_256=proofs._mac(timed, proofs.read(secret, "hmac"))
    )
    connector = CONNECTORS["hmac"]
    for seconds in (-58, 0, 59):
        connector.verify(request, [secret], NOW + timedelta(seconds=seconds))
    assert "old" in refused("hmac", request, secret, at=NOW + timedelta(seconds=62))
    assert "future" in refused("hmac", request, secret, at=NOW - timedelta(seconds=62))
    assert "does not fit" in refused("hmac", request.with_headers(x_time="1"), secret)


@pytest.mark.parametrize("stamp", ["", "²", "soon", "9" * 30, "0000-00-00T00:00:00Z"])
def test_a_signed_time_that_is_none(stamp: str) -> None:
    secret = f"hmac?time=X-Time#{KEY}"
    timed = PLAIN.with_headers(x_time=stamp)
    mac = proofs._mac(timed, proofs.read(secret, "hmac"))
    refused("hmac", timed.with_headers(x_hub_signature_256=mac), secret)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_openssl_agrees(algorithm: str, encoding: str) -> None:
    content = b"v0:1793610931:" + BODY
    macopt = ["-mac", "HMAC", "-macopt", f"hexkey:{KEY.encode().hex()}", "-binary"]
    mac = subprocess.run(
        ["openssl", "dgst", f"-{algorithm}", *macopt],
        input=content,
        capture_output=True,
        check=True,
    ).stdout
    shown = mac.hex() if encoding == "hex" else base64.b64encode(mac).decode()
    form = f"hmac?header=X-Sig&algorithm={algorithm}&encoding={encoding}&prefix=v0%3D&time=X-Time"
    secret = f"{form}&signed={quote('v0:{time}:{body}')}#{KEY}"
    request = PLAIN.with_headers(x_sig="v0=" + shown, x_time="1793610931")
    CONNECTORS["hmac"].verify(request, [secret], NOW)


def test_github_vector() -> None:
    """docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = replace(PLAIN, body=b"Hello, World!").with_headers(x_hub_signature_256=signature)
    CONNECTORS["hmac"].verify(request, ["It's a Secret to Everybody"], NOW)
    CONNECTORS["hmac"].verify(
        request.with_headers(x_hub_signature_256=signature.upper().replace("SHA", "sha")),
        ["It's a Secret to Everybody"],
        NOW,
    )


@pytest.mark.parametrize("name", ["hmac", "json", "cloudevents"])
def test_options_are_those_of_the_mapping(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"sources\.shop\.options\.maping"):
        CONNECTORS[name].check(Source("shop", name, options={"maping": {}}))
    with pytest.raises(Misconfigured, match=r"mapping\.text"):
        CONNECTORS[name].check(Source("shop", name, options={"mapping": {"text": "a["}}))


# --- CloudEvents --------------------------------------------------------------------------------

CLOUD = CONNECTORS["cloudevents"]
BUS = Source("bus", "cloudevents")


def cloud(**changed: Any) -> bytes:
    base = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "t", "data": {"text": "x"}}
    event = {**base, **changed}
    return json.dumps({k: v for k, v in event.items() if v is not None}).encode()


def structured(body: bytes, kind: str = "application/cloudevents+json") -> Request:
    return Request("POST", PLAIN.url, {"content-type": kind}, body)


def test_all_modes_give_the_same_event() -> None:
    (one,) = CLOUD.events(structured(cloud()), BUS, NOW)
    (two,) = CLOUD.events(
        structured(b"[" + cloud() + b"]", "Application/CloudEvents-Batch+JSON"), BUS, NOW
    )
    headers = {f"ce-{k}": v for k, v in json.loads(cloud(data=None)).items()}
    binary = Request("POST", PLAIN.url, headers, b'{"text":"x"}')
    (three,) = CLOUD.events(binary, BUS, NOW)
    assert one == two == three
    assert one.event_id == "/shop 1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (cloud(specversion="0.3"), "specversion"),
        (cloud(specversion=None), "specversion"),
        (cloud(id=""), "id should be an id"),
        (cloud(source=None), "source"),
        (cloud(type=None), "type"),
        (cloud(data_base64="%%"), "not base64"),
        (cloud(data_base64=1), "data_base64"),
        (cloud(data=[1]), "data"),
        (cloud(data=None, data_base64="PHg+", datacontenttype="text/xml"), "neither JSON nor"),
        (b"[]", "an object"),
    ],
)
def test_what_is_no_cloud_event_is_unreadable(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        CLOUD.events(structured(body), BUS, NOW)


def test_other_formats_and_plain_requests_are_unreadable() -> None:
    for kind in ("application/cloudevents+avro", "application/cloudevents"):
        with pytest.raises(Unreadable, match="format"):
            CLOUD.events(structured(cloud(), kind), BUS, NOW)
    with pytest.raises(Unreadable, match="ce-specversion"):
        CLOUD.events(structured(cloud(), "application/json"), BUS, NOW)
    batch = "application/cloudevents-batch+json"
    with pytest.raises(Unreadable, match="1001 events"):
        CLOUD.events(structured(b"[" + b",".join([b"{}"] * 1001) + b"]", batch), BUS, NOW)
    with pytest.raises(Skipped):
        CLOUD.events(structured(b"[]", batch), BUS, NOW)


def test_long_and_ambiguous_identities_stay_apart() -> None:
    ids = [("a", "b c"), ("a b", "c"), ("s" * 200, "1"), ("s" * 200, "2"), ("a", "b  c")]
    found = {
        CLOUD.events(structured(cloud(source=source, id=own)), BUS, NOW)[0].event_id
        for source, own in ids
    }
    assert len(found) == len(ids)
    assert max(map(len, found)) <= 200


def test_binary_mode_needs_a_signature_that_covers_the_identity() -> None:
    recorded = load(FIXTURES / "cloudevents" / "binary.http").request
    body_only = f"hmac#{KEY}"
    signed = CLOUD.sign(recorded, body_only, NOW)
    assert "ce-id" in refused("cloudevents", signed, body_only)
    assert "no secret" in refused("cloudevents", signed)
    whole = f"hmac?signed={{ce-id}}.{{ce-source}}.{{body}}#{KEY}"
    signed = CLOUD.sign(recorded, whole, NOW)
    CLOUD.verify(signed, [body_only, whole], NOW)
    refused("cloudevents", signed.with_headers(ce_id="another"), whole)
    as_structured = structured(cloud())
    CLOUD.verify(CLOUD.sign(as_structured, body_only, NOW), [body_only], NOW)
    caught = CLOUD.sign(as_structured, body_only, NOW)  # sent again under another identity
    forged = caught.with_headers(content_type="application/json", ce_id="2", ce_source="/shop")
    refused("cloudevents", forged, body_only)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"webhook-request-origin": "bus.havuvakka.example"}, "bus.havuvakka.example"),
        ({"webhook-request-origin": "bus.example\r\nX-Evil: 1"}, None),
        ({"webhook-request-origin": "*"}, None),
        ({}, None),
    ],
)
def test_abuse_protection(headers: dict[str, str], expected: str | None) -> None:
    reply = CLOUD.handshake(Request("OPTIONS", PLAIN.url, headers, b""))
    assert reply is not None
    assert reply.headers.get("WebHook-Allowed-Origin") == expected
    assert "WebHook-Allowed-Rate" not in reply.headers
    assert "OPTIONS" in CLOUD.open_methods


@pytest.mark.parametrize(("asked", "allowed"), [("120", "120"), ("99999", "6000"), ("x", "6000")])
def test_the_rate_is_told_when_asked(asked: str, allowed: str) -> None:
    headers = {"webhook-request-origin": "a.example", "webhook-request-rate": asked}
    reply = CLOUD.handshake(Request("OPTIONS", PLAIN.url, headers, b""))
    assert reply is not None
    assert reply.headers["WebHook-Allowed-Rate"] == allowed


ATTRIBUTES = {
    "id": "Ä-1 %",
    "source": "/kauppa/ä",
    "type": "palaute",
    "specversion": "1.0",
    "time": NOW,
    "subject": "sohva 50 % ”halki”",
    "datacontenttype": "application/json",
}


@pytest.mark.parametrize("bind", [to_structured_event, to_binary_event])
def test_the_sdk_writes_what_we_read(bind: Any) -> None:
    message: HTTPMessage = bind(CloudEvent(dict(ATTRIBUTES), {"text": "Sohva on ”halki”."}))
    headers = {name.lower(): value for name, value in message.headers.items()}
    source = replace(BUS, options={"mapping": {"text": "data.text", "subject": "subject"}})
    (event,) = CLOUD.events(Request("POST", PLAIN.url, headers, message.body), source, NOW)
    assert event.event_id == "/kauppa/ä Ä-1 %"
    assert event.text == "sohva 50 % ”halki”\n\nSohva on ”halki”."
    assert event.occurred_at == NOW
