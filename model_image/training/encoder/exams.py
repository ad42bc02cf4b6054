"""What is measured: dev lessons by head, language and source, and the network's answers to them.

The dev parts teach nothing and set no scale. The labelled and the privacy messages of the tests
are measured as well where they are at hand and were not learnt from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model_image import effort, language
from model_image.emotion import EMOTIONS, shares
from model_image.encoder.layout import ANY, Head
from model_image.linear import Floats
from model_image.training.corpora import other_language_texts
from model_image.training.emotions import best_calm, best_floors
from model_image.training.encoder.lessons import LABELS, TAGS, Lesson, Spans, sure
from model_image.training.encoder.marks import Answers, one_label, temperatures
from model_image.training.encoder.reading import Read, probabilities
from model_image.training.encoder.sources import own_messages

TESTS = Path(__file__).parents[3] / "tests"
LABELLED = TESTS / "data" / "labelled" / "messages.jsonl"
PRIVATE = TESTS / "privacy" / "messages.jsonl"
OWN_SETS = {"labelled messages": LABELLED, "privacy messages": PRIVATE}
FEWEST = 20  # rows of an exam
EACH = 500  # texts of the language exam from one source and language
FEWEST_FELT = 50  # tuning rows of a language that get floors of their own
OTHER = LABELS["language"].index("other")


@dataclass(frozen=True)
class Exam:
    """One head on one set."""

    head: str
    name: str
    source: str
    language: str  # ANY when it mixes languages
    lessons: tuple[Lesson, ...]


def own_sets(learnt_from: Iterable[Path]) -> list[Lesson]:
    """The tests' labelled and privacy messages, unless they were learnt from."""
    learnt = {path.resolve() for path in learnt_from}
    found: list[Lesson] = []
    for name, path in OWN_SETS.items():
        if path.exists() and path.resolve() not in learnt:
            both = own_messages([path], "train") + own_messages([path], "dev")
            found += [
                replace(lesson, source=name, spans=_known_kinds(lesson.spans)) for lesson in both
            ]
    return found


def _known_kinds(spans: Spans | None) -> Spans | None:
    """Without kinds that the head does not tell (a cut query string)."""
    if spans is None:
        return None
    return tuple(span for span in spans if f"B-{span[2]}" in TAGS)


def exams(dev: Sequence[Lesson], heads: Sequence[str]) -> list[Exam]:
    """Every head by language and source, FEWEST rows or more."""
    found = []
    for head in heads:
        groups: dict[tuple[str, str], list[Lesson]] = {}
        for lesson in dev:
            if head != "language" and _asks(lesson, head):
                groups.setdefault((lesson.language, lesson.source), []).append(lesson)
        if head == "language":
            mixed = _languages(dev)
            found.append(Exam(head, "fi, en, sv, other", "several", ANY, tuple(mixed)))
        found += [
            Exam(head, f"{code}: {source}", source, code, tuple(lessons))
            for (code, source), lessons in sorted(groups.items())
        ]
    return [exam for exam in found if len(exam.lessons) >= FEWEST]


def _asks(lesson: Lesson, head: str) -> bool:
    if head == "themes":
        return bool(lesson.intent)
    if head == "personal_data":
        return lesson.spans is not None
    if head == "emotion" and head in lesson.targets:
        return lesson.targets[head].shares[0] == 0  # lines that carry an emotion
    return head in lesson.targets


def _languages(dev: Sequence[Lesson]) -> list[Lesson]:
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson in dev:
        if "language" in lesson.targets:
            groups.setdefault((lesson.language, lesson.source), []).append(lesson)
    return [lesson for group in groups.values() for lesson in group[:EACH]]


def other_languages() -> list[Lesson]:
    """Word salads of the lists that training draws from, so an optimistic part."""
    salads = other_language_texts(9000)[-EACH:]
    return [Lesson(text, "own", "other", sure("language", "other")) for text in salads]


def truth_of(exam: Exam) -> np.ndarray:
    """(rows, 9) marks of emotions; else (rows,) the place of the likeliest label."""
    rows = np.array([lesson.targets[exam.head].shares for lesson in exam.lessons])
    return (rows > 0).astype(float) if exam.head == "emotion" else rows.argmax(axis=1)


def answers(exam: Exam, said: Read, head: Head, calibrated: bool = True) -> Answers:
    """The network's answers, by the head's temperatures and thresholds."""
    spoken = [lesson.language for lesson in exam.lessons]
    scale = dict(head.temperature) if calibrated else {ANY: 1.0}
    p = probabilities(said.logits[exam.head], spoken, scale)
    if exam.head == "emotion":
        above = shares(p) > np.array([floors(head, code) for code in spoken])
        return Answers(EMOTIONS, truth_of(exam)[:, 1:] > 0, above)
    best, confidence = p.argmax(axis=1), p.max(axis=1)
    if exam.head == "language":
        best = np.where(confidence < head.threshold("min_p", ANY, 0.0), OTHER, best)
    if exam.head == "effort":
        low = confidence < head.threshold("min_p", ANY, 0.0)
        best = np.where(low, effort.UNKNOWN, best)
    return one_label(LABELS[exam.head], truth_of(exam), best, confidence)


def floors(head: Head, code: str) -> list[float]:
    """The least share of each emotion in that language."""
    return [head.threshold(emotion, code, 0.2) for emotion in EMOTIONS]


def intent_answers(exam: Exam, said: Read, intents: Mapping[str, int]) -> Answers:
    """The nearest prototype among the intents of the exam's own corpus."""
    if said.intents is None:
        raise ValueError("the network has no prototypes")
    folder = exam.lessons[0].intent.split("/")[0]
    own = [intent for intent in intents if intent.split("/")[0] == folder]
    known = [(row, lesson) for row, lesson in enumerate(exam.lessons) if lesson.intent in own]
    cosines = said.intents[[row for row, _ in known]][:, [intents[intent] for intent in own]]
    truth = np.array([own.index(lesson.intent) for _, lesson in known])
    return one_label(tuple(own), truth, cosines.argmax(axis=1))


def span_counts(lessons: Sequence[Lesson], said: Sequence[Spans]) -> Floats:
    """(rows, 3): spans found with right place and kind, spans said, spans that are there."""
    return np.array(
        [
            (len(set(lesson.spans or ()) & set(spans)), len(spans), len(lesson.spans or ()))
            for lesson, spans in zip(lessons, said, strict=True)
        ],
        dtype=np.float64,
    )


def scaled_head(name: str, tuning: Sequence[Lesson], said: Read | None) -> Head:
    """The head's description, its temperatures and thresholds set on the tuning lessons."""
    if name == "personal_data":
        return Head(name, "token", TAGS)
    rows = [row for row, lesson in enumerate(tuning) if name in lesson.targets]
    head = Head(name, "sequence", LABELS[name], thresholds=DEFAULTS.get(name, {}))
    if said is None or not rows:
        return head
    logits = said.logits[name][rows]
    target = np.array([tuning[row].targets[name].shares for row in rows])
    spoken = np.array([tuning[row].language for row in rows])
    found = temperatures(logits, target, spoken)
    head = replace(head, temperature=found)
    if name != "emotion":
        return head
    p = probabilities(logits, spoken.tolist(), dict(found))
    return replace(head, thresholds=_emotion_thresholds(p, (target > 0).astype(float), spoken))


DEFAULTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "language": {ANY: {"min_p": language.MIN_P}},
    "effort": {ANY: {"min_p": effort.MIN_P}},
}


def _emotion_thresholds(
    p: Floats, marks: Floats, spoken: np.ndarray
) -> dict[str, dict[str, float]]:
    found = {}
    for code in (ANY, *language.LANGUAGES):
        rows = spoken == code if code != ANY else np.ones(len(p), bool)
        felt = rows & (marks[:, 0] == 0)
        if felt.sum() < FEWEST_FELT:
            continue
        least = best_floors(shares(p[felt]), marks[felt, 1:])
        calm = best_calm(p[rows], marks[rows], least)
        pairs = zip(EMOTIONS, least.tolist(), strict=True)
        found[code] = {"calm": round(calm, 4)} | {name: round(one, 4) for name, one in pairs}
    return found
