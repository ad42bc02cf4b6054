"""All lessons of a run: gathered, split, and how much each head's weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model_image.training.encoder import exams, sources
from model_image.training.encoder.lessons import Lesson, restrict, split
from model_image.training.encoder.settings import BadSettings, Settings

MOST_TUNING = 600  # lessons of one source and language that decide when to stop
MOST_WEIGHT = 8.0


@dataclass(frozen=True)
class Lectures:
    """All lessons of a run."""

    learning: list[Lesson]
    tuning: list[Lesson]
    dev: list[Lesson]
    intents: dict[str, int]
    head_weights: dict[str, float]


def gather(settings: Settings) -> Lectures:
    """Lessons of the sources and of own messages, split; the weight of each head."""
    found = sources.chosen(settings)
    whole = sources.lessons(settings, found, "train")
    whole += sources.own_messages(settings.messages, "train")
    lessons = [kept for lesson in whole if (kept := restrict(lesson, settings.heads))]
    if not lessons:
        raise BadSettings(f"no text teaches {', '.join(settings.heads)}")
    learning, tuning = split(lessons)
    dev = sources.lessons(replace(settings, rows_per_source=0), found, "dev")
    dev += sources.own_messages(settings.messages, "dev")
    if settings.data:
        dev += exams.own_sets(settings.messages) + exams.other_languages()
    dev = [kept for lesson in dev if (kept := restrict(lesson, settings.heads))]
    intents = sorted({lesson.intent for lesson in learning if lesson.intent})
    return Lectures(
        learning=learning + overheard(settings, dev),
        tuning=thinned(tuning),
        dev=dev,
        intents={intent: number for number, intent in enumerate(intents)},
        head_weights=head_weights(learning, settings.heads),
    )


def overheard(settings: Settings, dev: Sequence[Lesson]) -> list[Lesson]:
    """Unlabelled texts for a teacher to label; none without one."""
    if not settings.teacher or not settings.teacher_rows:
        return []
    asked = replace(settings, pretrain_rows=settings.teacher_rows)
    texts = sources.unlabelled(asked, (), {lesson.text for lesson in dev})
    return [Lesson(text, "unlabelled", "other") for text in texts]


def thinned(lessons: Sequence[Lesson]) -> list[Lesson]:
    """At most MOST_TUNING lessons of each source and language, spread evenly."""
    groups: dict[tuple[str, str], list[Lesson]] = {}
    for lesson in lessons:
        groups.setdefault((lesson.source, lesson.language), []).append(lesson)
    return [
        lesson for group in groups.values() for lesson in group[:: -(-len(group) // MOST_TUNING)]
    ]


def head_weights(lessons: Sequence[Lesson], heads: Sequence[str]) -> dict[str, float]:
    """The rarer a head's lessons, the more one of them weighs: by the root, MOST_WEIGHT at most.

    The token head is averaged over its tokens already.
    """
    found = {}
    for head in heads:
        if head == "themes":
            count = sum(bool(lesson.intent) for lesson in lessons)
        else:
            count = sum(head in lesson.targets for lesson in lessons)
        if count:
            found[head] = min(MOST_WEIGHT, (len(lessons) / count) ** 0.5)
    if "personal_data" in heads and any(lesson.spans is not None for lesson in lessons):
        found["personal_data"] = 1.0
    return found
