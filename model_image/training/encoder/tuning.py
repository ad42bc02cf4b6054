"""What decides when to stop: one number of all heads, on texts that are kept back for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from model_image.training.encoder import exams
from model_image.training.encoder.lectures import Lectures
from model_image.training.encoder.lessons import LABELS
from model_image.training.encoder.marks import accuracy, macro_f1, one_label
from model_image.training.encoder.network import Network
from model_image.training.encoder.reading import Read


def tuning_score(lectures: Lectures, said: Read, network: Network) -> float:
    """Mean over the heads of macro-F1 (choices), accuracy (intents) or span F1, on tuning texts.

    Emotion: the share of texts whose likeliest label is one of theirs.
    """
    marks = [_choice(lectures, said, head) for head in network.heads]
    marks += [_intents(lectures, said), _spans(lectures, said)]
    known = [mark for mark in marks if mark is not None]
    return float(np.mean(known)) if known else 0.0


def _choice(lectures: Lectures, said: Read, head: str) -> float | None:
    rows = [row for row, lesson in enumerate(lectures.tuning) if head in lesson.targets]
    if not rows:
        return None
    target = np.array([lectures.tuning[row].targets[head].shares for row in rows])
    best = said.logits[head][rows].argmax(axis=1)
    if head == "emotion":
        return float((target[np.arange(len(rows)), best] > 0).mean())
    found = one_label(LABELS[head], target.argmax(axis=1), best)
    return float(macro_f1(found, np.ones((1, len(rows))))[0])


def _intents(lectures: Lectures, said: Read) -> float | None:
    known = [row for row, one in enumerate(lectures.tuning) if one.intent in lectures.intents]
    if said.intents is None or not known:
        return None
    exam = exams.Exam("themes", "", "", "", tuple(lectures.tuning[row] for row in known))
    part = replace(said, intents=said.intents[known])
    hits = [exams.intent_answers(one, two, lectures.intents) for one, two in _folders(exam, part)]
    return float(np.mean([accuracy(hit, np.ones((1, hit.n)))[0] for hit in hits]))


def _spans(lectures: Lectures, said: Read) -> float | None:
    tagged = [row for row, lesson in enumerate(lectures.tuning) if lesson.spans is not None]
    if said.spans is None or not tagged:
        return None
    spans = [said.spans[row] for row in tagged]
    counts = exams.span_counts([lectures.tuning[row] for row in tagged], spans).sum(axis=0)
    return float(2 * counts[0] / max(1.0, counts[1] + counts[2]))


def _folders(exam: exams.Exam, said: Read) -> Iterator[tuple[exams.Exam, Read]]:
    cosines = said.intents
    if cosines is None:
        return
    folders = [lesson.intent.split("/")[0] for lesson in exam.lessons]
    for folder in sorted(set(folders)):
        rows = [row for row, own in enumerate(folders) if own == folder]
        lessons = tuple(exam.lessons[row] for row in rows)
        yield replace(exam, lessons=lessons), replace(said, intents=cosines[rows])
