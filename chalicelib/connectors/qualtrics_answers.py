"""Qualtrics' responses -> events: what a survey's questions measure, on their own scales."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import answers
from chalicelib.connectors.parts.answers import IGNORE, TEXT, Answer, Question, Scale
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    language,
    number,
    optional_number,
    optional_section,
    section,
    text,
    truth,
)
from chalicelib.errors import Skipped
from chalicelib.interaction import Event

_QUESTION = re.compile(r"(?:\d{1,9}_)?(QID\d{1,9})(?:_\d{1,9})?(_TEXT)?")
_OF_A_QUESTION = re.compile(r"(?:\d{1,9}_)?QID\d")
#: Of a response's status, the bits 1 (preview), 2 (test) and 8 (spam): nobody's answers.
_NO_CUSTOMERS = 1 | 2 | 8
_CONTACT = {"recipientEmail": Question("email"), "externalDataReference": Question("customer_id")}


def event_of(
    response: Json, questions: Mapping[str, Json], source: Source, event_id: str | None = None
) -> Event:
    """`event_id` of the delivery that named the response; a listed one is named by its time.

    Raises Skipped for tests, spam, unfinished responses, and those without an answer.
    """
    values = section(response, "values")
    status = optional_number(values.get("status"), "status") or 0
    if int(min(max(status, 0), 1e6)) & _NO_CUSTOMERS:
        raise Skipped("qualtrics response that is a preview, a test or spam")
    answers.finished_or_wanted(source, truth(values.get("finished"), "finished") is not False)
    response_id = identifier(response.get("responseId"), "responseId")
    recorded = values.get("recordedDate") or values.get("endDate")
    at = iso_time(recorded, "recordedDate")
    return answers.response(
        source,
        _answers(values, optional_section(response, "labels"), questions),
        event_id=event_id or f"{response_id}:{at:%Y%m%dT%H%M%SZ}",
        interaction_id=response_id,
        occurred_at=at,
        language=language(values.get("userLanguage"), "userLanguage"),
    )


def _answers(values: Json, labels: Json, questions: Mapping[str, Json]) -> Iterator[Answer]:
    """Embedded data first, so that what the company knows of the customer goes before."""
    yield from answers.hidden({k: v for k, v in values.items() if not _OF_A_QUESTION.match(k)})
    for name, known in _CONTACT.items():
        yield Answer((name,), text(values.get(name), name), known)
    for key, value in values.items():
        found = _QUESTION.fullmatch(key)
        if found is None:
            continue
        asked = questions.get(found[1], {})
        name = text(asked.get("questionName"), "questionName")
        title = text(asked.get("questionLabel"), "questionLabel")
        known = _known(asked, written=found[2] is not None)
        yield Answer((key, found[1], name, title), value, known, labels.get(key))


def _known(asked: Json, *, written: bool) -> Question:
    """What a question measures when the options do not say.

    A choice or a matrix may ask anything (agreement, an age): it is read where the options name
    it, on the scale of its recode values.
    """
    kind = optional_section(asked, "questionType")
    if written or kind.get("type") == "TE":
        return TEXT
    if kind.get("selector") == "NPS":
        return answers.NPS
    return IGNORE._replace(scale=_recodes(asked))


def _recodes(asked: Json) -> Scale | None:
    """The lowest and highest recode value of the choices; None where they are no scale."""
    choices = optional_section(asked, "choices").values()
    told = [choice.get("recode") for choice in choices if isinstance(choice, dict)]
    found = {number(one, "recode") for one in told if one not in (None, "")}
    return (min(found), max(found)) if len(found) > 1 else None


def questions_of(answer: Json) -> Mapping[str, Json]:
    """question id -> question"""
    listed = optional_section(section(answer, "result"), "questions")
    return {key: value for key, value in listed.items() if isinstance(value, dict)}
