"""A trained network sits its exams, beside the compact model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_image.backends.compact import WEIGHTS, Compact
from model_image.encoder.layout import ANY, Head
from model_image.linear import Floats
from model_image.training import quality, taxonomies
from model_image.training.corpora import Corpora
from model_image.training.encoder import theme_scale
from model_image.training.encoder.exams import (
    Exam,
    answers,
    exams,
    intent_answers,
    span_counts,
)
from model_image.training.encoder.lessons import Spans
from model_image.training.encoder.marks import (
    Answers,
    Mark,
    Measure,
    abstain_below,
    accuracy,
    coverage,
    macro_f1,
    mark,
    one_label,
    reliability,
    resamples,
)
from model_image.training.encoder.reading import Read
from model_image.training.encoder.rival import Comparison, compact_answers, compare
from model_image.training.encoder.run import Trained
from model_image.training.encoder.settings import Settings
from model_image.training.encoder.sources import Source, chosen

MACRO_F1: tuple[str, Measure] = ("macro-F1", macro_f1)
ACCURACY: tuple[str, Measure] = ("accuracy", accuracy)


@dataclass(frozen=True)
class Calibration:
    """How far confidence can be trusted on one set, before and after the temperature."""

    before: float
    after: float
    bins: list[Any]
    floor: float  # below it the answer is better abstained from; set on the tuning texts
    told: float
    right: float


@dataclass(frozen=True)
class Result:
    """One exam: the answers, what they are worth, and the compact model beside them."""

    exam: Exam
    answers: Answers | None  # None for spans
    marks: dict[str, Mark]
    calibration: Calibration | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True)
class Measured:
    """Everything that the card tells."""

    results: list[Result]
    comparisons: list[Comparison]
    intents: dict[str, Mark]  # accuracy
    sources: list[Source]


def measure(trained: Trained, settings: Settings) -> Measured:
    """All exams on dev lessons."""
    model = Compact.load() if WEIGHTS.exists() else None
    results, intents = [], {}
    for exam in exams(trained.lectures.dev, list(trained.lectures.head_weights)):
        said = trained.read([lesson.text for lesson in exam.lessons])
        if exam.head == "themes":
            found = intent_answers(exam, said, trained.lectures.intents)
            intents[exam.name] = mark(found, accuracy)
        elif exam.head == "personal_data":
            results.append(_spans(exam, said))
        else:
            results.append(_sit(trained, exam, said, model))
    comparisons = [one.comparison for one in results if one.comparison]
    if model and settings.data and "themes" in trained.lectures.head_weights:
        comparisons += few_shot(trained, Corpora(settings.data), model)
    return Measured(results, comparisons, intents, chosen(settings))


def _head(trained: Trained, exam: Exam) -> Head:
    return next(one for one in trained.stored.description.heads if one.name == exam.head)


def _sit(trained: Trained, exam: Exam, said: Read, model: Compact | None) -> Result:
    head = _head(trained, exam)
    ours = answers(exam, said, head)
    measures = [MACRO_F1] if exam.head == "emotion" else [ACCURACY, MACRO_F1]
    theirs = compact_answers(model, exam) if model else None
    return Result(
        exam,
        ours,
        {title: mark(ours, how) for title, how in measures},
        _calibration(trained, exam, said),
        compare(exam.head, exam.name, ours, theirs, MACRO_F1) if theirs else None,
    )


def _calibration(trained: Trained, exam: Exam, said: Read) -> Calibration | None:
    """None for emotions, several of which may be felt at once."""
    if exam.head == "emotion":
        return None
    head = _head(trained, exam)
    raw, after = answers(exam, said, head, calibrated=False), answers(exam, said, head)
    floor = _floor(trained, exam)
    told, right = coverage(after.confidence, after.right, floor)
    return Calibration(
        before=quality.ece(raw.confidence, raw.right),
        after=quality.ece(after.confidence, after.right),
        bins=reliability(after.confidence, after.right),
        floor=floor,
        told=told,
        right=right,
    )


def _floor(trained: Trained, exam: Exam) -> float:
    """The abstain threshold from the tuning texts of the exam's language."""
    tuning = [
        lesson
        for lesson in trained.lectures.tuning
        if exam.head in lesson.targets and exam.language in (ANY, lesson.language)
    ]
    if not tuning:
        return 0.95
    head = _head(trained, exam)
    mine = Exam(exam.head, "", "", exam.language, tuple(tuning))
    found = answers(mine, trained.read([lesson.text for lesson in tuning]), head)
    return abstain_below(found.confidence, found.right)


def _spans(exam: Exam, said: Read) -> Result:
    """Exact spans: place and kind."""
    spans: Sequence[Spans] = said.spans or [()] * len(exam.lessons)
    counts = span_counts(exam.lessons, spans)
    drawn = resamples(len(counts)) @ counts
    whole = counts.sum(axis=0)[None]
    values = [float(f1(whole)[0]), *np.quantile(f1(drawn), [0.025, 0.975]).tolist()]
    return Result(exam, None, {"span F1": Mark(*values)})


def f1(counts: np.ndarray) -> np.ndarray:
    """(rows,) from (rows, 3): right, said, true."""
    return np.asarray(2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1))


def few_shot(trained: Trained, data: Corpora, model: Compact) -> list[Comparison]:
    """Themes of five examples, both models on the same messages: is the best theme the true one."""
    found = []
    for task in theme_scale.tasks(data, seed=1):
        ours = _theme_scores(trained, task)
        theirs = model.evidence.scores(task.evidence(model.concepts, model.rarity))
        known = task.truth >= 0
        labels = tuple(theme["id"] for theme in task.themes)
        pair = [
            one_label(labels, task.truth[known], scores[known].argmax(axis=1))
            for scores in (ours, theirs)
        ]
        found.append(compare("themes", f"{task.name}, five examples", pair[0], pair[1], ACCURACY))
    return found


def few_shot_told(trained: Trained, data: Corpora) -> dict[str, taxonomies.Matching]:
    """The same tasks as they would be told: with the scale's probability and its least score."""
    least = trained.stored.description.themes.min_score
    return {
        task.name: taxonomies.measure(task.truth, _theme_scores(trained, task), least)
        for task in theme_scale.tasks(data, seed=1)
    }


def _theme_scores(trained: Trained, task: taxonomies.Task) -> Floats:
    def embed(texts: Sequence[str]) -> Floats:
        return trained.read(texts).embeddings

    scale = trained.stored.description.themes
    return theme_scale.prototypes(task, embed).scores(embed(task.texts), scale)[0]
