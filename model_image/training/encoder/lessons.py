"""A lesson: one text and what it teaches each head, as far as anybody labelled it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from model_image.effort import LEVELS
from model_image.emotion import LABELS as EMOTIONS
from model_image.language import LANGUAGES
from model_image.sentiment import LABELS as SENTIMENTS

KINDS = ("name", "id", "iban", "card", "email", "phone", "plate", "address", "birthdate")

LABELS: Mapping[str, tuple[str, ...]] = {
    "language": (*LANGUAGES, "other"),
    "sentiment": SENTIMENTS,
    "emotion": EMOTIONS,
    "demand": ("value", "failure"),
    "effort": LEVELS,
    "satisfaction": ("1", "2", "3", "4", "5"),
}
TAGS = ("O", *(f"{edge}-{kind}" for kind in KINDS for edge in "BI"))

TUNING_ONE_IN = 20
# Of these corpora's intents one in three teaches nothing: themes are measured, and their scale is
# set, on labels that the embedding has never been told apart.
HELD_OUT_FOLDERS = ("massive", "BANKING77", "CLINC150")
HELD_OUT_ONE_IN = 3


class Target(NamedTuple):
    """Shares of a head's labels, summing to 1, and how much the lesson weighs."""

    shares: tuple[float, ...]
    weight: float = 1.0


Spans = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """`spans` None: nobody looked for personal data; (): somebody did and there is none."""

    text: str
    source: str
    language: str  # fi, en, sv or other; what it is measured by, not always taught
    targets: Mapping[str, Target] = field(default_factory=dict)
    spans: Spans | None = None
    intent: str = ""  # 'massive/alarm_set'; '' when there is none
    group: str = ""  # what must stay on one side of a split; the text itself by default


def sure(head: str, label: str, weight: float = 1.0) -> dict[str, Target]:
    """{head: target} of one certain label."""
    place = LABELS[head].index(label)
    return {head: Target(tuple(float(i == place) for i in range(len(LABELS[head]))), weight)}


def restrict(lesson: Lesson, heads: Sequence[str]) -> Lesson | None:
    """The lesson with what those heads learn from; None when nothing is left."""
    targets = {head: target for head, target in lesson.targets.items() if head in heads}
    spans = lesson.spans if "personal_data" in heads else None
    intent = "" if held_out(lesson.intent) or "themes" not in heads else lesson.intent
    if not targets and spans is None and not intent:
        return None
    return replace(lesson, targets=targets, spans=spans, intent=intent)


def split(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """(learning, tuning): one group in twenty, by its hash, stops the training and sets scales.

    The dev splits stay untouched by both, so that what the card says of them is held out.
    """
    learning: list[Lesson] = []
    tuning: list[Lesson] = []
    for lesson in lessons:
        (tuning if _kept_back(lesson.group or lesson.text.lower()) else learning).append(lesson)
    return learning, tuning


def held_out(intent: str) -> bool:
    """Whether 'massive/alarm_set' is one of the intents that are never taught."""
    folder = intent.split("/", maxsplit=1)[0]
    return folder in HELD_OUT_FOLDERS and _drawn(f"intent {intent}", HELD_OUT_ONE_IN)


def _kept_back(group: str) -> bool:
    # salted: corpora were split by the hash of the same texts
    return _drawn(f"tuning {group}", TUNING_ONE_IN)


def _drawn(text: str, one_in: int) -> bool:
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "big") % one_in == 0


def tags(spans: Spans, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """A tag of TAGS a token; -100, which no loss reads, for tokens without a character."""
    found = []
    begun: set[int] = set()
    for start, end in offsets:
        if start == end:
            found.append(-100)
            continue
        inside = [i for i, (first, last, _) in enumerate(spans) if start < last and end > first]
        if not inside:
            found.append(0)
            continue
        edge = "I" if inside[0] in begun else "B"
        begun.add(inside[0])
        found.append(TAGS.index(f"{edge}-{spans[inside[0]][2]}"))
    return found


def spans_of(said: Sequence[int], offsets: Sequence[tuple[int, int]]) -> Spans:
    """The inverse of `tags`: an I without its B begins a span as well."""
    found: list[tuple[int, int, str]] = []
    open_kind = ""
    for tag, (start, end) in zip(said, offsets, strict=True):
        if start == end:
            continue
        kind = TAGS[tag][2:] if tag > 0 else ""
        if kind and kind == open_kind and TAGS[tag][0] == "I":
            found[-1] = (found[-1][0], end, kind)
        elif kind:
            found.append((start, end, kind))
        open_kind = kind
    return tuple(found)
