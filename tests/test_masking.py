"""What the endpoint finds is masked everywhere in the conversation, and stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.world import World
from chalicelib.interaction import Role
from chalicelib.masking import known_again, masked
from chalicelib.pipeline.rebuild import recount
from tests.conftest import NOW, take_in
from tests.events import enrichment, event
from tests.twins import JudgingEndpoint

SAID = "Terveisin Ulpukka, tilaus [id]"


def _found(text: str, *values: tuple[str, str]) -> dict[str, object]:
    places = tuple((text.index(v), text.index(v) + len(v), kind) for v, kind in values)
    return {"a": enrichment(characters=len(text), personal=places)}


def test_every_message_of_the_conversation_is_masked_alike() -> None:
    events = [
        event("a", text=SAID),
        event("b", role=Role.AGENT, text="Hei Ulpukka! Ulpukkamaista."),
        event("c", text="t. ULPUKKA"),
    ]
    after, judged = masked(events, _found(SAID, ("Ulpukka", "name")))  # type: ignore[arg-type]
    assert [one.text for one in after] == [
        "Terveisin [name], tilaus [id]",
        "Hei [name]! Ulpukkamaista.",
        "t. [name]",
    ]
    assert judged["a"].personal == ()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param([("No", "name")], "[name], kiitos. No hei", id="short: only where it stood"),
        pytest.param([("kiitos", "shoe-size")], "No, [id]. No hei", id="a kind unknown to us"),
        pytest.param([], "No, kiitos. No hei", id="nothing found"),
    ],
)
def test_what_a_find_becomes(values: list[tuple[str, str]], text: str) -> None:
    said = "No, kiitos. No hei"
    after, _ = masked([event("a", text=said)], _found(said, *values))  # type: ignore[arg-type]
    assert after[0].text == text


def test_placeholders_and_places_outside_the_text_are_left() -> None:
    judged = {"a": enrichment(characters=len(SAID), personal=((10, 999, "name"), (50, 60, "name")))}
    (after,), _ = masked([event("a", text=SAID)], judged)
    assert after.text == "Terveisin [name][id]"


def test_an_edited_text_has_other_places() -> None:
    judged = {"a": enrichment(characters=3, personal=((0, 3, "name"),))}
    (after,), _ = masked([event("a", text=SAID)], judged)
    assert after.text == SAID


_words = st.lists(st.sampled_from(["Ulpukka", "tilaus", "[id]", "on", "ja\n"]), min_size=1)


@given(_words.map(" ".join))
def test_what_was_masked_is_known_when_it_comes_again(text: str) -> None:
    arrived = event("a", text=text)
    values = [("Ulpukka", "name")] if "Ulpukka" in text else []
    (stored,), _ = masked([arrived], _found(text, *values))  # type: ignore[arg-type]
    assert known_again(stored, arrived) is (stored != arrived)
    assert not known_again(stored, replace(arrived, text="kokonaan muuta", language="sv"))


class Finding(JudgingEndpoint):
    """Finds 'Ulpukka' to be a name."""

    def invoke(self, body: bytes) -> bytes:
        import json

        reply = json.loads(super().invoke(body))
        for text, result in zip(json.loads(body)["texts"], reply["results"], strict=True):
            at = text["text"].find("Ulpukka")
            spans = [{"start": at, "end": at + 7, "kind": "name"}] if at >= 0 else []
            result["personal_data"] = spans
        return json.dumps(reply).encode()


def test_nothing_found_reaches_the_table_and_nothing_comes_back(world: World) -> None:
    finding = replace(world, endpoint=Finding())
    said = event("a", text="Toimitus on myöhässä, toivoo Ulpukka", customer="email:u@a.example")
    take_in(finding, said, event("b", role=Role.AGENT, text="Ulpukka, selvitän asian."))
    take_in(finding, said)  # delivered again
    (state,) = finding.interactions.read(["shop#i1"]).values()
    texts = {one.event_id: one.text for one in state.events}
    assert texts == {
        "a": "Toimitus on myöhässä, toivoo [name]",
        "b": "[name], selvitän asian.",
    }
    assert all(one.personal == () for one in state.enrichments.values())
    assert state.version == 1  # the repeat changed nothing
    first = NOW.date().replace(month=1, day=1)
    assert finding.summaries.read(first, NOW.date()) == recount(finding)
