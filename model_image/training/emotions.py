"""Train the emotion head: XED's eight emotions in each language, and when to report one."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.emotion import LABELS, shares
from model_image.language import LANGUAGES
from model_image.linear import Floats, quantise, save_head, softmax
from model_image.training.corpora import Corpora
from model_image.training.fitting import fit_shares, folds, matrix, rarity, tellingness

EMOTION_BITS = 16
STRENGTH = 1.0
PLAIN = 3000  # neutral Swedish lines, which XED's projections lack
CALM = np.arange(0.2, 0.85, 0.05)


def train(data: Corpora) -> dict[str, np.ndarray]:
    """All arrays of the emotion head."""
    weights = np.zeros((len(LANGUAGES), len(LABELS), 1 << EMOTION_BITS))
    intercept = np.zeros((len(LANGUAGES), len(LABELS)))
    floors = np.zeros((len(LANGUAGES), len(LABELS) - 1))
    calm = np.zeros(len(LANGUAGES))
    for v, code in enumerate(LANGUAGES):
        texts, marks = data.emotions(code, "train")
        if code == "sv":
            plain = data.texts("sv_intent_massive.train")[:PLAIN]
            texts += plain
            marks = np.vstack([marks, np.tile(np.eye(len(LABELS))[:1], (len(plain), 1))])
        features = matrix(texts, EMOTION_BITS)
        p = np.zeros(marks.shape)
        for learn, held_out in folds(len(texts), 2):
            fitted, bias = _fit(features[learn], marks[learn])
            p[held_out] = softmax(features[held_out] @ fitted.T + bias)
        felt = marks[:, 0] == 0
        floors[v] = best_floors(shares(p[felt]), marks[felt, 1:])
        calm[v] = best_calm(p, marks, floors[v])
        weights[v], intercept[v] = _fit(features, marks)
    head = quantise(LABELS, weights, np.zeros((len(LANGUAGES), len(LABELS), 0)), intercept)
    return save_head(head, "emotion") | {"emotion.floors": floors, "emotion.calm": calm}


def _fit(features: sp.csr_matrix, marks: Floats) -> tuple[Floats, Floats]:
    """A softmax over the labels; a text with several shares itself among them."""
    targets = marks / marks.sum(axis=1, keepdims=True)
    factor = tellingness(features, targets) * rarity(features)
    ones = np.ones(len(targets))
    fitted, bias = fit_shares(features @ sp.diags(factor), targets, ones, STRENGTH, 60)
    return fitted * factor, bias


def f1(marks: Floats, said: np.ndarray) -> Floats:
    """(8,) F1 of each emotion, `said` (rows, 8) booleans."""
    right = (marks > 0) & said
    return np.asarray(2 * right.sum(axis=0) / np.maximum((marks > 0).sum(0) + said.sum(0), 1))


def best_floors(share: Floats, marks: Floats) -> Floats:
    """(8,) the share above which saying an emotion gives it the best F1."""
    floors = np.zeros(share.shape[1])
    for emotion in range(share.shape[1]):
        tried = np.quantile(share[:, emotion], np.linspace(0.5, 0.97, 60))
        scores = [f1(marks, share > floor)[emotion] for floor in tried]
        floors[emotion] = tried[int(np.argmax(scores))]
    return floors


def best_calm(p: Floats, marks: Floats, floors: Floats) -> float:
    """The probability of neutral from which silence gives the best macro-F1 over all lines."""
    above = shares(p) > floors
    scores = [f1(marks[:, 1:], above & (p[:, :1] < calm)).mean() for calm in CALM]
    return float(CALM[int(np.argmax(scores))])
