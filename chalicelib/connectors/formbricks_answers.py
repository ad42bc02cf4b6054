"""Formbricks' responses -> events: what a survey's questions measure, on their own scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import answers, record
from chalicelib.connectors.parts.answers import IGNORE, TEXT, Answer, Question
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    language,
    number,
    optional_identifier,
    optional_section,
    sections,
    text,
    unreadable,
)
from chalicelib.errors import Unreadable
from chalicelib.interaction import Event, RatingKind

Survey = Mapping[str, Json]
_TYPED: Mapping[str, Question] = {
    "text": TEXT,
    "": TEXT,
    "email": Question("email"),
    "phone": Question("phone"),
}
_SCALED: Mapping[str, tuple[RatingKind, int]] = {
    "csat": (RatingKind.CSAT, 5),
    "ces": (RatingKind.CES, 7),
}
#: The places of a contact question's answer: first name, last name, email, phone, company.
_CONTACT = {2: Question("email"), 3: Question("phone")}


def identity(response: Json) -> str:
    """One state of a response, whichever event tells it: its id and its last change."""
    changed = iso_time(response.get("updatedAt"), "updatedAt")
    return f"{identifier(response.get('id'), 'id')}:{changed:%Y%m%dT%H%M%S.%fZ}"[:255]


def told_all(response: Json, source: Source) -> bool:
    """Whether the options, or their own names, say what every answered question measures."""
    told = answers.told(source)
    given = answers.hidden(dict.fromkeys(optional_section(response, "data"), "x"))
    return all(answers.whole(told[a.name]) if a.name in told else a.known != IGNORE for a in given)


def event_of(response: Json, survey: Survey, source: Source, event_id: str | None = None) -> Event:
    """One state of a response. Raises Skipped where it is unfinished or says nothing."""
    answers.finished_or_wanted(source, response.get("finished") is not False)
    attributes = response.get("contactAttributes") or response.get("personAttributes")
    about = attributes if isinstance(attributes, dict) else {}
    contact = response.get("contact") or response.get("person")
    person = contact if isinstance(contact, dict) else {}
    own_id = about.get("userId") or person.get("userId")
    return answers.response(
        source,
        [
            *answers.hidden(about),
            Answer(("userId",), text(own_id, "userId"), Question("customer_id")),
            *_answers(optional_section(response, "data"), survey),
        ],
        event_id=event_id or identity(response),
        interaction_id=identifier(response.get("id"), "id"),
        occurred_at=iso_time(response.get("updatedAt"), "updatedAt"),
        # 'default' is the language that the survey was written in: unknown here.
        language=language(response.get("language"), "language"),
        customer=record.customer(
            vendor="formbricks",
            vendor_id=optional_identifier(person.get("id"), "contact.id"),
        ),
        tags=_tags(response),
    )


def _answers(data: Json, survey: Survey) -> Iterator[Answer]:
    for key, value in data.items():
        asked = survey.get(key)
        if asked is None:
            yield from answers.hidden({key: value}) or [Answer((key,), value)]
            continue
        kind = text(asked.get("type"), "type")
        names = (key, _one(asked.get("headline")))
        if kind == "contactInfo" and isinstance(value, list):
            for place, known in _CONTACT.items():
                given = value[place] if place < len(value) else None
                yield Answer((f"{key}:{known.kind}",), given, known)
            continue
        if kind.startswith("multipleChoice"):
            others = _others(value, asked)
            yield Answer((f"{key}:other",), others, TEXT)
        yield Answer(names, value, _known(kind, asked))


def _known(kind: str, asked: Json) -> Question:
    """What a question measures when the options do not say."""
    if kind == "openText":
        return _TYPED.get(text(asked.get("inputType"), "inputType"), IGNORE)
    if kind == "nps":
        return answers.NPS
    if kind in _SCALED:
        rating, usual = _SCALED[kind]
        return Question(rating, (1, _range(asked, usual)))
    if kind == "rating":
        return Question(RatingKind.CSAT, (1, _range(asked)))
    return IGNORE


def _range(asked: Json, usual: int | None = None) -> float:
    found = number(asked.get("range", usual), "range")
    if not 2 <= found <= 10:
        raise Unreadable("the range of a rating is not between 2 and 10")
    return found


def _others(value: object, asked: Json) -> list[str]:
    """What was typed beside the choices: it is none of their labels, in any language."""
    told = [choice.get("label") for choice in sections(asked, "choices")]
    worded = [list(one.values()) if isinstance(one, dict) else [one] for one in told]
    labels = {label for one in worded for label in one if isinstance(label, str)}
    given = value if isinstance(value, list) else [value]
    return [one for one in given if isinstance(one, str) and one not in labels]


def _one(headline: object) -> str:
    """The first wording of a text in several languages."""
    if isinstance(headline, dict):
        headline = headline.get("default")
    return headline if isinstance(headline, str) else ""


def _tags(response: Json) -> tuple[str, ...]:
    """The company's tags: texts, or objects with a name."""
    listed: Any = response.get("tags")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        unreadable("tags", "a list", listed)
    names = (one.get("name") if isinstance(one, dict) else one for one in listed)
    return tuple(found for one in names if (found := optional_identifier(one, "tags")))


def survey_of(survey: Json) -> Survey:
    """question id -> question: `questions`, or the elements of newer versions' blocks."""
    blocks = sections(survey, "blocks")
    listed = [*sections(survey, "questions"), *(e for b in blocks for e in sections(b, "elements"))]
    return {identifier(one.get("id"), "questions.id"): one for one in listed}
