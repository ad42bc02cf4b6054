"""Folding is commutative and idempotent, and a contribution counts what happened, once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fold import (
    contribution,
    demand,
    fold,
    language,
    message_id,
    sentiment,
    themes,
    touchpoint,
    unique,
    unjudged,
)
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind, Role
from chalicelib.organisation import Organisation, Persona
from chalicelib.summary import EMPTY, UNSURE, duration_bin, total
from tests.events import START, conversations, enrichment, event
from tests.twins import WORDS


def _judged(events: list[Event]) -> dict[str, Any]:
    """An enrichment for every message, decided by its text alone."""
    return {
        message_id(e): enrichment(
            themes=tuple((t, 0.9) for t, word in WORDS.items() if word in e.text),
            p_failure=0.9 if "myöhässä" in e.text else 0.1,
        )
        for e in unique(events)
        if e.text
    }


@given(conversations, st.randoms(use_true_random=False))
def test_any_order_and_duplication_give_the_same_interaction(
    organisation: Organisation, events: list[Event], random: Any
) -> None:
    judged = _judged(events)
    shuffled = events + random.sample(events, len(events) // 2)
    random.shuffle(shuffled)
    one, other = fold(events, judged), fold(shuffled, judged)
    assert one == other
    assert contribution(one, organisation) == contribution(other, organisation)


@given(conversations, st.data())
def test_any_split_into_deliveries_sums_to_the_same_summary(
    organisation: Organisation, events: list[Event], data: st.DataObject
) -> None:
    judged = _judged(events)
    known: tuple[Event, ...] = ()
    counted, deltas = EMPTY, []
    left = list(events)
    while left:
        size = data.draw(st.integers(1, len(left)))
        known = unique([*known, *left[:size]])
        left = left[size:]
        now = contribution(fold(known, judged), organisation)
        deltas.append(now - counted)
        counted = now
    assert total(deltas) == contribution(fold(events, judged), organisation)


@given(conversations)
def test_a_contribution_counts_one_contact_at_most(
    organisation: Organisation, events: list[Event]
) -> None:
    interaction = fold(events, _judged(events))
    counts = contribution(interaction, organisation)
    heard = interaction.contacted and not interaction.erased
    assert counts.count("contacts") == int(heard)
    assert counts == EMPTY or all(value > 0 for _, c in counts for value in c.values())


def test_fold_wants_one_interaction() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        fold([], {})
    with pytest.raises(ValueError, match="exactly one"):
        fold([event("a"), event("b", interaction_id="i2")], {})


def test_the_first_customer_contact_dates_the_interaction(organisation: Organisation) -> None:
    greeting = event("a", role=Role.BOT, occurred_at=START - timedelta(days=1))
    message = event("b", occurred_at=START)
    interaction = fold([message, greeting], {})
    assert interaction.started_at == START
    (cell,) = contribution(interaction, organisation).cells
    assert cell.day == date(2026, 11, 16)


@pytest.mark.parametrize(
    ("utc_hour", "day"),
    [
        pytest.param(21, date(2026, 11, 16), id="23 o'clock in Helsinki"),
        pytest.param(22, date(2026, 11, 17), id="midnight in Helsinki is the next day"),
    ],
)
def test_a_day_is_the_organisations_own(
    organisation: Organisation, utc_hour: int, day: date
) -> None:
    interaction = fold([event(occurred_at=START.replace(hour=utc_hour))], {})
    (cell,) = contribution(interaction, organisation).cells
    assert cell.day == day


def test_notes_are_nobodys_voice_and_agents_are_not_judged() -> None:
    interaction = fold(
        [
            event("a", role=Role.NOTE, text="asiakas on hankala"),
            event("b", role=Role.AGENT, text="Hei, miten voin auttaa?"),
            event("c"),
        ],
        {},
    )
    assert [m.role for m in interaction.messages] == [Role.AGENT, Role.CUSTOMER]
    assert [m.message_id for m in unjudged(interaction)] == ["c"]


def test_only_agents_means_nobody_contacted_us(organisation: Organisation) -> None:
    interaction = fold([event(role=Role.AGENT)], {})
    assert contribution(interaction, organisation) == EMPTY


def test_an_edited_message_counts_once_in_its_latest_words() -> None:
    old = event("a", message_id="m1", text="myöhässä")
    new = event("b", message_id="m1", text="kiitos", occurred_at=START + timedelta(minutes=1))
    (message,) = fold([new, old], {}).messages
    assert (message.text, message.at) == ("kiitos", START)


def test_erasing_a_message_takes_its_words_and_its_judgement() -> None:
    erasure = event("z", kind=EventKind.ERASURE, role=Role.SYSTEM, erases="a", text="")
    interaction = fold([event("a"), event("b"), erasure], {"a": enrichment(), "b": enrichment()})
    assert [(m.text, m.erased) for m in interaction.messages] == [
        ("", True),
        ("Toimitus on myöhässä", False),
    ]
    assert set(interaction.enrichments) == {"b"}


def test_erasing_an_interaction_takes_everything(organisation: Organisation) -> None:
    erasure = event("z", kind=EventKind.ERASURE, role=Role.SYSTEM, text="")
    interaction = fold(
        [event("a", customer="c_1", ratings=(Rating.nps(9),)), erasure], {"a": enrichment()}
    )
    assert interaction.erased
    assert (interaction.customer, interaction.messages, interaction.ratings) == (None, (), ())
    assert contribution(interaction, organisation) == EMPTY


def test_a_polite_ending_does_not_outweigh_the_complaint() -> None:
    interaction = fold(
        [event("a"), event("b", text="kiitos!")],
        {
            "a": enrichment(characters=300),
            "b": enrichment(negative=0.02, neutral=0.03, positive=0.95, characters=7),
        },
    )
    assert sentiment(interaction) == "negative"


def test_without_text_there_is_no_sentiment(organisation: Organisation) -> None:
    interaction = fold([event(text="", kind=EventKind.CALL, channel=Channel.VOICE)], {})
    counts = contribution(interaction, organisation).totals()
    assert sentiment(interaction) is None
    assert not {"negative", "neutral", "positive"} & set(counts)


def test_themes_are_the_organisations_strongest_first(organisation: Organisation) -> None:
    interaction = fold(
        [event("a"), event("b")],
        {
            "a": enrichment(themes=(("late", 0.6), ("gone", 0.9)), characters=100),
            "b": enrichment(themes=(("invoice", 0.5),), characters=10),
        },
    )
    assert themes(interaction, organisation) == ("late", "invoice")
    assert contribution(interaction, organisation).prefixed("mention:") == {"late": 1, "invoice": 1}


def test_praise_takes_no_complaint(organisation: Organisation) -> None:
    praise = organisation.theme_by_id["praise"].model_copy(update={"tone": "positive"})
    toned = organisation.model_copy(update={"themes": (*organisation.themes[:2], praise)})
    toned.__dict__.pop("theme_by_id", None)
    judged = {"themes": (("praise", 0.9), ("late", 0.4))}
    complaint = fold([event("a")], {"a": enrichment(**judged)})
    thanks = fold([event("a")], {"a": enrichment(negative=0.1, positive=0.8, **judged)})
    assert themes(complaint, toned) == ("late",)
    assert themes(thanks, toned) == ("praise", "late")


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        pytest.param(0.5, "failure", id="half is failure"),
        pytest.param(0.49, "value", id="under half is value"),
        pytest.param(None, UNSURE, id="nothing said"),
    ],
)
def test_demand(p: float | None, expected: str) -> None:
    assert demand(fold([event("a")], {"a": enrichment(p_failure=p)})) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"touchpoint": "payment", "tags": ("toimitus",)}, "payment", id="event first"),
        pytest.param({"touchpoint": "nowhere", "tags": ("toimitus",)}, "delivery", id="then a tag"),
        pytest.param({}, "delivery", id="then the theme's"),
        pytest.param({"text": ""}, UNSURE, id="nothing tells"),
    ],
)
def test_touchpoint(organisation: Organisation, changes: dict[str, Any], expected: str) -> None:
    interaction = fold([event("a", **changes)], {"a": enrichment()})
    assert touchpoint(interaction, organisation) == expected


@pytest.mark.parametrize(
    ("rating", "measures"),
    [
        pytest.param(Rating.nps(9), {"nps:promoter": 1}, id="9 is a promoter"),
        pytest.param(Rating.nps(8), {"nps:passive": 1}, id="8 is passive"),
        pytest.param(Rating.nps(7), {"nps:passive": 1}, id="7 is passive"),
        pytest.param(Rating.nps(6), {"nps:detractor": 1}, id="6 is a detractor"),
        pytest.param(
            Rating.csat(4),
            {"csat:n": 1, "csat:sum": 4, "csat:sumsq": 16, "csat:top": 1},
            id="4 is top",
        ),
        pytest.param(Rating.csat(3), {"csat:n": 1, "csat:sum": 3, "csat:sumsq": 9}, id="3 is not"),
        pytest.param(
            Rating.ces(5),
            {"ces:n": 1, "ces:sum": 5, "ces:sumsq": 25, "ces:easy": 1},
            id="5 is easy",
        ),
        pytest.param(Rating.ces(4), {"ces:n": 1, "ces:sum": 4, "ces:sumsq": 16}, id="4 is not"),
        pytest.param(
            Rating(RatingKind.THUMB, 1, 0, 1),
            {"csat:n": 1, "csat:sum": 5, "csat:sumsq": 25, "csat:top": 1},
            id="a thumb up is 5 of 5",
        ),
    ],
)
def test_ratings_are_counted_on_their_scale(
    organisation: Organisation, rating: Rating, measures: dict[str, int]
) -> None:
    interaction = fold([event(text="", kind=EventKind.RATING, ratings=(rating,))], {})
    counts = contribution(interaction, organisation).totals()
    assert {k: v for k, v in counts.items() if k[:3] in ("nps", "csa", "ces")} == measures


@pytest.mark.parametrize("value", [-1, 11, float("nan")])
def test_a_rating_outside_its_scale_is_no_rating(value: float) -> None:
    with pytest.raises(ValueError, match="outside its scale"):
        Rating.nps(value)


def test_the_latest_answer_to_a_question_counts() -> None:
    first = event("a", ratings=(Rating.csat(1),))
    second = event("b", ratings=(Rating.csat(5),), occurred_at=START + timedelta(hours=1))
    assert [r.value for r in fold([second, first], {}).ratings] == [5]


def test_language_is_the_vendors_word_or_most_of_the_text() -> None:
    assert language(fold([event(language="sv-SE")], {})) == "sv"
    judged = {"a": enrichment(characters=200), "b": enrichment(language="en", characters=20)}
    assert language(fold([event("a"), event("b")], judged)) == "fi"
    assert language(fold([event()], {})) == "und"


def test_what_was_waited_said_and_answered_is_counted_together(organisation: Organisation) -> None:
    organisation = organisation.model_copy(
        update={"personas": (Persona(id="firms", name={"en": "Firms"}, tags=("b2b",)),)}
    )
    events = [
        event("a", wait_s=100.0, tags=("b2b",), customer="email:a@a.example"),
        event("b", text="Lasku on väärin", ratings=(Rating.csat(2),), resolved=False),
    ]
    judged = {
        "a": enrichment(themes=(("late", 0.9),)),
        "b": enrichment(themes=(("invoice", 0.4), ("unknown", 0.3))),
    }
    counts = contribution(fold(events, judged), organisation).totals()
    expected = {
        "linked": 1,
        "turns:n": 1,
        "turns:sum": 2,
        "pair:invoice|late": 1,
        "persona:firms": 1,
        "persona_negative:firms": 1,
        f"wait:bin:{duration_bin(100)}": 1,
        f"wait:csat:{duration_bin(100)}:n": 1,
        f"wait:csat:{duration_bin(100)}:sum": 2,
        f"wait:csat:{duration_bin(100)}:sumsq": 4,
        "heard:negative:no": 1,
        "rated:negative:no:n": 1,
    }
    assert {name: counts[name] for name in expected} == expected
    assert not {"rated:negative:no:top", "turns:long", f"wait:gone:{duration_bin(100)}"} & set(
        counts
    )
    left = contribution(
        fold([event(wait_s=100.0, abandoned=True, kind=EventKind.CALL)], {}), organisation
    )
    assert left.count(f"wait:gone:{duration_bin(100)}") == 1
