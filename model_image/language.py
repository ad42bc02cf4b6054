"""Which language a text is written in: Finnish, English, Swedish, or not told ("und")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_image.features import Layout
from model_image.linear import Features, Floats, Ints, LinearHead, softmax

LANGUAGES = ("fi", "en", "sv")
UNDETERMINED = "und"

MIN_P = 0.6  # below this the text does not tell its language
MIN_LETTERS = 3
HINT_ODDS = 4.0  # what the caller's hint adds: enough for "ok", not enough against a sentence
LATIN_END = 0x250


def language_scores(head: LinearHead, features: Features, letters: Ints) -> Floats:
    """(rows, 4) probabilities of fi, en, sv and any other language."""
    scores = softmax(head.logits(features.without_stems()))
    scores[letters == 0] = 1 / scores.shape[1]
    return scores


def with_hints(scores: Floats, hints: Sequence[str | None]) -> Floats:
    """The scores after the callers' hints; unknown hints count as another language."""
    odds = np.ones_like(scores)
    for row, hint in enumerate(hints):
        if hint:
            code = hint.lower()[:2]
            odds[row, LANGUAGES.index(code) if code in LANGUAGES else -1] = HINT_ODDS
    weighted = scores * odds
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def count_letters(layout: Layout) -> Ints:
    """(rows,) Latin letters of each text; none when other scripts outnumber them."""
    codes = layout.codes
    latin = ((codes >= 0x61) & (codes <= 0x7A)) | ((codes >= 0xDF) & (codes < LATIN_END))
    foreign = (codes >= LATIN_END) & (codes < 0xD800)
    count = np.bincount(layout.row, latin, layout.rows)
    others = np.bincount(layout.row, foreign, layout.rows)
    return np.where(others > count, 0, count).astype(np.int64)


def decide(scores: Floats, letters: int) -> tuple[str, float]:
    """The language and the probability that this answer is right."""
    best = int(scores[: len(LANGUAGES)].argmax())
    p = float(scores[best])
    if letters < MIN_LETTERS or p < MIN_P:
        return UNDETERMINED, 1.0 if letters == 0 else max(1 - p, float(scores[-1]))
    return LANGUAGES[best], p
