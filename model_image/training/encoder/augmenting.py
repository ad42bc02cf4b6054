"""Texts as hasty people type them: case, typing errors, missing dots, two languages in one.

No translation there and back. A text with marked personal data only gets changes that move no
character. The same seed and place give the same change.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from model_image.training.encoder.lessons import Lesson, Target

AGREE = 0.5  # a label is kept in a mixed text when both halves give it at least this share
_NEAR = {
    "a": "sqä", "e": "wr", "i": "uo", "o": "ip", "u": "yi", "t": "ry", "s": "ad", "n": "bm",
    "k": "jl", "l": "kö", "r": "et", "m": "n", "v": "cb", "h": "gj", "d": "sf", "p": "oå",
}  # fmt: skip


def augmented(lessons: Sequence[Lesson], share: float, seed: tuple[int, int, int]) -> list[Lesson]:
    """The lessons, about `share` of them changed. `seed`: run, epoch, place of the first one."""
    chooser = random.Random(f"{seed}")
    return [
        _changed(lesson, lessons, chooser) if chooser.random() < share else lesson
        for lesson in lessons
    ]


def _changed(lesson: Lesson, others: Sequence[Lesson], chooser: random.Random) -> Lesson:
    kind = chooser.randrange(5)
    if kind == 4:
        other = chooser.choice(others)
        return mixed(lesson, other) or lesson
    change = (lower_or_upper, without_marks, swapped, mistyped)[kind]
    text = change(lesson.text, chooser)
    if lesson.spans and len(text) != len(lesson.text):
        return lesson
    return replace(lesson, text=text)


def lower_or_upper(text: str, chooser: random.Random) -> str:
    """All lower case, seldom all upper."""
    return text.upper() if chooser.random() < 0.2 else text.lower()


def without_marks(text: str, chooser: random.Random) -> str:
    """Letters without their dots and rings: ä -> a, é -> e."""
    del chooser
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


def swapped(text: str, chooser: random.Random) -> str:
    """One or two neighbouring letters in the wrong order."""
    letters = list(text)
    for _ in range(1 + len(text) // 60):
        place = chooser.randrange(max(1, len(letters) - 1))
        pair = letters[place : place + 2]
        if "".join(pair).isalpha():
            letters[place : place + 2] = pair[::-1]
    return "".join(letters)


def mistyped(text: str, chooser: random.Random) -> str:
    """A letter's neighbour on the keyboard instead of it."""
    places = [i for i, letter in enumerate(text) if letter in _NEAR]
    if not places:
        return text
    place = chooser.choice(places)
    return text[:place] + chooser.choice(_NEAR[text[place]]) + text[place + 1 :]


def mixed(lesson: Lesson, other: Lesson) -> Lesson | None:
    """Two languages in one text, with the labels on which the halves agree; None if on none."""
    if other.language == lesson.language or lesson.spans or other.spans:
        return None
    targets = {}
    for head in sorted(lesson.targets.keys() & other.targets.keys() - {"language"}):
        one, two = lesson.targets[head], other.targets[head]
        shares = tuple((a + b) / 2 for a, b in zip(one.shares, two.shares, strict=True))
        if any(min(a, b) >= AGREE for a, b in zip(one.shares, two.shares, strict=True)):
            targets[head] = Target(shares, min(one.weight, two.weight))
    if not targets:
        return None
    return Lesson(f"{lesson.text} {other.text}", lesson.source, lesson.language, targets)
