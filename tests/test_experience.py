"""What a conversation was like: effort, inferred satisfaction, emotion, basics asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters import codec
from chalicelib.adapters.codec import State
from chalicelib.basics import BASICS, asked
from chalicelib.enrich import read, request
from chalicelib.experience import effort, felt, inferred
from chalicelib.fold import contribution, fold, message_id, unique
from chalicelib.interaction import Enrichment, Event, Interaction, Rating, Role
from chalicelib.organisation import Organisation
from chalicelib.summary import ANSWER_CAP_S, EMPTY, total
from model_image import wire
from tests.events import START, conversations, enrichment, event


def _with(*judged: Enrichment) -> Interaction:
    names = [f"m{number}" for number in range(len(judged))]
    return fold([event(name) for name in names], dict(zip(names, judged, strict=True)))


# --- readings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param((), None, id="no text"),
        pytest.param(("",), None, id="an endpoint that does not tell"),
        pytest.param(("", "low"), "low", id="what is told counts"),
        pytest.param(("low", "high", "medium"), "high", id="the highest"),
    ],
)
def test_effort_is_the_highest_that_a_message_tells(
    levels: tuple[str, ...], expected: str | None
) -> None:
    if levels:
        assert effort(_with(*(enrichment(effort=level) for level in levels))) == expected
    else:
        assert effort(fold([event(text="")], {})) is None


@pytest.mark.parametrize(
    ("told", "step"),
    [
        pytest.param([None], None, id="nothing told"),
        pytest.param([(1.42, 1, 2)], 1, id="to the nearest step"),
        pytest.param([(1.0, 1, 1), None], 1, id="silence weighs nothing"),
        pytest.param([(2.0, 1, 3), (4.0, 3, 5)], 3, id="the mean of equals"),
    ],
)
def test_inferred_satisfaction(told: list[Any], step: int | None) -> None:
    assert inferred(_with(*(enrichment(satisfaction=one) for one in told))) == step


def test_a_long_complaint_outweighs_a_short_thanks() -> None:
    complaint = enrichment(satisfaction=(1.2, 1, 2), characters=900)
    thanks = enrichment(satisfaction=(4.6, 4, 5), characters=4)
    assert inferred(_with(complaint, thanks)) == 1


def test_the_emotion_felt_most_and_the_first_of_equals() -> None:
    anger = enrichment(felt=(("anger", 0.6), ("sadness", 0.3)))
    sad = enrichment(felt=(("sadness", 0.4),))
    assert felt(_with(anger, sad)) == "sadness"
    assert felt(_with(enrichment(felt=(("fear", 0.3), ("disgust", 0.3))))) == "disgust"
    assert felt(_with(enrichment())) is None


def test_what_is_counted(organisation: Organisation) -> None:
    judged = enrichment(effort="high", felt=(("anger", 0.5),), satisfaction=(1.6, 1, 3))
    happy = enrichment(
        negative=0.1, positive=0.8, felt=(("joy", 0.9),), satisfaction=(4.6, 4, 5), effort="low"
    )
    counts = contribution(
        fold([event("a", ratings=(Rating.csat(2),))], {"a": judged}), organisation
    ).totals()
    assert counts["effort:high"] == counts["inferred:2"] == counts["inferred:2:n"] == 1
    assert counts["felt:anger"] == 1
    assert "inferred:2:top" not in counts
    counts = contribution(
        fold([event("a", ratings=(Rating.csat(5),))], {"a": happy}), organisation
    ).totals()
    assert counts["inferred:5:top"] == 1
    assert not any(name.startswith("felt:") for name in counts)  # of negative ones alone


# --- basics -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hei! Kertoisitko tilausnumeron ja toimitusosoitteen?", {"order", "address"}),
        ("Lähettäisitkö vielä kuvan viasta.", {"picture"}),
        ("Mikä on asiakasnumerosi? Se lukee laskussa.", {"customer"}),
        ("Milloin tilasit tuotteen?", {"date"}),
        ("Saisinko nimesi ja puhelinnumerosi, niin soitan.", {"name", "contact"}),
        ("Kan du skicka ordernumret? Och din adress, tack.", {"order"}),
        ("Vänligen uppge kundnummer och postnummer.", {"customer", "address"}),
        ("Could you tell me your order number and email address?", {"order", "contact"}),
        ("Please send a photo of the damage and the item number.", {"picture", "product"}),
        ("Tilausnumero lukee vahvistuksessa. Voinko auttaa muuten?", set()),
        ("Paketti on matkalla, kiitos kärsivällisyydestä!", set()),
        ("The order number stands in your confirmation. Anything else?", set()),
        ("Pahoittelen viivästystä. Kuljetus on tilattu uudestaan.", set()),
        ("", set()),
    ],
)
def test_a_request_names_what_it_asks_for(text: str, expected: set[str]) -> None:
    assert asked(text) == expected
    assert expected <= set(BASICS)


def _talk(*said: tuple[Role, int, str]) -> list[Event]:
    return [
        event(f"e{n}", role=role, text=text, occurred_at=START + timedelta(seconds=at))
        for n, (role, at, text) in enumerate(said)
    ]


def test_basics_of_a_conversation(organisation: Organisation) -> None:
    customer, agent = Role.CUSTOMER, Role.AGENT
    talk = _talk(
        (customer, 0, "Toimitus on myöhässä"),
        (agent, 60, "Mikä on tilausnumerosi?"),
        (customer, 150, "[id]"),
        (agent, 200, "Entä toimitusosoite?"),
        (customer, 210, "[address]"),
        *((customer, 300 + n, "entä nyt") for n in range(3)),
    )
    counts = contribution(fold(talk, {}), organisation).totals()
    expected = {
        "agent:n": 1,
        "agent:long": 1,
        "basics:n": 1,
        "basics:long": 1,
        "basics:order": 1,
        "basics:address": 1,
        "basics:answered": 1,
        "basics:answer_s": 90,
    }
    found = {k: v for k, v in counts.items() if k.startswith(("agent:", "basics:"))}
    assert found == expected


def test_who_answers_the_next_day_was_away_and_bots_may_ask(organisation: Organisation) -> None:
    late = _talk(
        (Role.CUSTOMER, 0, "Hei"),
        (Role.AGENT, 60, "Mikä on tilausnumerosi?"),
        (Role.CUSTOMER, 90_000, "[id]"),
    )
    counts = contribution(fold(late, {}), organisation).totals()
    assert counts["basics:answer_s"] == ANSWER_CAP_S
    bot = _talk((Role.BOT, 0, "Mikä on tilausnumerosi?"), (Role.CUSTOMER, 5, "[id]"))
    assert not any(
        n.startswith("agent:") for n in contribution(fold(bot, {}), organisation).totals()
    )


# --- exact counts -------------------------------------------------------------------------------

_told = st.builds(
    lambda effort, felt, satisfaction, negative: enrichment(
        effort=effort,
        felt=felt,
        satisfaction=satisfaction,
        negative=negative,
        positive=0.9 - negative,
    ),
    st.sampled_from(["", "low", "medium", "high"]),
    st.sampled_from([(), (("anger", 0.5),), (("joy", 0.4), ("trust", 0.3))]),
    st.sampled_from([None, (1.4, 1, 2), (3.2, 2, 4), (4.8, 4, 5)]),
    st.sampled_from([0.1, 0.8]),
)


@settings(max_examples=40)
@given(conversations, st.lists(_told, min_size=9, max_size=9), st.data())
def test_any_split_sums_to_the_same_counts_and_is_stored_whole(
    organisation: Organisation, events: list[Event], told: list[Enrichment], data: st.DataObject
) -> None:
    names = sorted({message_id(one) for one in events if one.text})
    judged = dict(zip(names, told, strict=False))
    known: tuple[Event, ...] = ()
    counted, deltas, left = EMPTY, [], list(events)
    while left:
        size = data.draw(st.integers(1, len(left)))
        known, left = unique([*known, *left[:size]]), left[size:]
        now = contribution(fold(known, judged), organisation)
        deltas.append(now - counted)
        counted = now
    assert total(deltas) == contribution(fold(events, judged), organisation)
    state = State("shop#i1", 3, known, judged, counted, "hash")
    assert codec.load_state("shop#i1", 3, codec.dump_state(state)) == state


# --- the wire -----------------------------------------------------------------------------------

OLD = {
    "id": "0",
    "language": {"code": "fi", "p": 1.0},
    "sentiment": {"negative": 0.8, "neutral": 0.1, "positive": 0.1},
}


def _reply(**more: Any) -> bytes:
    import json

    result = {**OLD, **more}
    reply = {"schema": "oivallus.enrichment.1", "model": "m", "taxonomy": "t", "results": [result]}
    return json.dumps(reply).encode()


def test_the_endpoint_is_asked_for_personal_data(organisation: Organisation) -> None:
    asked_for = wire.read(request(["Hei"], organisation)).want
    assert asked_for == {"personal_data"}


def test_an_endpoint_that_tells_less_is_read() -> None:
    (one,) = read(_reply(), ["Hei"])
    assert (one.felt, one.effort, one.satisfaction, one.personal) == ((), "", None, ())
    (one,) = read(_reply(satisfaction=None, effort={"level": "unknown", "p": 0.9}), ["Hei"])
    assert (one.effort, one.satisfaction) == ("", None)


def test_what_the_endpoint_tells_is_kept() -> None:
    told = {
        "emotion": {"neutral": 0.2, "felt": [{"id": "anger", "share": 0.4137}]},
        "effort": {"level": "high", "p": 0.72},
        "satisfaction": {"score": 2.13, "low": 1, "high": 3},
        "personal_data": [{"start": 0, "end": 3, "kind": "name", "p": 0.9}],
        "embedding": [0.1, 0.2],
    }
    (one,) = read(_reply(**told), ["Hei"])
    assert one.felt == (("anger", 0.41),)
    assert (one.effort, one.satisfaction) == ("high", (2.13, 1, 3))
    assert one.personal == ((0, 3, "name"),)


def test_an_item_stored_before_these_were_known_is_read() -> None:
    import zlib

    old = (
        b'{"events":[],"enrichments":{"m1":{"model":"m","taxonomy":"t","language":"fi",'
        b'"negative":0.8,"neutral":0.1,"positive":0.1,"themes":[["late",0.9]],"p_failure":0.9,'
        b'"characters":20}},"contribution":{},"organisation":"h"}'
    )
    state = codec.load_state("shop#i1", 1, zlib.compress(old))
    assert state.enrichments["m1"] == enrichment(model="m")
