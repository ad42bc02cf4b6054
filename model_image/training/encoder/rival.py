"""The ship rule: the same dev rows answered by the compact model, and which of the two is better.

Better or worse on a set: the 95 % interval of the difference does not hold nought. The encoder
beats the compact model when it is better on some set and worse on none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model_image import wire
from model_image.backends.compact import Compact
from model_image.effort import LEVELS
from model_image.emotion import EMOTIONS, shares
from model_image.features import lay_out
from model_image.language import LANGUAGES
from model_image.linear import read_features, softmax
from model_image.sentiment import LABELS as SENTIMENTS
from model_image.training.encoder.exams import OTHER, Exam, truth_of
from model_image.training.encoder.lessons import LABELS
from model_image.training.encoder.marks import Answers, Mark, Measure, lead, mark, one_label
from model_image.training.fitting import BATCH
from model_image.training.quality import NO_THEMES, as_customers

CUSTOMERS = ("labelled messages",)  # sets read with a taxonomy, as the hub sends them
COMPARED = ("language", "sentiment", "emotion", "demand", "effort")
Verdict = Literal["encoder better", "compact better", "no difference"]


@dataclass(frozen=True)
class Comparison:
    """One set, one measure: both models and the difference."""

    head: str
    name: str
    measure: str
    n: int
    ours: Mark
    theirs: Mark
    difference: Mark

    @property
    def verdict(self) -> Verdict:
        """Which is better, if the interval tells."""
        if self.difference.low > 0:
            return "encoder better"
        return "compact better" if self.difference.high < 0 else "no difference"


def compare(
    head: str, name: str, ours: Answers, theirs: Answers, measure: tuple[str, Measure]
) -> Comparison:
    """Both on the same rows."""
    title, how = measure
    return Comparison(
        head, name, title, ours.n, mark(ours, how), mark(theirs, how), lead(ours, theirs, how)
    )


def beats(comparisons: Sequence[Comparison]) -> bool:
    """The ship rule."""
    verdicts = {one.verdict for one in comparisons}
    return "encoder better" in verdicts and "compact better" not in verdicts


def compact_answers(model: Compact, exam: Exam) -> Answers | None:
    """What the compact model says of the exam; None for heads that it does not have."""
    if exam.head not in COMPARED:
        return None
    if exam.head == "emotion":
        return _emotions(model, exam)
    texts = [lesson.text for lesson in exam.lessons]
    if exam.source in CUSTOMERS:
        results = as_customers(model, texts)
    else:
        results = model.understand([wire.Text("", text, None) for text in texts], NO_THEMES)
    said = np.array([_said(exam.head, result) for result in results])
    return one_label(LABELS[exam.head], truth_of(exam), said)


def _said(head: str, result: wire.Result) -> int:
    if head == "language":
        return LANGUAGES.index(result.language) if result.language in LANGUAGES else OTHER
    if head == "sentiment":
        return int(np.argmax(result.sentiment[: len(SENTIMENTS)]))
    if head == "demand":
        return int(result.p_failure > 0.5)
    return LEVELS.index(result.effort[0])


def _emotions(model: Compact, exam: Exam) -> Answers:
    """By shares and floors, the language given, as the compact model's card measures it."""
    spoken = np.array([LANGUAGES.index(lesson.language) for lesson in exam.lessons])
    parts = []
    for first in range(0, len(spoken), BATCH):
        texts = [lesson.text for lesson in exam.lessons[first : first + BATCH]]
        features = read_features(lay_out(texts))
        logits = model.emotion.head.logits(features, spoken[first : first + BATCH])
        parts.append(softmax(logits))
    above = shares(np.vstack(parts)) > model.emotion.floors[spoken]
    return Answers(EMOTIONS, truth_of(exam)[:, 1:] > 0, above)
