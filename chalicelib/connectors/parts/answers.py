"""Survey answers -> one event: what each question measures, who answered, on what scale.

Shared by every survey connector. The connector turns its vendor's answers into `Answer`s with
what the vendor's own question type says (`known`); here the source's options have the last word:

    questions:                                  # by the question's id, reference or title
      recommend: nps                            # nps, csat, ces, stars, thumb: a rating
      delivery: {kind: csat, min: 1, max: 10}   # where the vendor does not tell the scale
      effort: {kind: ces, reversed: true}       # the lowest number is the best
      mood: {kind: csat, values: {Hyvä: 5, Huono: 1}}   # a choice by its label
      why: text                                 # the customer's own words
      reason: tag                               # an answer that is a tag, not the customer's words
      number: customer_id                       # or email, phone, language, touchpoint
      gift: ignore
    partial: true                               # read unfinished responses too

Hidden fields are named the same way; those called `customer_id`, `email`, `phone`, `lang` or
`language`, and `touchpoint` are known without being told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.reading import MAX_ID, clean, language, number, text, unreadable
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind, Role

#: All answers of a response are one message, so that a later version replaces the earlier one.
MESSAGE_ID = "answers"

Scale = tuple[float, float]
_SCALES: Mapping[str, Scale] = {
    RatingKind.NPS: (0, 10),
    RatingKind.CSAT: (1, 5),
    RatingKind.CES: (1, 7),
    RatingKind.STARS: (1, 5),
    RatingKind.THUMB: (0, 1),
}
_ABOUT = frozenset({"email", "phone", "customer_id", "language", "touchpoint"})
_KINDS = frozenset({*_SCALES, *_ABOUT, "text", "tag", "ignore"})
_HIDDEN: Mapping[str, str] = {**{name: name for name in _ABOUT}, "lang": "language"}
_SETTINGS = frozenset({"kind", "min", "max", "reversed", "values"})
_TOUCHPOINT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Question(NamedTuple):
    """What an answer measures: a RatingKind, text, tag, one of `_ABOUT`, or ignore.

    `scale` is the true one where it is known; a question that is ignored may have one, for the
    options to build on. `values` give a choice's number by its label.
    """

    kind: str
    scale: Scale | None = None
    reversed: bool = False
    values: Mapping[str, float] = {}


IGNORE = Question("ignore")
TEXT = Question("text")
NPS = Question(RatingKind.NPS, (0, 10))


def rated(low: float, high: float) -> Question:
    """A scale question of a vendor that does not say what it asks: 0-10 is NPS, others CSAT."""
    return NPS if (low, high) == (0, 10) else Question(RatingKind.CSAT, (low, high))


class Answer(NamedTuple):
    """One answered question.

    `names` are what the options may call it, the vendor's stable id first; the first that is not
    empty names the rating. `value` is a number, text, true or false, a list of texts, or None;
    `label` is how the customer saw it, where the value is the number behind a choice.
    """

    names: tuple[str, ...]
    value: object
    known: Question = IGNORE
    label: object = None

    @property
    def name(self) -> str:
        return next((name for name in self.names if name), "")


def hidden(fields: Mapping[str, Any]) -> list[Answer]:
    """Hidden fields, embedded data or custom variables as answers; nested values are left out."""
    plain = ((k, v) for k, v in fields.items() if isinstance(v, (str, int, float, bool)))
    return [Answer((k,), v, Question(_HIDDEN.get(k.strip().lower(), "ignore"))) for k, v in plain]


def response(source: Source, answers: Iterable[Answer], **values: Any) -> Event:
    """One response as one event: a RATING, or a MESSAGE where nothing is rated.

    `values` are Event's own fields (event_id, interaction_id, occurred_at, and what else the
    vendor says); `language`, `customer` and `tags` in it stand where no answer names a better one.
    Raises Skipped without a rating or an open answer.
    """
    found = _Found()
    chosen = told(source)
    for answer in answers:
        _take(answer, question(chosen, answer), found)
    if not found.ratings and not found.texts:
        raise Skipped(f"{source.connector} response without a rating or an open answer")
    about = found.about
    said = about.get("touchpoint", "")
    customer = record.customer(
        email=about.get("email"), phone=about.get("phone"), own_id=about.get("customer_id")
    )
    made = {
        "message_id": MESSAGE_ID,
        "kind": EventKind.RATING if found.ratings else EventKind.MESSAGE,
        "text": "\n\n".join(found.texts),
        "ratings": tuple(found.ratings),
        # A hidden field travels in the form's URL, where anybody can change it: who counts must
        # still ask organisation.yaml whether the touchpoint exists.
        "touchpoint": said if _TOUCHPOINT.fullmatch(said) else None,
        **values,
        "language": language(about.get("language"), "language") or values.get("language"),
        "customer": customer or values.get("customer"),
        "tags": tuple(
            dict.fromkeys((*([said] if said else []), *values.get("tags", ()), *found.tags))
        ),
    }
    return record.event(source, Channel.SURVEY, **made)


def waiting(source: Source, fetch: str, **values: Any) -> Event:
    """A response that is there and must be fetched: nobody has spoken yet."""
    return record.event(
        source, Channel.SURVEY, kind=EventKind.STATUS, role=Role.SYSTEM, fetch=fetch, **values
    )


def unfinished(source: Source) -> bool:
    """Whether unfinished responses are wanted: options.partial."""
    return source.options.get("partial") is True


def finished_or_wanted(source: Source, finished: bool) -> None:
    """Raises Skipped for an unfinished response, unless options.partial asks for them."""
    if not finished and not unfinished(source):
        raise Skipped(f"{source.connector} response that is not finished; options.partial reads it")


# --- one answer ---------------------------------------------------------------------------------


@dataclass
class _Found:
    ratings: list[Rating] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)


def _take(answer: Answer, asked: Question, found: _Found) -> None:
    where = f"answer to {answer.name[:60] or 'a question'}"
    value = answer.value
    if asked.kind == "ignore" or value is None or value in ("", []):
        return
    if asked.kind in _SCALES:
        found.ratings.append(_rating(asked, answer, where))
        return
    shown = value if answer.label is None else answer.label
    words = [word for word in _words(shown, where) if word]
    if asked.kind == "text":
        found.texts += ["\n".join(words)] * bool(words)
    elif asked.kind == "tag":
        found.tags += [word[:MAX_ID] for word in words]
    elif words:
        found.about.setdefault(asked.kind, words[0][:MAX_ID])


def _rating(asked: Question, answer: Answer, where: str) -> Rating:
    value = _only(answer.value)
    if isinstance(value, bool):
        value = int(value)
    if asked.values:
        label = _only(value if answer.label is None else answer.label)
        label = text(label, where) if isinstance(label, str) else str(label)
        if label not in asked.values:
            raise Unreadable(f"{where} is no label of options.questions.values")
        value = asked.values[label]
    low, high = asked.scale or _SCALES[asked.kind]
    found = number(value, where)
    found = low + high - found if asked.reversed else found
    kind = RatingKind(asked.kind)
    return record.rating(kind, found, (low, high), where, answer.name[:MAX_ID])


def _only(value: object) -> object:
    """The one item of a list: a vendor that lists the choices of a single choice, too."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _words(value: object, where: str) -> Sequence[str]:
    """The texts of an answer; a number as it is written."""
    if isinstance(value, str):
        return (clean(value),)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, int) and abs(value) < 10**30:
        return (str(value),)
    if isinstance(value, float):
        return (f"{number(value, where):g}",)
    if isinstance(value, list):
        return [text(one, where) for one in value]
    return unreadable(where, "text", value)


# --- the options --------------------------------------------------------------------------------


def check(source: Source, *own: str) -> None:
    """Raises Misconfigured when the source's options cannot be read; `own` are the connector's."""
    options.known(source, "questions", "partial", *own)
    options.true_or_false(source, "partial")
    told(source)


def question(chosen: Mapping[str, Question], answer: Answer) -> Question:
    """What the options say of this answer, on the vendor's scale where they name none."""
    found = next((chosen[name] for name in answer.names if name in chosen), None)
    if found is None:
        return answer.known
    if found.scale is None and found.kind in _SCALES and not found.values:
        # NPS is 0-10 by definition; the others are what the vendor shows.
        scale = None if found.kind == RatingKind.NPS else answer.known.scale
        return found._replace(scale=scale)
    return found


def whole(asked: Question) -> bool:
    """Whether the options' word is enough without the vendor's: a CSAT without a scale is not."""
    shown = asked.kind in (RatingKind.CSAT, RatingKind.CES, RatingKind.STARS)
    return not shown or asked.scale is not None or bool(asked.values)


def told(source: Source) -> dict[str, Question]:
    """What options.questions say, by the name that they use; raises Misconfigured."""
    questions = source.options.get("questions") or {}
    if not isinstance(questions, Mapping):
        raise Misconfigured(
            f"sources.{source.name}.options.questions must map a question to what it measures"
        )
    return {str(name): _question(source.name, str(name), q) for name, q in questions.items()}


def _question(name: str, question_name: str, said: Any) -> Question:
    where = f"sources.{name}.options.questions.{question_name}"
    settings = said if isinstance(said, Mapping) else {"kind": said}
    kind = str(settings.get("kind"))
    if kind not in _KINDS:
        raise Misconfigured(f"{where}: write one of {', '.join(sorted(_KINDS))}")
    unknown = sorted(str(key) for key in settings if key not in _SETTINGS)
    if unknown:
        raise Misconfigured(f"{where}.{unknown[0]} is not known")
    if kind not in _SCALES:
        return Question(kind)
    values = settings.get("values") or {}
    if not isinstance(values, Mapping) or not all(_is_number(v) for v in values.values()):
        raise Misconfigured(f"{where}.values must map a label to its number")
    labels = {str(label): float(value) for label, value in values.items()}
    reverse = settings.get("reversed", False)
    if not isinstance(reverse, bool):
        raise Misconfigured(f"{where}.reversed must be true or false")
    return Question(kind, _scale(where, kind, settings, labels), reverse, labels)


def _scale(
    where: str, kind: str, settings: Mapping[str, Any], labels: Mapping[str, float]
) -> Scale | None:
    """The scale that is written out; None leaves it to the vendor, or to the kind."""
    low, high = _SCALES[kind]
    if "min" not in settings and "max" not in settings:
        outside = [value for value in labels.values() if not low <= value <= high]
        if outside:
            raise Misconfigured(f"{where}: a value is outside {low}..{high}; write min and max")
        return None
    scale = (settings.get("min", low), settings.get("max", high))
    if not all(_is_number(end) for end in scale) or not scale[0] < scale[1]:
        raise Misconfigured(f"{where}: min and max must be numbers, min below max")
    return scale


def _is_number(value: object) -> bool:
    return type(value) in (int, float)
