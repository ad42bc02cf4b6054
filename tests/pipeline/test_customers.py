"""Who came back, what is new, who fell silent: from what the tables hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.adapters.world import World
from chalicelib.insights.weeks import IsoWeek
from chalicelib.interaction import Event, EventKind
from chalicelib.organisation import Organisation
from chalicelib.pipeline.customers import more_of, repeats_of, silent_of, topics_of, words_of
from tests.conftest import take_in
from tests.events import event

WEEK = IsoWeek(date(2026, 11, 2))
HELSINKI = ZoneInfo("Europe/Helsinki")


def _contact(name: str, customer: str | None, day: int, text: str, **more: Any) -> Event:
    at = datetime(2026, 11, 1, 12, tzinfo=HELSINKI) + timedelta(days=day)
    return event(name, interaction_id=name, customer=customer, occurred_at=at, text=text, **more)


def test_first_contact_resolution_over_the_ends_of_weeks(
    world: World, organisation: Organisation
) -> None:
    late = "toimitus on myöhässä"
    take_in(
        world,
        _contact("a1", "email:a@a.example", 1, late),
        _contact("a2", "email:a@a.example", 9, late),  # eight days later
        _contact("b1", "email:b@a.example", 6, late),
        _contact("b2", "email:b@a.example", 8, late),  # next week, within the window
        _contact("c1", "email:c@a.example", 3, late),
        _contact("c2", "email:c@a.example", 4, "lasku on väärin"),
        _contact("d1", "email:d@a.example", 5, late, resolved=False),
        _contact("e1", "email:e@a.example", 0, late),  # the Sunday before
        _contact("e2", "email:e@a.example", 2, late),
        _contact("f1", None, 2, late),
    )
    found = repeats_of(world, organisation, WEEK, 7)
    assert found.solved is not None
    assert (found.solved.k, found.solved.n) == (3, 5)  # a, c twice; not b, not d
    assert found.repeated is not None
    assert (found.repeated.k, found.repeated.n) == (1, 6)  # e's second
    assert found.linked is not None
    assert (found.linked.k, found.linked.n) == (6, 7)


def test_of_many_contacts_a_share_of_the_customers_is_counted_each_wholly(
    world: World, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comes back once, the next week: whoever is counted must be seen to come back."""
    late, customers = "toimitus on myöhässä", 200
    take_in(
        world,
        *[
            _contact(f"{turn}{n}", f"email:k{n}@a.example", day, late)
            for n in range(customers)
            for turn, day in (("a", 5), ("b", 9))
        ],
    )
    monkeypatch.setattr("chalicelib.pipeline.customers.LARGEST_LINKED", 240)
    found = repeats_of(world, organisation, WEEK, customers)
    assert found.sampled == 240 / (3 * customers)
    assert found.solved is not None
    assert found.solved.k == 0
    assert 50 <= found.solved.n <= 110  # 40 % of 200, within four standard deviations
    assert found.linked is not None
    assert 0.7 < found.linked.value <= 1


def test_an_erased_contact_is_nobodys(world: World, organisation: Organisation) -> None:
    take_in(world, _contact("a1", "email:a@a.example", 1, "lasku"))
    erasure = event("z", interaction_id="a1", kind=EventKind.ERASURE, text="")
    take_in(world, erasure)
    assert repeats_of(world, organisation, WEEK, 0).repeated is None
    assert list(world.interactions.rhythm()) == []


@pytest.mark.parametrize(("silent_days", "told"), [(25, True), (3, False)])
def test_who_fell_silent(
    world: World, organisation: Organisation, silent_days: int, told: bool
) -> None:
    last = (WEEK.sunday - date(2026, 11, 1)).days - silent_days
    regular = [
        _contact(f"r{n}", "email:r@a.example", last - 7 * n, "kiitos", kind=EventKind.MESSAGE)
        for n in range(20)
    ]
    take_in(world, *regular, _contact("once", "email:o@a.example", -200, "kiitos"))
    found, every = silent_of(world, organisation, WEEK)
    assert every
    assert [one.contacts for one in found] == ([20] if told else [])
    assert "r@a.example" not in repr(found)
    # The customer at the border may have more contacts than were read, so nothing is said of them.
    assert silent_of(world, organisation, WEEK, most=10) == ((), False)


def test_new_topics_come_from_what_fits_no_theme(world: World) -> None:
    new = [
        _contact(f"n{n}", f"email:n{n}@a.example", 3, f"sovellus kirjaa minut ulos {word}")
        for n, word in enumerate(("taas", "aina", "eilen", "yhä", "heti", "usein", "välillä"))
    ]
    before = [
        _contact(f"o{n}", f"email:o{n}@a.example", -7 * (n % 8) - 2, text)
        for n, text in enumerate(["aukioloajat viikonloppuna", "parkkipaikka täynnä"] * 20)
    ]
    take_in(world, *new, *before)
    (topic,) = topics_of(world, WEEK)
    assert (topic.now, topic.customers, topic.before) == (7, 7, 0)
    assert "sovellus" in topic.voices[0].words


def test_telling_words_are_of_the_week_in_their_usual_form(world: World) -> None:
    said = "toimitus on myöhässä"
    now = [
        _contact(f"n{n}", f"email:n{n}@a.example", 3, f"{said} lakon takia {word}")
        for n, word in enumerate(("taas", "eilen", "kuulemma", "näköjään") * 4)
    ]
    before = [
        _contact(f"o{n}", f"email:o{n}@a.example", -7 * (n % 8) - 2, f"{said} {word}")
        for n, word in enumerate(["kuljetusliikkeen virhe", "varasto ilmoitti"] * 20)
    ]
    take_in(world, *now, *before)
    found = words_of(world, WEEK, ["late"])
    assert [word.word for word in found["late"]][:1] == ["lakon"]
    assert (found["late"][0].now, found["late"][0].before) == (16, 0)
    assert words_of(world, WEEK, ["invoice"]) == {}


def test_what_a_digest_is_given(world: World, organisation: Organisation) -> None:
    late = "toimitus on myöhässä"
    take_in(world, *(_contact(f"l{n}", f"email:l{n}@a.example", n % 7 + 1, late) for n in range(8)))
    week_after = IsoWeek(WEEK.monday + timedelta(weeks=1))
    summary = world.summaries.read(WEEK.monday, week_after.sunday)
    more = more_of(world, organisation, week_after, summary)
    assert more.repeats is not None
    assert (more.repeats.week, more.repeats.solved and more.repeats.solved.k) == (WEEK, 8)
    assert (more.new_topics, more.silent, dict(more.words)) == ((), (), {})
    assert more_of(world, organisation, WEEK, summary).repeats is None
