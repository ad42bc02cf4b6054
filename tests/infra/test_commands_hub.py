"""The commands on a hub: what an integrator sees of deliveries, and what running again does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.pipeline import backfill, register
from chalicelib.pipeline.backfill import Progress
from chalicelib.pipeline.register import Registered
from infra import hub
from tests.conftest import NOW, SECRET
from tests.infra.places import WRONG, Place, call, told
from tests.pipeline.test_receive import MESSAGE, UNKNOWN


def test_deliveries_are_listed_and_filtered(place: Place) -> None:
    first = place.deliver(MESSAGE)
    again = place.deliver(MESSAGE, minutes=1)
    forged = place.deliver(MESSAGE, WRONG, minutes=2)
    listed = told("deliveries")
    assert [one["id"] for one in listed] == [first, again, forged]
    assert [one["outcome"] for one in listed] == ["accepted", "duplicate", "rejected"]
    assert [o["id"] for o in told("deliveries", "--outcome", "rejected")] == [forged]
    two = told("deliveries", "--outcome", "rejected", "--outcome", "duplicate")
    assert [o["id"] for o in two] == [again, forged]
    assert [o["id"] for o in told("deliveries", "--limit", "1")] == [forged]
    assert [o["id"] for o in told("deliveries", "--until", "2026-11-18T14:01")] == [first]
    assert told("deliveries", "--since", "30m") == []
    shown = call("deliveries").output
    assert first in shown
    assert "does not fit" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["deliveries", "--since", "yesterday"],
        ["deliveries", "--outcome", "lost"],
        ["show", "zendesk"],
        ["replay", "nobody"],
        ["dead", "show", "nothing"],
        ["dead", "discard", "events-dead"],
        ["backfill", "shop", "--since", "2026-11-20", "--until", "2026-11-19"],
        ["sample", "shop", "nothing"],
    ],
)
def test_wrong_usage_is_told(place: Place, arguments: list[str]) -> None:
    assert call(*arguments).exit_code == hub.USAGE


def test_an_unknown_source_is_told_with_those_that_are(place: Place) -> None:
    done = call("deliveries", "--source", "fax")
    assert done.exit_code == hub.FAULTS
    assert "no source 'fax'; it has shop" in done.output


def test_tail_follows_what_comes(place: Place) -> None:
    first, second = place.deliver(MESSAGE), place.deliver(UNKNOWN, minutes=1)
    done = call("tail", "--since", "2h", "--count", "2", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in lines] == [first, second]
    only = call("tail", "--since", "2h", "--count", "1", "--outcome", "unreadable", "--json")
    assert json.loads(only.stdout)["id"] == second


def test_show_tells_shape_and_no_words(place: Place) -> None:
    delivery = place.deliver(MESSAGE)
    done = call("show", delivery)
    assert done.exit_code == hub.OK
    assert "$.text: text of 20" in done.output
    assert "role customer" in done.output
    for words in (MESSAGE["text"], MESSAGE["customer"], SECRET):
        assert str(words) not in done.output
        assert str(words) not in call("show", delivery, "--json").output
    asked = call("show", delivery, "--text").output
    assert str(MESSAGE["text"]) in asked


def test_show_tells_what_was_understood_of_it(place: Place) -> None:
    delivery = place.deliver(MESSAGE)
    assert "not understood yet: waits in the queue" in call("show", delivery).output
    place.understood()
    (state,) = told("show", delivery)["understood"]
    ((event,),) = [
        one.enrichments.values() for one in place.hub.world.interactions.read(["shop#c-1"]).values()
    ]
    assert state["model"] == event.model
    assert state["language"] == event.language
    assert state["themes"] == {theme: round(p, 2) for theme, p in event.themes}
    assert sum(state["sentiment"].values()) == pytest.approx(1, abs=0.02)
    shown = call("show", delivery).output
    assert f"model {event.model}" in shown
    assert f"negative {event.negative:.2f}" in shown
    assert "redacted" not in shown
    assert "redacted" in call("show", delivery, "--text").output


@pytest.mark.parametrize(
    ("secret", "minutes", "why"),
    [
        pytest.param(WRONG, 0, "nothing of a refused delivery is", id="refused"),
        pytest.param(SECRET, 1, "came in an earlier delivery", id="duplicate"),
    ],
)
def test_show_says_why_nothing_is_kept(place: Place, secret: str, minutes: float, why: str) -> None:
    if minutes:
        place.deliver(MESSAGE)
    assert why in call("show", place.deliver(MESSAGE, secret, minutes)).output


def test_show_finds_what_was_stored_when_the_line_has_expired(place: Place) -> None:
    delivery = place.deliver(MESSAGE)
    place.log._stream.events.clear()
    done = call("show", delivery)
    assert done.exit_code == hub.OK
    assert "has expired" in done.output
    assert "event: " in done.output
    assert call("show", "0" * 16).exit_code == hub.FAULTS


def test_sources_tell_how_each_is_doing(place: Place) -> None:
    place.deliver(MESSAGE)
    (shop,) = told("sources")
    assert shop["counts_24h"] == {"accepted": 1}
    assert shop["wrong"] == []
    assert shop["secret_age"].endswith("ago")
    assert call("sources").exit_code == hub.OK
    for minute in range(1, 6):
        place.deliver(MESSAGE, WRONG, minute)
    done = call("sources")
    assert done.exit_code == hub.FAULTS
    assert "5 deliveries refused since" in done.output
    assert SECRET not in done.output


def test_replay_by_id_by_time_and_dry(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    fine, odd = place.deliver(MESSAGE), place.deliver(UNKNOWN, minutes=1)
    place.understood()
    assert call("replay").exit_code == hub.FAULTS  # the odd one still cannot be read
    (still,) = told("replay", "shop")
    assert told("replay", "--source", "shop") == [still]
    assert (still["outcome"], still["id"]) == ("unreadable", odd[:13])
    (again,) = told("replay", fine)
    assert (again["outcome"], again["new"]) == ("duplicate", 0)
    (by_time,) = told("replay", "--outcome", "accepted", "--since", "2h")
    assert by_time["id"] == fine[:13]
    connector = CONNECTORS["standard"]

    def mended(request: Any, source: Any, at: Any) -> Any:
        body = request.body.replace(b"not a time", b"2026-11-18T11:00:00Z")
        return connector.events(replace(request, body=body), source, at)

    monkeypatch.setattr(
        "chalicelib.pipeline.replay.CONNECTORS", {"standard": replace(connector, events=mended)}
    )
    (would,) = told("replay", odd, "--dry-run")
    assert (would["outcome"], would["new"]) == ("accepted", 1)
    (became,) = told("replay", odd)
    assert (became["outcome"], became["new"]) == ("accepted", 1)
    assert told("replay") == []


def test_nothing_of_a_refused_delivery_can_be_replayed(place: Place) -> None:
    forged = place.deliver(MESSAGE, WRONG)
    done = call("replay", forged)
    assert done.exit_code == hub.FAULTS
    assert f"hub show {forged}" in done.output


def test_renormalize_tells_first_and_writes_when_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = place.deliver(MESSAGE)
    place.understood()
    assert told("renormalize")["differences"] == []
    connector = CONNECTORS["standard"]

    def mended(request: Any, source: Any, at: Any) -> Any:
        return [replace(e, text="Lasku on väärin") for e in connector.events(request, source, at)]

    monkeypatch.setattr(
        "chalicelib.pipeline.replay.CONNECTORS", {"standard": replace(connector, events=mended)}
    )
    report = told("renormalize", "shop")
    assert report["written"] == 0
    (one,) = report["differences"]
    assert one["id"] == delivery[:13]
    assert one["changes"] == ["changed: ev-1: text (20 -> 15 characters)"]
    assert "Lasku" in call("renormalize", "--text").output
    assert told("renormalize", "--apply")["written"] == 1
    place.understood()
    assert told("renormalize")["differences"] == []
    state = place.hub.world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert state.events[0].text == "Lasku on väärin"


# -- the vendors' APIs -----------------------------------------------------------------------


def test_backfill_tells_how_far_it_came(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def pages(world: World, source: str, since: Any, until: Any, **how: Any) -> Any:
        asked.append((source, until - since, how))
        yield Progress(4, 4, NOW, 1)
        yield Progress(9, 7, NOW - timedelta(days=2), 2, 1)

    monkeypatch.setattr(backfill, "run", pages)
    done = told("backfill", "shop", "--since", "3d", "--restart")
    assert asked == [("shop", timedelta(days=3), {"restart": True})]
    assert (done["events"], done["new"], done["waiting"]) == (9, 7, 1)
    assert "2 known before" in call("backfill", "shop", "--since", "3d").output


def test_register_names_the_hubs_own_address(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "run", lambda world, name, url: Registered(name, url, 2))
    done = told("register", "shop")
    assert done["url"] == "https://hub.esimerkki.example/webhooks/shop"
    assert told("register", "shop", "--url", "https://x.example")["url"] == "https://x.example"


def test_what_the_vendor_does_not_offer_is_told(place: Place) -> None:
    for command in (["backfill", "shop", "--since", "3d"], ["register", "shop"]):
        done = call(*command)
        assert done.exit_code == hub.REFUSED
        assert done.output.strip()
