"""A reader puts a theme right: from the digest's link to a stored label, and its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.client import BaseClient

from chalicelib import corrections
from chalicelib.adapters.clients import client
from chalicelib.adapters.corrections import CURRENT, HEADS, KEPT_VERSIONS
from chalicelib.adapters.tables import RegistryRow
from chalicelib.adapters.world import World
from chalicelib.connectors.base import Reply, Request
from chalicelib.corrections import Link, Quoted
from chalicelib.digest.quotes import shortened
from chalicelib.errors import Misconfigured
from chalicelib.fold import fold
from chalicelib.interaction import EventKind
from chalicelib.pipeline.corrections import correct, labels
from chalicelib.pipeline.persons import erase, export
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.understand import understand
from tests.conftest import NOW
from tests.events import event
from tests.pipeline.faults import Killed
from tests.pipeline.test_receive import MESSAGE, signed
from tests.twins import JudgingEndpoint

KEPT_UNTIL = NOW + timedelta(days=90)
EVIL = '<script>alert(1)</script> "><img src=x onerror=alert(2)> myöhässä {{ 7*7 }}'


def _told(world: World, text: str = "Toimitus on myöhässä, terv. Aino") -> None:
    assert receive(world, "shop", signed({**MESSAGE, "text": text})).status == 200
    assert understand(world, list(world.log.all_keys())) == frozenset()


def _quote(world: World, **changed: Any) -> str:
    """The token of the link of a digest that quotes the message; `changed` is of the link."""
    (state,) = world.interactions.read(["shop#c-1"]).values()
    message = next(iter(state.enrichments))
    text = fold(state.events, state.enrichments).messages[0].text
    department = changed.get("department", "processes")
    shown = Quoted(
        "shop#c-1", message, department, shortened(text), "fi", "chat", "twin-1", KEPT_UNTIL
    )
    world.corrections.keep_quote(shown, KEPT_UNTIL, NOW)
    link = Link("shop#c-1", message, "processes", "late", corrections.expiry(NOW))
    return corrections.seal(replace(link, **changed), world.secrets.key("link-key"))


def _open(world: World, token: str, **form: str) -> Reply:
    method = "POST" if form else "GET"
    return correct(world, token, Request(method, "", {}, urlencode(form).encode()))


def test_a_reader_corrects_a_theme(world: World) -> None:
    _told(world)
    token = _quote(world)
    asked = _open(world, token)
    assert asked.status == 200
    assert "myöhässä" in asked.body
    assert '<option value="late" selected>Toimitus myöhässä</option>' in asked.body
    assert "<script" not in asked.body
    assert labels(world) == []  # a mail gateway's scanner changes nothing

    saved = _open(world, token, theme="invoice", demand="value")
    assert saved.status == 200
    assert "Tallennettu" in saved.body
    _open(world, token, theme="invoice", demand="value")
    (label,) = labels(world)
    assert (label.themes, label.demand, label.department) == (("invoice",), "value", "processes")
    assert label.taxonomy == world.organisation().taxonomy["hash"]
    assert "Aino" not in label.text
    _open(world, token, theme="none", demand="")
    assert [(one.themes, one.demand) for one in labels(world)] == [((), "")]
    (row,) = RegistryRow.query("correction")
    assert row.expires_at == KEPT_UNTIL


def test_a_person_is_told_of_corrections(world: World) -> None:
    _told(world)
    _open(world, _quote(world), theme="invoice")
    (page,) = export(world, ["email:aino@a.example"])
    assert [one["themes"] for one in page["corrected"]] == [("invoice",)]


def test_what_has_expired_is_not_shown(world: World) -> None:
    _told(world)
    token = _quote(world)
    _open(world, token, theme="invoice")
    over = replace(world, clock=lambda: KEPT_UNTIL)
    link = corrections.seal(
        Link("shop#c-1", "ev-1", "processes", "late", corrections.expiry(KEPT_UNTIL)),
        world.secrets.key("link-key"),
    )
    assert _open(over, link).status == 410
    assert labels(over) == []


def test_the_page_speaks_its_departments_language(world: World) -> None:
    _told(world)
    assert "Why did the customer" in _open(world, _quote(world, department="service")).body


def test_a_choice_that_is_none_is_not_stored(world: World) -> None:
    _told(world)
    assert _open(world, _quote(world), theme="nothing").status == 400
    assert _open(world, _quote(world), theme="late", x="y" * 3000).status == 400
    assert labels(world) == []


def test_a_link_that_ended_or_was_made_up_is_refused(world: World) -> None:
    _told(world)
    late = replace(world, clock=lambda: NOW + timedelta(days=corrections.LINK_DAYS + 2))
    made_up = corrections.seal(
        Link("shop#c-1", "ev-1", "processes", "late", corrections.expiry(NOW)), b"guessed"
    )
    for where, token in ((late, _quote(world)), (world, made_up), (world, "x")):
        assert _open(where, token, theme="late").status == 404
    assert labels(world) == []


def test_a_form_cannot_name_another_message(world: World) -> None:
    _told(world)
    _open(world, _quote(world), theme="late", message="ev-2", interaction="shop#c-2")
    (label,) = labels(world)
    assert label.interaction == "shop#c-1"
    assert _open(world, _quote(world, message="ev-2"), theme="late").status == 410


def test_a_customers_words_stay_words(world: World) -> None:
    _told(world, EVIL)
    page = _open(world, _quote(world))
    assert "<script>" not in page.body
    assert "<img" not in page.body
    assert "{{ 7*7 }}" in unescape(page.body)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def _vendor_erases(world: World) -> None:
    erasure = event("gone", kind=EventKind.ERASURE, source="shop", interaction_id="c-1")
    world.log.add(erasure, NOW, 30, None)
    assert understand(world, list(world.log.all_keys())) == frozenset()


@pytest.mark.parametrize(
    "erasing",
    [
        pytest.param(lambda world: erase(world, ["email:aino@a.example"]), id="by request"),
        pytest.param(_vendor_erases, id="by the vendor"),
    ],
)
def test_a_correction_goes_with_its_person(world: World, erasing: Callable[[World], Any]) -> None:
    _told(world)
    token = _quote(world)
    _open(world, token, theme="invoice")
    assert len(list(RegistryRow.query("correction"))) == 1
    erasing(world)
    for kind in ("correction", "quoted"):
        assert list(RegistryRow.query(kind)) == []
    assert _open(world, token, theme="invoice").status == 410
    assert list(RegistryRow.query("correction")) == []


def test_published_heads_are_sent_with_the_themes(
    world: World, endpoint: JudgingEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    invoke = endpoint.invoke

    def watched(body: bytes) -> bytes:
        sent.append(json.loads(body)["taxonomy"].get("heads"))
        return invoke(body)

    monkeypatch.setattr(endpoint, "invoke", watched)
    _told(world)
    world.heads.publish("some heads", {"labels": 40}, NOW)
    assert receive(world, "shop", signed({**MESSAGE, "id": "ev-2"})).status == 200
    assert understand(world, list(world.log.all_keys())) == frozenset()
    assert sent == [None, "some heads"]


def test_a_publication_that_is_killed_leaves_the_old_heads(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.heads.publish("old", {}, NOW)
    original = BaseClient._make_api_call
    for blow_at in range(1, 20):
        left = [blow_at]

        def fused(self: Any, name: str, arguments: Any, left: list[int] = left) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return original(self, name, arguments)

        with monkeypatch.context() as patched:
            patched.setattr(BaseClient, "_make_api_call", fused)
            try:
                world.heads.publish(f"new {blow_at}", {}, NOW)
            except Killed:
                pass
            else:
                break
        world.heads._cache.clear()
        assert world.heads.text() == "old"
    assert blow_at > 3
    assert world.heads.text() == f"new {blow_at}"


def test_heads_are_rolled_back_to_the_shipped_model(world: World) -> None:
    assert world.heads.text() == ""
    assert world.heads.roll_back(NOW) is None
    for text in ("one", "two", "two"):
        world.heads.publish(text, {"labels": 40}, NOW)
    assert world.heads.report(world.heads.versions()[0]) == {"labels": 40}
    assert world.heads.roll_back(NOW) is not None
    assert world.heads.text() == "one"
    assert world.heads.roll_back(NOW) == ""
    assert world.heads.text() == ""
    assert world.heads.roll_back(NOW) is None
    for number in range(KEPT_VERSIONS + 5):
        world.heads.publish(f"version {number}", {}, NOW)
    assert len(world.heads.versions()) == KEPT_VERSIONS + 1


def test_heads_of_another_content_are_not_used(world: World) -> None:
    RegistryRow(HEADS, CURRENT, body=json.dumps(["0" * 64])).save()
    client("s3").put_object(Bucket="archive", Key="heads/" + "0" * 64, Body=b"other")
    with pytest.raises(Misconfigured, match="rollback"):
        world.heads.text()
