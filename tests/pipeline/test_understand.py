"""Counted exactly once, whatever dies, repeats or collides."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.adapters import transact
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.tables import EventRow, InteractionRow
from chalicelib.adapters.world import World
from chalicelib.errors import Retryable
from chalicelib.interaction import Event, EventKind, Rating, Role
from chalicelib.pipeline.rebuild import apply_organisation, publish_organisation, recount
from chalicelib.pipeline.understand import understand
from chalicelib.summary import Summary
from tests.conftest import NOW, ORGANISATION
from tests.events import START, event
from tests.pipeline.faults import Fuse, Killed, fused
from tests.twins import JudgingEndpoint

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


def _key(item: Event) -> EventKey:
    return EventKey(item.interaction_key, item.event_id)


def _log(world: World, events: Sequence[Event]) -> list[EventKey]:
    for item in events:
        world.log.add(item, NOW, 30, None)
    return [_key(item) for item in events]


def _conversation(name: str) -> list[Event]:
    """A complaint, an answer, a thank-you and a rating a day later."""
    base: dict[str, Any] = {"interaction_id": name, "customer": f"email:{name}@a.example"}
    return [
        event("1", **base, text="Toimitus on myöhässä, soittakaa 040 123 4567"),
        event(
            "2", **base, role=Role.AGENT, text="Selvitän", occurred_at=START + timedelta(hours=1)
        ),
        event("3", **base, text="kiitos", occurred_at=START + timedelta(hours=2)),
        event(
            "4",
            **base,
            kind=EventKind.RATING,
            text="",
            ratings=(Rating.csat(2),),
            occurred_at=START + timedelta(days=1),
        ),
    ]


def _counted(world: World) -> Summary:
    return world.summaries.read(FIRST, LAST)


def test_a_conversation_is_counted_once_with_all_that_was_said(world: World) -> None:
    keys = _log(world, _conversation("a"))
    assert understand(world, keys) == frozenset()
    counts = _counted(world).totals()
    assert counts["contacts"] == 1
    assert counts["csat:n"] == 1
    assert counts["mention:late"] == 1
    assert counts["language:fi"] == 1
    assert _counted(world) == recount(world)


def test_understanding_again_changes_nothing_and_asks_nobody(
    world: World, endpoint: JudgingEndpoint
) -> None:
    keys = _log(world, _conversation("a"))
    understand(world, keys)
    before, asked = _counted(world), endpoint.calls
    assert understand(world, keys[::-1] + keys) == frozenset()
    assert _counted(world) == before
    assert endpoint.calls == asked


def test_one_call_to_the_endpoint_for_a_batch(world: World, endpoint: JudgingEndpoint) -> None:
    keys = [key for name in "abcdef" for key in _log(world, _conversation(name))]
    understand(world, keys)
    assert endpoint.calls == 1
    assert len(endpoint.texts) == 12


def test_personal_data_reaches_neither_the_endpoint_nor_the_table(
    world: World, endpoint: JudgingEndpoint
) -> None:
    keys = _log(world, _conversation("a"))
    understand(world, keys)
    (state,) = world.interactions.read(["shop#a"]).values()
    stored = repr(state)
    assert "040 123 4567" not in stored + repr(endpoint.texts)
    assert "a@a.example" not in stored
    assert {e.customer for e in state.events} != {None}


def test_a_late_rating_moves_the_count_of_its_own_day(world: World) -> None:
    events = _conversation("a")
    understand(world, _log(world, events[:3]))
    assert _counted(world).count("csat:n") == 0
    understand(world, _log(world, events[3:]))
    (cell,) = _counted(world).cells
    assert cell.day == date(2026, 11, 16)
    assert _counted(world).count("csat:n") == 1


@pytest.mark.parametrize("step", range(1, 15))
def test_killed_between_any_two_calls(
    world: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    fuse = Fuse(step)
    monkeypatch.setattr(transact, "write", fuse.wrap("transact.write", transact.write))
    keys = [key for name in "abc" for key in _log(world, _conversation(name))]
    killed = False
    try:
        understand(fused(world, fuse), keys)
    except Killed:
        killed = True
    assert killed == (step <= 2 * len(fuse.calls)), "the range of steps must reach past the end"
    assert understand(world, keys) == frozenset()
    assert _counted(world) == recount(world)
    assert _counted(world).count("contacts") == 3


def test_the_steps_above_cover_every_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fuse = Fuse(-1)
    monkeypatch.setattr(transact, "write", fuse.wrap("transact.write", transact.write))
    keys = [key for name in "abc" for key in _log(world, _conversation(name))]
    understand(fused(world, fuse), keys)
    assert 2 * len(fuse.calls) < 15, fuse.calls


def test_workers_at_once_count_once(world: World) -> None:
    keys = [key for name in "abcdefgh" for key in _log(world, _conversation(name))]
    failures: list[EventKey] = []

    def work(offset: int) -> None:
        mine = keys[offset:] + keys[:offset]
        for start in range(0, len(mine), 5):
            part = mine[start : start + 5]
            try:
                failures.extend(understand(world, part))
            except Retryable:  # as the queue sees it: the whole batch comes again
                failures.extend(part)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 7, 13, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert understand(world, failures) == frozenset()
    assert _counted(world) == recount(world)
    assert _counted(world).count("contacts") == 8
    assert _counted(world).count("csat:n") == 8


def test_a_refused_text_fails_alone(world: World) -> None:
    good, bad = _log(world, _conversation("a")), _log(world, [event("x", text="MYRKKY")])
    assert understand(world, good + bad) == frozenset(bad)
    assert _counted(world).count("contacts") == 1


@pytest.mark.parametrize("table", ["events", "interactions"])
def test_a_record_that_cannot_be_read_back_fails_alone(world: World, table: str) -> None:
    good, bad = _log(world, _conversation("a")), _log(world, _conversation("b"))
    if table == "events":
        EventRow(*bad[0]).update(actions=[EventRow.event.set(b"torn")])
    else:
        understand(world, bad)
        InteractionRow("shop#b").update(actions=[InteractionRow.body.set(b"torn")])
    assert understand(world, good + bad) == frozenset(bad)
    assert _counted(world).count("mention:late") == (1 if table == "events" else 2)


def test_with_the_endpoint_down_what_needs_no_judgement_goes_on(
    world: World, endpoint: JudgingEndpoint
) -> None:
    endpoint.down = True
    rating = event("r", interaction_id="b", kind=EventKind.RATING, text="")
    wordless = _log(world, [replace(rating, ratings=(Rating.nps(10),))])
    waiting = _log(world, _conversation("a"))
    assert understand(world, waiting + wordless) == frozenset(waiting)
    assert _counted(world).count("nps:promoter") == 1
    endpoint.down = False
    assert understand(world, waiting) == frozenset()
    assert _counted(world).count("contacts") == 2
    assert _counted(world) == recount(world)


def test_throttled_tables_leave_the_batch_to_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = _log(world, _conversation("a"))

    def throttled(**_: Any) -> None:
        raise Retryable("throttled")

    with monkeypatch.context() as patch:
        patch.setattr(transact, "write", throttled)
        with pytest.raises(Retryable):
            understand(world, keys)
    assert understand(world, keys) == frozenset()
    assert _counted(world) == recount(world)


def test_an_erasure_takes_back_the_count_and_the_words(world: World) -> None:
    understand(world, _log(world, _conversation("a") + _conversation("b")))
    erasure = event("z", interaction_id="a", kind=EventKind.ERASURE, role=Role.SYSTEM, text="")
    understand(world, _log(world, [erasure]))
    assert _counted(world).count("contacts") == 1
    state = world.interactions.read(["shop#a"])["shop#a"]
    assert {e.text for e in state.events} == {""}
    assert {e.customer for e in state.events} == {None}
    assert world.interactions.sample("2026-W47#late#negative", 10) == ["shop#b"]
    # The vendor delivers an old event once more: what was erased stays erased.
    understand(world, _log(world, _conversation("a")))
    assert world.interactions.read(["shop#a"])["shop#a"].events == state.events
    assert _counted(world) == recount(world)


def test_a_key_whose_event_expired_is_done(world: World) -> None:
    assert understand(world, [EventKey("shop#gone", "1")]) == frozenset()


def test_a_change_of_themes_is_counted_anew(world: World) -> None:
    understand(world, _log(world, _conversation("a") + _conversation("b")))
    without = ORGANISATION.replace("  - id: late\n", "  - id: later\n")
    publish_organisation(world, without)
    world._published.clear()
    assert apply_organisation(world) == 2
    assert {cell.theme for cell in _counted(world).cells} == {"praise"}
    assert _counted(world) == recount(world)
    assert apply_organisation(world) == 0


def test_a_conversation_too_large_for_an_item_is_still_counted(world: World) -> None:
    import random

    noise = random.Random(7)
    long = ["".join(noise.choices("abcdefghijklmnopqrstuvwxyzäö ", k=150_000)) for _ in range(5)]
    events = [event(str(i), text=text + " myöhässä") for i, text in enumerate(long)]
    assert understand(world, _log(world, events)) == frozenset()
    assert _counted(world).count("mention:late") == 1
    assert len(world.interactions.read(["shop#i1"])["shop#i1"].enrichments) == 5
