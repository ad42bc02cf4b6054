"""A webhook that the vendor's API creates, and the secret that it signs with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.vendor_api import Answer, Call
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.pipeline import register
from chalicelib.pipeline.rebuild import publish_organisation
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.register import Registered
from tests.conftest import ORGANISATION, SECRET
from tests.pipeline import thin
from tests.pipeline.faults import Fuse, Killed, fused
from tests.pipeline.test_backfill import TYPEFORM
from tests.pipeline.test_receive import MESSAGE, signed
from tests.pipeline.thin import API, Clock, Vendor

URL = "https://hub.esimerkki.example/webhooks/shop"


@pytest.fixture
def hub(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    thin.wire(monkeypatch)
    thin.give_credentials(world, token="token-of-the-vendor")
    return replace(world, clock=Clock())


def run(hub: World, *given: Any) -> Registered:
    """Register as the command does, but wait by the world's clock."""
    clock = hub.clock
    assert isinstance(clock, Clock)
    return register.run(hub, *given, sleep=clock.sleep)


def takes_ours(call: Call) -> Answer:
    return Answer(201, json.dumps({"id": 1}).encode())


def gives_its_own(call: Call) -> Answer:
    return Answer(201, json.dumps({"secret": "whsec_dmVuZG9ycyBvd24gc2VjcmV0"}).encode())


def stored(name: str = "shop") -> dict[str, Any]:
    found = client("secretsmanager").get_secret_value(SecretId=f"oivallus/test/sources/{name}")
    content: dict[str, Any] = json.loads(found["SecretString"])
    return content


def test_the_vendor_is_told_a_fresh_secret_and_the_older_ones_still_fit(hub: World) -> None:
    vendor = Vendor(takes_ours)
    assert run(hub, "shop", URL, vendor) == Registered("shop", URL, 2)
    (call,) = vendor.calls
    told = json.loads(call.body)
    assert (call.method, call.url, told["url"]) == ("POST", f"{API}/webhooks", URL)
    assert stored() == {
        "secrets": [told["secret"], SECRET],
        "api": {"token": "token-of-the-vendor"},
    }
    for number, secret in enumerate((told["secret"], SECRET)):
        reply = receive(hub, "shop", signed({**MESSAGE, "id": str(number)}, secret=secret))
        assert reply.status == 200


def test_a_vendor_that_makes_its_own_secret(hub: World) -> None:
    assert run(hub, "shop", URL, Vendor(gives_its_own)).secrets == 2
    assert stored()["secrets"] == ["whsec_dmVuZG9ycyBvd24gc2VjcmV0", SECRET]
    assert run(hub, "shop", URL, Vendor(gives_its_own)).secrets == 2


def test_the_secret_fits_before_the_vendor_knows_it(hub: World) -> None:
    def delivers_at_once(call: Call) -> Answer:
        secret = json.loads(call.body)["secret"]
        assert receive(hub, "shop", signed(MESSAGE, secret=secret)).status == 200
        return takes_ours(call)

    run(hub, "shop", URL, Vendor(delivers_at_once))


@pytest.mark.parametrize("vendor", [takes_ours, gives_its_own])
@pytest.mark.parametrize("step", range(1, 14))
def test_killed_between_any_two_calls_no_secret_is_lost(hub: World, vendor: Any, step: int) -> None:
    known = Vendor(vendor)
    for _ in range(8):  # more often than secrets are kept
        fuse = Fuse(step)
        try:
            run(fused(hub, fuse), "shop", URL, fuse.wrap("vendor", known))
        except Killed:
            assert step <= 2 * len(fuse.calls)
        if "secrets.settle" in fuse.calls:
            break  # that was a registration
    assert SECRET in stored()["secrets"]
    run(hub, "shop", URL, known)
    if vendor is takes_ours:
        assert stored()["secrets"][0] == json.loads(known.calls[-1].body)["secret"]
    assert "offered" not in stored()
    assert stored()["api"] == {"token": "token-of-the-vendor"}


def test_a_vendor_that_does_not_answer_is_offered_the_same_again(hub: World) -> None:
    silent = Vendor(takes_ours, [Retryable("no answer")])
    with pytest.raises(Retryable):
        run(hub, "shop", URL, silent)
    run(hub, "shop", URL, silent)
    first, second = (json.loads(call.body)["secret"] for call in silent.calls)
    assert first == second
    assert stored()["secrets"] == [first, SECRET]


def test_five_secrets_fit(hub: World) -> None:
    counts = [run(hub, "shop", URL, Vendor(takes_ours)).secrets for _ in range(6)]
    assert counts == [2, 3, 4, 5, 5, 5]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(Answer(403), "refuses our API credentials", id="refused"),
        pytest.param(Answer(404), "not there", id="no such form"),
    ],
)
def test_what_the_vendor_refuses(hub: World, answer: Answer, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        run(hub, "shop", URL, Vendor(takes_ours, [answer]))


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        pytest.param("nobody", URL, "no source 'nobody'", id="no such source"),
        pytest.param("shop", "http://hub.esimerkki.example/x", "https", id="not https"),
        pytest.param("shop", "http://127.0.0.1.example/x", "https", id="not this machine"),
    ],
)
def test_what_cannot_be_asked(hub: World, name: str, url: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        run(hub, name, url, Vendor(takes_ours))


def test_missing_credentials_are_named(hub: World) -> None:
    thin.give_credentials(hub, other="x")
    with pytest.raises(Misconfigured, match=r'"api": \{"token": "…"\}'):
        run(hub, "shop", URL, Vendor(takes_ours))


def test_a_vendor_without_such_an_api(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    thin.wire(monkeypatch, CONNECTORS["standard"])
    with pytest.raises(Misconfigured, match=r"docs/connectors/standard\.md"):
        run(hub, "shop", URL)


def test_typeforms_webhook(world: World) -> None:
    publish_organisation(world, ORGANISATION.replace("\ntouchpoints:\n", TYPEFORM, 1))
    world._published.clear()
    client("secretsmanager").create_secret(
        Name="oivallus/test/sources/survey",
        SecretString=json.dumps({"api": {"token": "tfp_fixture"}}),  # no secret yet
    )
    vendor = Vendor(takes_ours)
    assert register.run(world, "survey", URL, vendor).secrets == 1
    assert stored("survey")["secrets"] == [json.loads(vendor.calls[0].body)["secret"]]
    assert vendor.calls[0].url == "https://api.typeform.com/forms/hvk123/webhooks/survey"
