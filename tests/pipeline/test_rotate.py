"""A rotated pseudonym key: the same customer stays the same, and the old key can go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters import transact
from chalicelib.adapters.log import EventKey
from chalicelib.adapters.secrets import PSEUDONYM_KEY
from chalicelib.adapters.tables import InteractionRow
from chalicelib.adapters.world import World
from chalicelib.errors import Misconfigured, Retryable
from chalicelib.insights.weeks import IsoWeek
from chalicelib.pipeline import passes, rotate
from chalicelib.pipeline.customers import repeats_of, silent_of
from chalicelib.pipeline.persons import erase, export
from chalicelib.pipeline.rebuild import recount
from chalicelib.pipeline.understand import understand
from chalicelib.privacy import pseudonym
from tests.conftest import NOW, SECRET
from tests.events import START, event
from tests.pipeline.faults import Fuse, Killed, fused

AINO = "email:aino@a.example"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
WEEK = IsoWeek.of(START.date())
_WEEK = timedelta(weeks=1)


def _say(world: World, name: str, at: datetime = START, **more: Any) -> None:
    said = event("1", interaction_id=name, customer=AINO, occurred_at=at, **more)
    world.log.add(said, NOW, 30, None)
    assert understand(world, [EventKey(said.interaction_key, "1")]) == frozenset()


def _say_weekly(world: World, weeks: Iterable[int]) -> None:
    said = [
        event("1", interaction_id=f"w{week}", customer=AINO, occurred_at=START + week * _WEEK)
        for week in weeks
    ]
    world.log.add_many(said, NOW, 30)
    understand(world, [EventKey(one.interaction_key, "1") for one in said])


def _names() -> set[str]:
    return {row.customer for row in InteractionRow.scan()}


def _later(world: World, minutes: int) -> World:
    return replace(world, clock=lambda: NOW + timedelta(minutes=minutes))


def _interactions(world: World, names: Sequence[str]) -> set[str]:
    return {page["interaction"] for page in export(world, names)}


@pytest.fixture
def halfway(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """One contact before the rotation, which is stopped before it moved anything, one after."""
    _say(world, "before")
    with monkeypatch.context() as patch:
        patch.setattr(rotate, "rewrite", lambda *_: 0)
        rotate.rotate(world)
    _say(world, "after", START + timedelta(days=2))
    assert len(_names()) == 2
    return world


def test_counts_stay_and_the_old_key_can_go(halfway: World) -> None:
    old = pseudonym(AINO, SECRET.encode())
    counted = halfway.summaries.read(FIRST, LAST)
    assert rotate.rotate(halfway) == rotate.Rekeyed(2, 1)
    assert rotate.rotate(halfway) == rotate.Rekeyed(2, 0)
    with pytest.raises(Retryable, match=r"finish after 12:10 UTC"):
        rotate.finish(_later(halfway, 9))
    assert len(halfway.secrets.keys(PSEUDONYM_KEY)) == 2
    assert rotate.finish(_later(halfway, 10)).moved == 0
    (newest,) = halfway.secrets.keys(PSEUDONYM_KEY)
    assert newest != SECRET.encode()
    assert _names() == {pseudonym(AINO, newest)}
    assert old not in repr(halfway.interactions.read(["shop#before", "shop#after"]))
    assert halfway.summaries.read(FIRST, LAST) == counted == recount(halfway)
    assert _interactions(halfway, [AINO]) == {"shop#before", "shop#after"}


def test_what_was_written_behind_the_pass_is_moved_at_the_end(halfway: World) -> None:
    rotate.rotate(halfway)
    # A function that still had the old key in its cache.
    halfway.secrets._cache["oivallus/test/pseudonym-key"] = (1e12, {"secrets": [SECRET]})
    _say(halfway, "late")
    halfway.secrets._cache.clear()
    assert len(_names()) == 2
    assert rotate.finish(_later(halfway, 20)).moved == 1
    assert len(_names()) == 1


def test_one_person_while_it_lasts(halfway: World) -> None:
    """Searched by address or by either pseudonym, counted as one who came back, and not silent."""
    keys = halfway.secrets.keys(PSEUDONYM_KEY)
    for name in (AINO, *(pseudonym(AINO, key) for key in keys)):
        assert _interactions(halfway, [name]) == {"shop#before", "shop#after"}
    found = repeats_of(halfway, halfway.organisation(), WEEK, 2)
    assert found.repeated is not None
    assert found.repeated.k == 1
    receipt = erase(halfway, [AINO])
    assert (receipt.interactions, receipt.left_to_do) == (2, 0)
    assert list(halfway.interactions.rhythm()) == []


def test_silence_is_one_customers_silence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A weekly customer is not called silent because half of the visits have another name."""
    _say_weekly(world, range(-20, 0))
    with monkeypatch.context() as patch:
        patch.setattr(rotate, "rewrite", lambda *_: 0)
        rotate.rotate(world)
    organisation = world.organisation()
    weeks = [WEEK.back(-ahead) for ahead in range(8)]
    assert any(silent_of(world, organisation, week)[0] for week in weeks)
    _say_weekly(world, range(9))
    assert not any(silent_of(world, organisation, week)[0] for week in weeks)


@pytest.mark.parametrize("step", range(1, 16, 4))
def test_killed_between_any_two_calls(
    halfway: World, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(passes, "BATCH", 1)
    counted = halfway.summaries.read(FIRST, LAST)
    fuse = Fuse(step)
    with monkeypatch.context() as patch:
        patch.setattr(transact, "write", fuse.wrap("write", transact.write))
        try:
            rotate.rotate(fused(halfway, fuse))
        except Killed:
            rotate.rotate(halfway)
    assert rotate.finish(_later(halfway, 20)).moved == 0
    assert len(_names()) == 1
    assert halfway.summaries.read(FIRST, LAST) == counted == recount(halfway)


def test_a_stopped_pass_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "BATCH", 2)
    for name in "abcdef":
        _say(world, name)
    looked: list[int] = []

    def stop(number: int) -> None:
        looked.append(number)
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate.rotate(world, stop)
    assert rotate.rotate(world) == rotate.Rekeyed(4, 2)
    assert len(_names()) == 1


def test_there_must_be_something_to_finish(world: World) -> None:
    with pytest.raises(Misconfigured, match="nothing to finish"):
        rotate.finish(world)


def test_keys_that_were_put_by_hand_settle_first(world: World) -> None:
    """Somebody wrote the new key into the secret: since when is not known, so it is now."""
    world.secrets._put("oivallus/test/pseudonym-key", {"secrets": ["new", SECRET]})
    rotate.rotate(world)
    assert world.secrets.keys(PSEUDONYM_KEY) == [b"new", SECRET.encode()]
    with pytest.raises(Retryable):
        rotate.finish(world)
