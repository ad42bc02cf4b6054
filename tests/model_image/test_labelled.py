"""The labelled messages are what docs/annotation.md says, and their measure measures."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from chalicelib.privacy.spans import Kind
from model_image.backends.compact import Compact
from model_image.training.corpora import authored
from tests.model_image.evaluate_labelled import Judged, judge, macro_f1, pairs, row
from tests.model_image.labelled import (
    LEARN_STYLES,
    TEST_STYLES,
    Message,
    messages,
    mixed,
    organisations,
)

MESSAGES = messages()
MIXED = mixed()
PAGE = Path(__file__).parents[2] / "docs" / "annotation.md"
SHARED_WORDS = 7  # so many words in a row are no chance


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of SHARED_WORDS words, or the whole of a shorter text of three words or more."""
    words = re.findall(r"[^\W_]+", text.lower())
    if 3 <= len(words) < SHARED_WORDS:
        return {tuple(words)}
    return {
        tuple(words[i : i + SHARED_WORDS]) for i in range(max(len(words) - SHARED_WORDS + 1, 0))
    }


def test_sizes() -> None:
    languages = Counter(message.language for message in MESSAGES)
    assert len(MESSAGES) >= 600
    assert 0.58 <= languages["fi"] / len(MESSAGES) <= 0.64
    assert min(languages["en"], languages["sv"]) >= 100
    assert {message.channel for message in MESSAGES} == {
        "chat", "email", "voice", "survey", "review",
    }  # fmt: skip
    assert len({message.id for message in MESSAGES}) == len(MESSAGES)
    assert len({message.text for message in MESSAGES}) == len(MESSAGES)


def test_labels_are_known() -> None:
    known = organisations()
    for message in MESSAGES + MIXED:
        assert set(message.themes) <= set(known[message.organisation].theme_by_id), message.id
        assert message.sentiment in ("negative", "neutral", "positive")
        assert message.demand in ("failure", "value", "none")
        assert message.effort in ("low", "medium", "high", "unknown")
        for start, end, kind in message.spans:
            assert 0 <= start < end <= len(message.text), message.id
            assert kind in set(Kind)


def test_every_theme_of_every_organisation_has_messages() -> None:
    counts = Counter((m.organisation, theme) for m in MESSAGES for theme in m.themes)
    for name, organisation in organisations().items():
        for theme in organisation.themes:
            assert counts[name, theme.id] >= 3, (name, theme.id)


def test_praise_is_no_demand() -> None:
    """The one rule of the guide that labels alone can break."""
    known = organisations()
    for message in MESSAGES:
        if message.themes and all(
            known[message.organisation].theme_by_id[theme].tone == "positive"
            for theme in message.themes
        ):
            assert message.demand == "none", message.id


def test_the_split_is_by_style() -> None:
    for message in MESSAGES:
        styles = LEARN_STYLES if message.split == "learn" else TEST_STYLES
        assert message.style in styles, message.id
    assert {(message.split, message.style) for message in MIXED} == {("test", "mixed")}


def test_no_test_message_copies_another_text() -> None:
    """Neither the learning half, nor what the model was trained on, nor a theme's examples."""
    seen = {run for message in MESSAGES if message.split == "learn" for run in runs(message.text)}
    seen |= {run for _, _, _, text in authored() for run in runs(text)}
    for organisation in organisations().values():
        for theme in organisation.themes:
            for examples in theme.examples.values():
                seen |= {run for text in examples for run in runs(text)}
    copied = [m.id for m in MESSAGES + MIXED if m.split == "test" and runs(m.text) & seen]
    assert not copied


@pytest.fixture(scope="module")
def judged(compact: Compact) -> list[Judged]:
    return judge(compact, MESSAGES)


def test_the_page_tells_what_the_shipped_weights_do(compact: Compact, judged: list[Judged]) -> None:
    """Whoever changes weights, messages or redaction prints the page's table anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert f"`{compact.model}`" in page
    for line in (row("all", judged), row("mixed", judge(compact, MIXED))):
        assert line in page.splitlines()


# A little under what the page tells: these catch a head that got worse, not a reworded cue.
@pytest.mark.parametrize(
    ("style", "task", "least"),
    [
        (None, "themes", 0.60),
        (None, "sentiment", 0.60),
        (None, "demand", 0.73),
        (None, "effort", 0.38),
        ("spoken", "themes", 0.33),
        ("spoken", "sentiment", 0.52),
        ("spoken", "demand", 0.64),
        ("spoken", "effort", 0.31),
    ],
)
def test_the_least_that_the_shipped_weights_do(
    judged: list[Judged], style: str | None, task: str, least: float
) -> None:
    part = [one for one in judged if style in (None, one.message.style)]
    assert macro_f1(pairs(task, part), resamples=0).value >= least


def test_mixed_messages_mix() -> None:
    assert len(MIXED) >= 20
    assert {message.language for message in MIXED} == {"fi", "en", "sv"}
    assert not {message.id for message in MIXED} & {message.id for message in MESSAGES}


def test_macro_f1_by_hand() -> None:
    """a: 1 hit of 2 true, 2 told: F1 .5. b: 1 of 2 true, 2 told: .5. c: 1 of 1: 1."""
    told = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "a"), ("c", "c")]
    score = macro_f1(told, resamples=200)
    assert score.value == pytest.approx(2 / 3)
    assert score.low < score.value < score.high


def test_a_class_that_is_only_told_counts_through_the_misses() -> None:
    """'x' is nobody's truth: it has no F1 of its own, and 'a' pays for it. 2*1/(2+1)."""
    score = macro_f1([("a", "a"), ("a", "x")], resamples=0)
    assert score.value == pytest.approx(2 / 3)
    assert np.isnan(score.low)


def test_any_of_several_themes_is_right() -> None:
    message = Message("1", "shop", "fi", "chat", "blunt", "learn", "t", ("p", "q"), "neutral",
                      "none", "low")  # fmt: skip
    second = Judged(message, "q", ("q",), "neutral", 0.1, "low")
    unsure = Judged(message, "none", (), "neutral", 0.9, "high")
    assert pairs("themes", [second, unsure]) == [("shop/q", "shop/q"), ("shop/p", "shop/none")]
    assert pairs("demand", [unsure]) == [("not failure", "failure")]
    assert pairs("effort", [unsure]) == [("low", "high")]
