"""History judged again: told first, written exactly once, and a recount agrees at any moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.adapters import transact
from chalicelib.adapters.interactions import Change
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.fold import fold
from chalicelib.interaction import Event, EventKind, Role
from chalicelib.pipeline import passes
from chalicelib.pipeline.persons import erase
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.reenrich import Days, compare, switch_on
from chalicelib.pipeline.understand import understand
from chalicelib.summary import Summary, weekly
from tests.conftest import NOW
from tests.events import START, event
from tests.pipeline.faults import Fuse, Killed, fused
from tests.twins import JudgingEndpoint

FIRST, LAST = date(2026, 9, 28), date(2026, 11, 22)
DAYS = Days(FIRST, LAST)


class Newer(JudgingEndpoint):
    """The next model: to it an invoice is a matter of praise, and Finnish is the same."""

    def invoke(self, body: bytes) -> bytes:
        reply = json.loads(super().invoke(body))
        for result in reply["results"]:
            for theme in result["themes"]:
                theme["id"] = {"invoice": "praise"}.get(theme["id"], theme["id"])
        return json.dumps({**reply, "model": "twin-2"}).encode()


def _said(name: str, text: str, weeks_ago: int = 0, **more: Any) -> Event:
    at = START - timedelta(weeks=weeks_ago)
    return event("1", interaction_id=name, text=text, occurred_at=at, **more)


def _say(world: World, name: str, text: str, **more: Any) -> None:
    said = _said(name, text, **more)
    world.log.add(said, NOW, 30, None)
    assert understand(world, [EventKey(said.interaction_key, "1")]) == frozenset()


def _counted(world: World) -> Summary:
    return world.summaries.read(FIRST, LAST)


def _models(world: World) -> set[str]:
    keys = list(world.interactions.all_keys())
    return {
        enrichment.model
        for state in world.interactions.read(keys).values()
        for enrichment in state.enrichments.values()
    }


@pytest.fixture
def told(world: World) -> World:
    """Three weeks of late deliveries and faulty invoices, judged by the older model."""
    said = [_said(f"late{n}", "Toimitus on myöhässä", weeks_ago=n % 3) for n in range(9)]
    said += [
        _said(f"invoice{n}", "lasku on väärin", weeks_ago=n, customer="id:7") for n in range(3)
    ]
    world.log.add_many(said, NOW, 30)
    keys = [EventKey(one.interaction_key, "1") for one in said]
    assert understand(world, keys) == frozenset()
    return world


@pytest.fixture
def newer(told: World) -> World:
    """The same hub after the next model was deployed."""
    return replace(told, endpoint=Newer())


def test_a_comparison_tells_and_changes_nothing(told: World) -> None:
    before = _counted(told)
    moves = compare(told, Newer(), DAYS)
    assert moves.share_changed("theme") == (3, 12)
    assert moves.share_changed("sentiment", "fi") == (0, 12)
    assert moves.share_changed("demand") == (0, 12)
    assert moves.by_theme() == {"late": (9, 9), "invoice": (3, 0), "praise": (0, 3)}
    assert moves.largest_moves(5) == [("invoice", "praise", 3)]
    assert _counted(told) == before
    assert _models(told) == {"twin-1"}


def test_a_sample_is_bounded_uniform_and_the_same_again(told: World) -> None:
    endpoint = Newer()
    first, again = compare(told, endpoint, DAYS, 4), compare(told, endpoint, DAYS, 4)
    assert first == again
    assert sum(first.contacts.values()) == 4
    assert len(endpoint.texts) == 8
    last_week = Days(date(2026, 11, 16), LAST)
    assert sum(compare(told, endpoint, last_week, 100).contacts.values()) == 4


def test_switched_on_all_is_of_the_newer_model_and_a_recount_agrees(newer: World) -> None:
    assert compare(newer, newer.endpoint, DAYS).share_changed("theme")[0] == 3
    done = switch_on(newer, newer.endpoint, DAYS)
    assert (done.model, done.looked_at, done.written, done.refused) == ("twin-2", 12, 12, 0)
    assert _models(newer) == {"twin-2"}
    counts = _counted(newer)
    assert counts.by(lambda cell: cell.theme)["praise"]["contacts"] == 3
    assert weekly(counts) == weekly(recount(newer))
    assert len([name for name in counts.totals() if name.startswith("model:")]) == 1


def test_again_nothing_is_written_and_nobody_asked(newer: World, endpoint: Any) -> None:
    switch_on(newer, newer.endpoint, DAYS)
    before = _counted(newer)
    newer.endpoint.texts.clear()  # type: ignore[attr-defined]
    done = switch_on(newer, newer.endpoint, DAYS)
    assert (done.looked_at, done.written) == (12, 0)
    assert newer.endpoint.texts == ["kiitos"]  # type: ignore[attr-defined]
    assert _counted(newer) == before


def test_a_candidate_that_new_contacts_do_not_meet_is_not_switched_on(told: World) -> None:
    with pytest.raises(Misconfigured, match="new contacts are judged by twin-1"):
        switch_on(told, Newer(), DAYS)
    assert _models(told) == {"twin-1"}
    assert switch_on(told, JudgingEndpoint(), DAYS).written == 0


@pytest.mark.parametrize("step", range(1, 40, 7))
def test_killed_between_any_two_calls(
    newer: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(passes, "BATCH", 5)
    fuse = Fuse(step)
    with monkeypatch.context() as patch:
        patch.setattr(transact, "write", fuse.wrap("write", transact.write))
        dying = fused(newer, fuse)
        try:
            switch_on(dying, dying.endpoint, DAYS)
        except Killed:
            assert weekly(_counted(newer)) == weekly(recount(newer))
            switch_on(newer, newer.endpoint, DAYS)
    assert _models(newer) == {"twin-2"}
    assert weekly(_counted(newer)) == weekly(recount(newer))


def test_new_contacts_and_erasures_meanwhile(newer: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing others write: a message more, a new contact, an erasure."""
    read = newer.interactions.read
    done: list[str] = []

    def meanwhile(keys: Any, *more: Any) -> Any:
        states = read(keys, *more)
        if not done:
            done.append("once")
            later = event("2", interaction_id="late0", text="kiitos", occurred_at=NOW)
            newer.log.add(later, NOW, 30, None)
            understand(newer, [EventKey(later.interaction_key, "2")])
            _say(newer, "new", "lasku")
            erase(newer, ["id:7"])
        return states

    monkeypatch.setattr(type(newer.interactions), "read", lambda _, *args: meanwhile(*args))
    switch_on(newer, newer.endpoint, DAYS)
    assert done
    assert _models(newer) == {"twin-2"}
    assert weekly(_counted(newer)) == weekly(recount(newer))
    assert _counted(newer).by(lambda cell: cell.theme)["praise"]["contacts"] == 1


def test_days_outside_stay_as_they_are(newer: World) -> None:
    switch_on(newer, newer.endpoint, Days(date(2026, 11, 16), LAST))
    assert _models(newer) == {"twin-1", "twin-2"}
    states = newer.interactions.read(["shop#late0", "shop#late1"])
    models = {key: next(iter(s.enrichments.values())).model for key, s in states.items()}
    assert models == {"shop#late0": "twin-2", "shop#late1": "twin-1"}


def test_what_cannot_be_judged_again_keeps_its_judgement(told: World) -> None:
    """Cut words, and a text that the newer model refuses."""
    state = told.interactions.read(["shop#late0"])["shop#late0"]
    cut = replace(state, events=(replace(state.events[0], text="…"),), version=state.version + 1)
    interaction = fold(cut.events, cut.enrichments)
    change = Change(state, cut, interaction, None, NOW + timedelta(days=9))
    assert told.interactions.commit([replace(change, sample_of="2026-W47#late#negative")])

    class Refuses(Newer):
        def invoke(self, body: bytes) -> bytes:
            return super().invoke(body.replace(b"lasku on", b"MYRKKY on"))

    endpoint = Refuses()
    done = switch_on(replace(told, endpoint=endpoint), endpoint, DAYS)
    assert (done.written, done.refused) == (8, 3)
    states = told.interactions.read(["shop#late0", "shop#invoice0"])
    assert {e.model for s in states.values() for e in s.enrichments.values()} == {"twin-1"}
    assert weekly(_counted(told)) == weekly(recount(told))


def test_an_endpoint_that_is_down_stops_it_and_it_goes_on(
    newer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "BATCH", 4)

    def falls(done: int) -> None:
        newer.endpoint.down = done >= 8  # type: ignore[attr-defined]

    with pytest.raises(Retryable):
        switch_on(newer, newer.endpoint, DAYS, falls)
    assert _models(newer) == {"twin-1", "twin-2"}
    newer.endpoint.down = False  # type: ignore[attr-defined]
    assert switch_on(newer, newer.endpoint, DAYS).looked_at == 4
    assert _models(newer) == {"twin-2"}


def test_other_roles_and_ratings_are_nobodys_voice(newer: World) -> None:
    others: list[dict[str, Any]] = [{"role": Role.AGENT}, {"kind": EventKind.CALL, "text": ""}]
    for number, more in enumerate(others):
        said = event(f"x{number}", interaction_id="late0", occurred_at=NOW, **more)
        newer.log.add(said, NOW, 30, None)
        understand(newer, [EventKey(said.interaction_key, said.event_id)])
    switch_on(newer, newer.endpoint, DAYS)
    (state,) = newer.interactions.read(["shop#late0"]).values()
    assert list(state.enrichments) == ["1"]
