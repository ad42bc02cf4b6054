"""What the steps decide by themselves: spans, splits, batches, changes, scales, the ship rule."""

from __future__ import annotations

import random

import numpy as np
import pytest
import tokenizers
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model_image.linear import softmax
from model_image.training.encoder import augmenting, marks, personal, scratch, sources
from model_image.training.encoder.batches import Reader, packed
from model_image.training.encoder.lessons import (
    Lesson,
    restrict,
    spans_of,
    split,
    sure,
    tags,
)
from model_image.training.encoder.loop import rate_factor
from model_image.training.encoder.rival import Comparison, beats
from model_image.training.encoder.theme_scale import logistic
from model_image.training.quality import ece


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "name", "phone"])), max_size=12))
def test_spans_come_back_from_their_tags(parts: list[tuple[int, str]]) -> None:
    """Of spans of whole tokens, whatever stands side by side."""
    spans, offsets, place = [], [(0, 0)], 0
    for length, kind in parts:
        if kind:
            spans.append((place, place + length, kind))
        offsets += [(place + i, place + i + 1) for i in range(length)]
        place += length
    offsets.append((0, 0))
    found = tags(tuple(spans), offsets)
    assert [found[0], found[-1]] == [-100, -100]
    assert spans_of([max(tag, 0) for tag in found], offsets) == tuple(spans)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=80), st.integers(16, 512))
def test_batches_hold_every_text_once_within_the_budget(lengths: list[int], budget: int) -> None:
    groups = packed(lengths, budget)
    assert sorted(row for group in groups for row in group) == list(range(len(lengths)))
    for group in groups:
        size = len(group) * max(lengths[row] for row in group)
        assert size <= budget or len(group) == 1


def test_what_belongs_together_stays_on_one_side() -> None:
    lessons = [
        Lesson(f"{code} {number}", "MASSIVE", code, group=f"massive/{number}")
        for number in range(400)
        for code in ("fi", "en", "sv")
    ]
    learning, tuning = split(lessons)
    assert len(tuning) > 20
    assert len(learning) + len(tuning) == len(lessons)
    assert not {one.group for one in learning} & {one.group for one in tuning}


def test_a_held_out_intent_teaches_nothing() -> None:
    """Themes are measured on those; an organisation's own intents all teach."""
    names = [f"label_{number}" for number in range(300)]
    taught = [
        restrict(Lesson("x", "-", "fi", intent=f"{folder}/{name}"), ["themes"])
        for folder in ("massive", "own")
        for name in names
    ]
    assert 0.5 < np.mean([lesson is not None for lesson in taught[:300]]) < 0.8
    assert all(taught[300:])


def test_filled_places_are_where_they_are_said_to_be() -> None:
    lessons = personal.personal_lessons()
    assert lessons == personal.personal_lessons(), "the same seed"
    kinds = set()
    for lesson in lessons:
        for start, end, kind in lesson.spans or ():
            kinds.add(kind)
            assert lesson.text[start:end].strip() == lesson.text[start:end] != ""
    assert kinds == set(personal.INVENT)


def test_augmenting_moves_no_marked_character_and_repeats() -> None:
    lessons = personal.personal_lessons()[:200]
    changed = augmenting.augmented(lessons, 1.0, (1, 0, 0))
    assert changed == augmenting.augmented(lessons, 1.0, (1, 0, 0))
    assert sum(one.text != two.text for one, two in zip(lessons, changed, strict=True)) > 100
    for one, two in zip(lessons, changed, strict=True):
        assert two.spans == one.spans
        assert not one.spans or len(two.text) == len(one.text)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        pytest.param(("en", "negative"), {"sentiment"}, id="halves agree"),
        pytest.param(("en", "positive"), None, id="halves disagree"),
        pytest.param(("fi", "negative"), None, id="one language is no mixture"),
    ],
)
def test_a_mixed_text_keeps_what_its_halves_share(
    other: tuple[str, str], kept: set[str] | None
) -> None:
    one = Lesson("huono", "-", "fi", sure("sentiment", "negative") | sure("language", "fi"))
    two = Lesson("bad", "-", other[0], sure("sentiment", other[1]) | sure("language", other[0]))
    found = augmenting.mixed(one, two)
    assert (set(found.targets) if found else None) == kept


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("Drop it or it 's dead !", "Drop it or it's dead!"),
        ("I do n't know , sir .", "I don't know, sir."),
        ("- Kalla mig inte det.", "Kalla mig inte det."),
    ],
)
def test_film_lines_are_joined_as_people_write(text: str, joined: str) -> None:
    assert sources.joined(text) == joined


@pytest.mark.parametrize(
    ("share", "factor"), [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.55, 0.5), (1.0, 0.0)]
)
def test_the_rate_rises_straight_and_falls_by_a_cosine(share: float, factor: float) -> None:
    assert rate_factor(share, 0.1) == pytest.approx(factor, abs=1e-9)


def test_gaps_are_a_quarter_and_never_a_special_token() -> None:
    ids = torch.randint(0, 50, (64, 64), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    given_, wanted = scratch.with_gaps(ids, mask, 50, torch.Generator().manual_seed(2))
    chosen = wanted >= 0
    assert chosen.float().mean() == pytest.approx(scratch.MASKED * 0.9, abs=0.02)
    assert (ids[chosen] >= len(scratch.SPECIAL)).all()
    assert (given_[~chosen] == ids[~chosen]).all()
    gaps = (given_[chosen] == scratch.SPECIAL.index(scratch.GAP)).float().mean()
    assert gaps == pytest.approx(0.8, abs=0.05)


def test_offsets_of_the_own_tokenizer_are_those_of_the_words() -> None:
    tokenizer = scratch.train_tokenizer(["Hei Åsa, tässä Matti Meikäläinen 040"] * 3, 300)
    reader = Reader(tokenizer, 0, 64, {})
    text = "Hei Åsa 😀, täällä Matti"
    encoded = reader.encode([text])[0]
    assert isinstance(encoded, tokenizers.Encoding)
    assert encoded.offsets[0] == encoded.offsets[-1] == (0, 0)
    start = text.index("Matti")
    found = tags(((start, start + 5, "name"),), encoded.offsets)
    said = [max(tag, 0) for tag in found]
    assert spans_of(said, encoded.offsets) == ((start, start + 5, "name"),)


def test_the_temperature_that_spoilt_probabilities_is_found() -> None:
    chooser = np.random.default_rng(1)
    logits = chooser.normal(size=(4000, 3)) * 2
    p = softmax(logits)
    truth = np.array([chooser.choice(3, p=row) for row in p])
    shares = np.eye(3)[truth]
    assert marks.best_temperature(logits * 2.5, shares) == pytest.approx(2.5, rel=0.1)
    sure_of = softmax(logits * 2.5)
    right = sure_of.argmax(axis=1) == truth
    before = ece(sure_of.max(axis=1), right)
    assert ece(p.max(axis=1), right) < before / 3


def test_abstaining_reaches_the_share_that_is_wanted() -> None:
    confidence = np.linspace(0.4, 1.0, 1000)
    right = np.random.default_rng(2).random(1000) < confidence
    floor = marks.abstain_below(confidence, right)
    told, share = marks.coverage(confidence, right, floor)
    assert share >= marks.WANTED_RIGHT
    assert 0 < told < 1
    assert marks.abstain_below(confidence, np.zeros(1000, bool)) == 0.95


def test_logistic_finds_what_made_the_hits() -> None:
    chooser = np.random.default_rng(3)
    features = chooser.normal(size=(20_000, 2))
    p = 1 / (1 + np.exp(-(0.5 + features @ np.array([2.0, -1.0]))))
    found = logistic(features, chooser.random(20_000) < p)
    assert found == pytest.approx((0.5, 2.0, -1.0), abs=0.1)


def answers(right: float, seed: int) -> marks.Answers:
    """A thousand answers of which about that share is right."""
    chooser = np.random.default_rng(seed)
    truth = np.arange(1000) % 2
    said = np.where(chooser.random(1000) < right, truth, 1 - truth)
    return marks.one_label(("no", "yes"), truth, said)


@pytest.mark.parametrize(
    ("shares", "ships"),
    [
        pytest.param([(0.9, 0.7)], True, id="better"),
        pytest.param([(0.8, 0.8)], False, id="no difference"),
        pytest.param([(0.9, 0.7), (0.8, 0.8)], True, id="better here, as good there"),
        pytest.param([(0.9, 0.7), (0.7, 0.9)], False, id="better here, worse there"),
        pytest.param([], False, id="nothing compared"),
    ],
)
def test_the_ship_rule(shares: list[tuple[float, float]], ships: bool) -> None:
    found = []
    for ours, theirs in shares:
        one, two = answers(ours, 1), answers(theirs, 2)
        pair = [marks.mark(each, marks.accuracy) for each in (one, two)]
        assert pair[0].low < pair[0].value < pair[0].high
        lead = marks.lead(one, two, marks.accuracy)
        found.append(Comparison("-", "-", "accuracy", 1000, pair[0], pair[1], lead))
    assert beats(found) == ships


def test_macro_f1_is_that_of_the_confusion_matrix() -> None:
    chooser = random.Random(4)
    truth = np.array([chooser.randrange(4) for _ in range(300)])
    said = np.array([chooser.randrange(4) for _ in range(300)])
    found = marks.one_label(("a", "b", "c", "d"), truth, said)
    ours = float(marks.macro_f1(found, np.ones((1, 300)))[0])
    assert ours == pytest.approx(found.classes.macro_f1)
