"""What the options of a survey may say, and what comes of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import answers
from chalicelib.connectors.parts.answers import IGNORE, NPS, TEXT, Answer, Question, hidden
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Rating, RatingKind

AT = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)


def source(**options: Any) -> Source:
    return Source("survey", "tally", options=options)


def event(*given: Answer, **questions: Any) -> Event:
    return answers.response(
        source(questions=questions), given, event_id="e", interaction_id="r", occurred_at=AT
    )


def rating(said: Any, value: object, known: Question = IGNORE, label: object = None) -> Rating:
    (found,) = event(Answer(("q",), value, known, label), q=said).ratings
    return found


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"question": {}}, "question is not known"),
        ({"partial": "yes"}, "partial must be true or false"),
        ({"questions": ["nps"]}, "questions must map"),
        ({"questions": {"q": "best"}}, "q: write one of"),
        ({"questions": {"q": None}}, "q: write one of"),
        ({"questions": {"q": {"kind": "csat", "scale": 5}}}, r"q\.scale is not known"),
        ({"questions": {"q": {"kind": "csat", "min": 5, "max": 1}}}, "min below max"),
        ({"questions": {"q": {"kind": "csat", "max": "5"}}}, "must be numbers"),
        ({"questions": {"q": {"kind": "csat", "values": {"a": "b"}}}}, "a label to its number"),
        ({"questions": {"q": {"kind": "csat", "values": {"a": 6}}}}, "outside 1..5"),
        ({"questions": {"q": {"kind": "csat", "reversed": 1}}}, "reversed must be true or false"),
    ],
)
def test_options_that_cannot_work_are_named(options: dict[str, Any], place: str) -> None:
    with pytest.raises(Misconfigured, match=place) as caught:
        answers.check(source(**options))
    assert "sources.survey.options" in str(caught.value)


def test_own_options_of_a_connector_are_known() -> None:
    answers.check(source(api="x", questions={"q": "nps"}, partial=False), "api")


@pytest.mark.parametrize(
    ("said", "value", "known", "expected"),
    [
        pytest.param("csat", 4, IGNORE, Rating.csat(4, "q"), id="the kind's usual scale"),
        pytest.param(
            "ces", 4, Question("ignore", (1, 9)), Rating(RatingKind.CES, 4, 1, 9, "q"),
            id="the vendor's scale",
        ),
        pytest.param(
            {"kind": "csat", "max": 10}, 7, Question("csat", (1, 7)),
            Rating(RatingKind.CSAT, 7, 1, 10, "q"), id="the written scale",
        ),
        pytest.param("nps", 7, Question("csat", (1, 10)), Rating.nps(7, "q"), id="nps is 0-10"),
        pytest.param("thumb", True, IGNORE, Rating(RatingKind.THUMB, 1, 0, 1, "q"), id="yes"),
        pytest.param("csat", ["3"], IGNORE, Rating.csat(3, "q"), id="one choice in a list"),
        pytest.param("csat", "3,5", IGNORE, Rating.csat(3.5, "q"), id="a comma"),
        pytest.param(
            {"kind": "ces", "reversed": True}, 1, IGNORE, Rating.ces(7, "q"), id="1 is the best"
        ),
        pytest.param(
            {"kind": "csat", "values": {"Hyvä": 5}}, ["Hyvä"], IGNORE, Rating.csat(5, "q"),
            id="by its label",
        ),
    ],
)  # fmt: skip
def test_a_rating_by_the_options(
    said: Any, value: object, known: Question, expected: Rating
) -> None:
    assert rating(said, value, known) == expected


def test_a_label_goes_before_the_number_behind_it() -> None:
    assert rating({"kind": "csat", "values": {"Hyvä": 5}}, 2, label="Hyvä") == Rating.csat(5, "q")
    assert rating("csat", 2, label="Hyvä") == Rating.csat(2, "q")
    assert event(Answer(("q",), 2, TEXT, "Hyvä")).text == "Hyvä"


@pytest.mark.parametrize("value", [0, 6, "Hyvä", [4, 5], {"a": 1}])
def test_an_answer_off_the_scale_is_unreadable_and_untold(value: object) -> None:
    with pytest.raises(Unreadable) as caught:
        rating("csat", value)
    assert "Hyvä" not in str(caught.value)


def test_whether_the_options_suffice_without_the_vendors_scale() -> None:
    told = answers.told(
        source(
            questions={
                "a": "nps", "b": "csat", "c": {"kind": "csat", "max": 7}, "d": "text",
                "e": {"kind": "ces", "values": {"x": 1}}, "f": "stars", "g": "thumb",
            }
        )
    )  # fmt: skip
    assert [name for name in told if answers.whole(told[name])] == ["a", "c", "d", "e", "g"]


def test_hidden_fields_are_known_by_name_or_by_the_options() -> None:
    fields = {"Customer_ID": "VK1", "lang": "fi-FI", "touchpoint": "../Ei!", "vip": True, "x": [1]}
    made = event(*hidden(fields), Answer(("w",), "Hyvä.", TEXT), vip="tag")
    assert (made.customer, made.language, made.touchpoint) == ("id:VK1", "fi", None)
    assert made.tags == ("../Ei!", "true")
    assert made.kind is EventKind.MESSAGE


def test_the_first_that_names_the_customer_stands() -> None:
    made = event(
        *hidden({"email": "", "phone": 358401234567}),
        Answer(("a",), "eka@posti.example", Question("email")),
        Answer(("b",), "toka@posti.example", Question("email")),
        Answer(("w",), "Hyvä.", TEXT),
    )
    assert made.customer == "email:eka@posti.example"


def test_a_response_that_says_nothing_is_skipped() -> None:
    with pytest.raises(Skipped, match="without a rating or an open answer"):
        event(Answer(("q",), " ", TEXT), Answer(("r",), None, NPS), Answer(("s",), 5))


def test_unfinished_responses_are_read_only_where_they_are_wanted() -> None:
    answers.finished_or_wanted(source(), True)
    answers.finished_or_wanted(source(partial=True), False)
    with pytest.raises(Skipped, match=r"options\.partial"):
        answers.finished_or_wanted(source(), False)
