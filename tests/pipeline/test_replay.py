"""A kept delivery runs again under its own identity; after a mended connector, so does history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.kept import Kept
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.tables import EventRow, InteractionRow
from chalicelib.adapters.world import World
from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Outcome, Request, Source
from chalicelib.deliveries import ID_HEADER
from chalicelib.errors import Skipped
from chalicelib.interaction import Event, Role
from chalicelib.pipeline import renormalize
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.receive import receive
from chalicelib.pipeline.replay import by_id, replay, within
from chalicelib.pipeline.understand import understand
from tests.conftest import NOW, set_aside
from tests.pipeline.test_receive import MESSAGE, UNKNOWN, _queued, signed
from tests.twins import JudgingEndpoint

DAY = timedelta(days=1)
Mend = Callable[[Event], Sequence[Event]]


def accepted(world: World) -> list[Kept]:
    return list(within(world, ["shop"], NOW - DAY, NOW + DAY, Outcome.ACCEPTED))


def understood(world: World) -> None:
    assert understand(world, [EventKey(*key) for key in _queued(world)]) == frozenset()


def later(world: World, **delta: float) -> World:
    return replace(world, clock=lambda: NOW + timedelta(**delta))


def mended(monkeypatch: pytest.MonkeyPatch, mend: Mend) -> None:
    """A connector that reads each event in another way, here and at the door."""
    connector = CONNECTORS["standard"]

    def events(request: Request, source: Source, at: datetime) -> Sequence[Event]:
        return [new for old in connector.events(request, source, at) for new in mend(old)]

    for module in ("replay", "receive"):
        name = f"chalicelib.pipeline.{module}.CONNECTORS"
        monkeypatch.setattr(name, {"standard": replace(connector, events=events)})


def test_what_is_kept_is_found_by_id_and_by_time(world: World) -> None:
    first = receive(world, "shop", signed(MESSAGE)).headers[ID_HEADER]
    second = receive(later(world, minutes=1), "shop", signed({**MESSAGE, "id": "ev-2"}))
    receive(later(world, minutes=2), "shop", signed(UNKNOWN))
    assert [kept.received_at for kept in accepted(world)] == [NOW, NOW + timedelta(minutes=1)]
    (only,) = within(world, ["shop"], NOW, NOW + timedelta(minutes=1), Outcome.ACCEPTED)
    assert first.startswith(only.id)
    assert [key.event_id for key in only.stored] == ["ev-1"]
    (unreadable,) = set_aside(world, "shop")
    assert unreadable.unreadable
    found = by_id(world, second.headers[ID_HEADER])
    assert found is not None
    assert list(found.stored) == [EventKey("shop#c-1", "ev-2")]
    assert by_id(world, "0" * 16) is None


def test_deliveries_of_the_same_instant_are_kept_apart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions run side by side: at volume, two deliveries of a source share a microsecond."""
    receive(world, "shop", signed(MESSAGE))
    mended(monkeypatch, lambda event: [event, replace(event, event_id="ev#3")])
    receive(world, "shop", signed({**MESSAGE, "id": "ev#2"}))
    receive(world, "shop", signed(UNKNOWN))
    monkeypatch.undo()
    told = {frozenset(key.event_id for key in kept.stored) for kept in accepted(world)}
    assert told == {frozenset({"ev-1"}), frozenset({"ev#2", "ev#3"})}
    assert [replay(world, kept).new for kept in accepted(world)] == [0, 0]


def test_replaying_what_was_done_changes_nothing(world: World) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    before = recount(world)
    (kept,) = accepted(world)
    for dry_run in (True, False):
        done = replay(world, kept, dry_run=dry_run)
        assert (done.outcome, done.events, done.new) == (Outcome.DUPLICATE, 1, 0)
    understood(world)
    assert recount(world) == before
    assert len(list(EventRow.scan())) == 1


def test_replaying_finishes_what_was_lost_behind_the_log(world: World) -> None:
    receive(world, "shop", signed(MESSAGE))
    client("sqs").purge_queue(QueueUrl=world.queue.url)
    (kept,) = accepted(world)
    assert replay(world, kept, dry_run=True).events == 1
    assert _queued(world) == []
    replay(world, kept)
    understood(world)
    assert recount(world).count("contacts") == 1


def test_an_unreadable_delivery_is_replayed_once_it_can_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed(UNKNOWN))
    (kept,) = set_aside(world, "shop")
    assert replay(world, kept).outcome is Outcome.UNREADABLE
    connector = CONNECTORS["standard"]

    def events(request: Request, source: Source, at: datetime) -> Sequence[Event]:
        body = request.body.replace(b"not a time", b"2026-11-18T11:00:00Z")
        return connector.events(replace(request, body=body), source, at)

    monkeypatch.setattr(
        "chalicelib.pipeline.replay.CONNECTORS", {"standard": replace(connector, events=events)}
    )
    assert replay(world, kept, dry_run=True).new == 1
    assert set_aside(world, "shop") == [kept]
    assert replay(world, kept).outcome is Outcome.ACCEPTED
    assert set_aside(world, "shop") == []
    assert [key[0] for key in _queued(world)] == ["shop#c-9"]
    (now,) = accepted(world)
    assert now.received_at == kept.received_at


def test_an_unchanged_connector_makes_no_difference(world: World) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    (kept,) = accepted(world)
    found = renormalize.difference(world, kept)
    assert found.changes == ()
    assert not renormalize.apply(world, found)
    assert _queued(world) == []


def test_mended_words_are_judged_and_counted_anew(
    world: World, endpoint: JudgingEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    mended(monkeypatch, lambda event: [replace(event, text="Lasku on väärin")])
    (kept,) = accepted(world)
    found = renormalize.difference(world, kept)
    assert [change.fields for change in found.changes] == [("text",)]
    stored = world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert stored.events[0].text == "Toimitus on myöhässä"  # so far nothing is written
    assert renormalize.apply(world, found)
    understood(world)
    state = world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert state.events[0].text == "Lasku on väärin"
    (enrichment,) = state.enrichments.values()
    assert dict(enrichment.themes) == {"invoice": 0.9}
    assert world.summaries.read(NOW.date(), NOW.date()) == recount(world)
    (kept,) = accepted(world)
    assert renormalize.difference(world, kept).changes == ()


@pytest.mark.parametrize("step", ["log", "interactions"])
def test_stopped_half_way_it_is_finished_by_running_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    mended(monkeypatch, lambda event: [replace(event, text="Lasku on väärin")])

    class Stopped(Exception):
        pass

    def stop(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as broken:
        where = "_write_interactions" if step == "log" else "queue"
        broken.setattr(renormalize, where, stop)
        (kept,) = accepted(world)
        with pytest.raises(Stopped):
            renormalize.apply(world, renormalize.difference(world, kept))
    (kept,) = accepted(world)
    assert renormalize.apply(world, renormalize.difference(world, kept))
    understood(world)
    state = world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert state.events[0].text == "Lasku on väärin"
    assert [dict(e.themes) for e in state.enrichments.values()] == [{"invoice": 0.9}]
    assert world.summaries.read(NOW.date(), NOW.date()) == recount(world)


def test_an_event_that_is_read_no_more_goes_with_its_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    assert recount(world).count("contacts") == 1

    def skip(_: Event) -> Sequence[Event]:
        raise Skipped("typing")

    mended(monkeypatch, skip)
    (kept,) = accepted(world)
    found = renormalize.difference(world, kept)
    assert [(c.before is not None, c.after) for c in found.changes] == [(True, None)]
    assert renormalize.apply(world, found)
    assert recount(world).count("contacts") == 0
    assert world.summaries.read(NOW.date(), NOW.date()) == recount(world)
    assert list(EventRow.scan()) == []


def test_an_event_that_moves_to_another_conversation_is_counted_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    mended(monkeypatch, lambda event: [replace(event, interaction_id="c-2")])
    (kept,) = accepted(world)
    assert renormalize.apply(world, renormalize.difference(world, kept))
    understood(world)
    assert recount(world).count("contacts") == 1
    assert world.summaries.read(NOW.date(), NOW.date()) == recount(world)
    assert {row.key for row in InteractionRow.scan()} == {"shop#c-1", "shop#c-2"}
    (kept,) = accepted(world)  # the request went along
    assert list(kept.stored) == [EventKey("shop#c-2", "ev-1")]
    assert renormalize.difference(world, kept).changes == ()


def test_a_reading_that_finds_more_adds_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(world, "shop", signed(MESSAGE))
    understood(world)
    answer = {"event_id": "ev-1b", "role": Role.AGENT, "text": "Pahoittelut!", "ratings": ()}
    mended(monkeypatch, lambda event: [event, replace(event, **answer)])  # type: ignore[arg-type]
    (kept,) = accepted(world)
    assert renormalize.apply(world, renormalize.difference(world, kept))
    understood(world)
    state = world.interactions.read(["shop#c-1"])["shop#c-1"]
    assert {event.event_id for event in state.events} == {"ev-1", "ev-1b"}
    assert world.summaries.read(NOW.date(), NOW.date()) == recount(world)


def test_what_another_delivery_brought_first_is_left_to_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(world, "shop", signed(MESSAGE))
    mended(
        monkeypatch,
        lambda event: (
            [event, replace(event, event_id="ev-1", text="Toinen muotoilu")]
            if event.event_id == "ev-2"
            else [event]
        ),
    )
    receive(later(world, minutes=1), "shop", signed({**MESSAGE, "id": "ev-2"}))
    first, second = accepted(world)
    assert [len(kept.stored) for kept in (first, second)] == [1, 1]
    for kept in (first, second):
        assert renormalize.difference(world, kept).changes == ()
