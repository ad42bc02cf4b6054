"""How good answers are, with their uncertainty: numpy alone, no model.

Truth and answers are (rows, labels) of booleans, one a row or several, so that one measure serves
choices and emotions alike. Intervals: 95 %, by resampling rows (Efron 1979); two models are
compared on the same resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model_image.linear import Floats, Ints, softmax
from model_image.training.quality import Classes

Flags = NDArray[np.bool_]

RESAMPLES = 500
BINS = 10
TEMPERATURES = np.exp(np.linspace(np.log(0.3), np.log(5.0), 80))
ENOUGH = 100  # rows of a language that get a temperature of their own
WANTED_RIGHT = 0.9  # what an answer that is not abstained from should be worth


@dataclass(frozen=True)
class Answers:
    """One set: what is true and what was said; `confidence` (rows,) of the best label, or
    nobody's."""

    labels: tuple[str, ...]
    truth: Flags
    said: Flags
    confidence: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def n(self) -> int:
        return len(self.truth)

    @property
    def right(self) -> Flags:
        """(rows,) every label of the row as in the truth."""
        return np.asarray((self.truth == self.said).all(axis=1))

    @property
    def classes(self) -> Classes:
        """The confusion matrix, for sets with one label a row."""
        counts = self.truth.T.astype(np.int64) @ self.said.astype(np.int64)
        return Classes(self.labels, counts, float("nan"))


def one_label(
    labels: tuple[str, ...], truth: Ints, said: Ints, confidence: Floats | None = None
) -> Answers:
    """Answers from places among the labels."""
    eye = np.eye(len(labels), dtype=bool)
    sure = np.zeros(0) if confidence is None else confidence
    return Answers(labels, eye[truth], eye[said], sure)


def macro_f1(answers: Answers, weights: Floats) -> Floats:
    """(resamples,) mean F1 of the labels that occur; `weights` (resamples, rows)."""
    occurs = answers.truth.any(axis=0)
    truth, said = answers.truth[:, occurs], answers.said[:, occurs]
    right = weights @ (truth & said)
    total = weights @ truth.astype(float) + weights @ said.astype(float)
    return np.asarray((2 * right / np.maximum(total, 1)).mean(axis=1))


def accuracy(answers: Answers, weights: Floats) -> Floats:
    """(resamples,) share of rows that are right."""
    return np.asarray(weights @ answers.right / weights.sum(axis=1))


Measure = Callable[[Answers, Floats], Floats]


def resamples(rows: int, seed: int = 20261123) -> Floats:
    """(RESAMPLES, rows) how often each row is drawn."""
    drawn = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), RESAMPLES)
    return drawn.astype(np.float64)


@dataclass(frozen=True)
class Mark:
    """A measure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def mark(answers: Answers, measure: Measure) -> Mark:
    """The measure on all rows, and its interval."""
    drawn = measure(answers, resamples(answers.n))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Mark(float(measure(answers, np.ones((1, answers.n)))[0]), float(low), float(high))


def lead(ours: Answers, theirs: Answers, measure: Measure) -> Mark:
    """How much better `ours` is on the same rows; negative when it is worse."""
    drawn = resamples(ours.n)
    whole = np.ones((1, ours.n))
    value = float(measure(ours, whole)[0] - measure(theirs, whole)[0])
    low, high = np.quantile(measure(ours, drawn) - measure(theirs, drawn), [0.025, 0.975])
    return Mark(value, float(low), float(high))


def best_temperature(logits: Floats, shares: Floats) -> float:
    """The temperature whose probabilities make the true shares likeliest (Guo et al. 2017)."""
    losses = [
        -(shares * np.log(softmax(logits / temperature) + 1e-12)).sum(axis=1).mean()
        for temperature in TEMPERATURES
    ]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def temperatures(logits: Floats, shares: Floats, spoken: NDArray[np.str_]) -> Mapping[str, float]:
    """One for all languages ('*'), and one for each with ENOUGH rows."""
    if len(logits) == 0:
        return {"*": 1.0}
    found = {"*": best_temperature(logits, shares)}
    for code in sorted(set(spoken.tolist())):
        rows = spoken == code
        if rows.sum() >= ENOUGH:
            found[str(code)] = best_temperature(logits[rows], shares[rows])
    return found


@dataclass(frozen=True)
class Bin:
    """Answers of about the same confidence: how sure they were and how many were right."""

    n: int
    confidence: float
    right: float


def reliability(confidence: Floats, right: Flags) -> list[Bin]:
    """The bins that hold answers, from unsure to sure."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        Bin(int(rows.sum()), float(confidence[rows].mean()), float(right[rows].mean()))
        for rows in (place == b for b in range(BINS))
        if rows.any()
    ]


def abstain_below(confidence: Floats, right: Flags) -> float:
    """The least confidence (0.4, 0.45, ... 0.95) from which on WANTED_RIGHT of answers are right.

    0.95 when none suffices.
    """
    for floor in np.arange(0.4, 0.95, 0.05):
        told = confidence >= floor
        if told.any() and right[told].mean() >= WANTED_RIGHT:
            return round(float(floor), 2)
    return 0.95


def coverage(confidence: Floats, right: Flags, floor: float) -> tuple[float, float]:
    """(share that is told, share of those that is right) when the rest is abstained from."""
    told = confidence >= floor
    return float(told.mean()), float(right[told].mean()) if told.any() else float("nan")
