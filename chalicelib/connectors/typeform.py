"""Typeform (survey): completed responses.

Source: typeform.com/developers/webhooks/example-payload and /secure-your-webhooks, read 2026-11.
Signed: `sha256=` + base64 HMAC-SHA256 of the body. Times: ISO 8601, UTC. One response a delivery.

options.questions: what each question measures, by its ref or id:

    questions:
      recommend: nps                            # nps, csat, ces, stars, thumb, text or ignore
      delivery: {kind: csat, min: 1, max: 10}   # where the form does not tell its scale
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib import signatures
from chalicelib.connectors import record
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    language,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind

_SIGNATURE = "typeform-signature"
_KINDS = frozenset({*RatingKind, "text", "ignore"})
_SCALES: Mapping[str, tuple[float, float]] = {
    RatingKind.NPS: (0, 10),
    RatingKind.CSAT: (1, 5),
    RatingKind.CES: (1, 7),
    RatingKind.STARS: (1, 5),
    RatingKind.THUMB: (0, 1),
}
_TOUCHPOINT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMERIC = frozenset({"nps", "opinion_scale", "rating"})


class Question(NamedTuple):
    """What an answer measures; `scale` only for ratings."""

    kind: str
    scale: tuple[float, float] | None = None


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_body_base64(request.body, request.headers.get(_SIGNATURE), secrets)


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return request.with_headers(**{_SIGNATURE: signatures.sign_body_base64(request.body, secret)})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One response is one event: its ratings, and its open answers as one text."""
    body = json_body(request)
    kind = text(body.get("event_type"), "event_type")
    if kind != "form_response":
        # The complete response follows a partial one under the same token.
        raise Skipped(f"typeform event {kind[:60]!r}")
    response = section(body, "form_response")
    fields = _fields(optional_section(response, "definition"))
    chosen = _chosen(source)
    ratings: list[Rating] = []
    texts: list[str] = []
    for answer in sections(response, "answers"):
        _read_answer(answer, fields, chosen, ratings, texts)
    if not ratings and not texts:
        raise Skipped("typeform response without a rating or an open answer")
    hidden = optional_section(response, "hidden")
    token = identifier(response.get("token"), "form_response.token")
    values = {
        "event_id": identifier(body.get("event_id"), "event_id"),
        "interaction_id": token,
        "message_id": "answers",
        "kind": EventKind.RATING if ratings else EventKind.MESSAGE,
        "occurred_at": iso_time(response.get("submitted_at"), "form_response.submitted_at"),
        "text": "\n\n".join(texts),
        "ratings": tuple(ratings),
        "language": language(hidden.get("lang", hidden.get("language")), "hidden.lang"),
        "customer": _customer(response, hidden),
        **_touchpoint(hidden),
    }
    return [record.event(source, Channel.SURVEY, **values)]


def _read_answer(
    answer: Json,
    fields: Mapping[str, Json],
    chosen: Mapping[str, Question],
    ratings: list[Rating],
    texts: list[str],
) -> None:
    field = optional_section(answer, "field")
    field_id = optional_identifier(field.get("id"), "answer.field.id") or ""
    ref = optional_identifier(field.get("ref"), "answer.field.ref") or ""
    kind = text(answer.get("type"), "answer.type")
    asked = fields.get(field_id, field)
    question = chosen.get(ref) or chosen.get(field_id) or _guess(kind, field, asked)
    where = f"answer to {ref or field_id or 'a question'}"
    if question.kind == "text":
        words = text(answer.get("text"), where)
        if words:
            texts.append(words)
    elif question.scale is not None:
        value = answer.get("number", answer.get("boolean"))
        value = int(value) if isinstance(value, bool) else number(value, where)
        ratings.append(
            record.rating(RatingKind(question.kind), value, question.scale, where, ref or field_id)
        )


def _guess(kind: str, field: Json, asked: Json) -> Question:
    """What a question measures when the options do not say."""
    if kind == "text":
        return Question("text")
    field_type = text(field.get("type"), "field.type") or text(asked.get("type"), "field.type")
    if kind != "number" or field_type not in _NUMERIC:
        return Question("ignore")  # a plain number may be anything: an order, an age
    if field_type == "nps":
        return Question(RatingKind.NPS, (0, 10))
    properties = optional_section(asked, "properties")
    given = properties.get("steps", 11 if field_type == "opinion_scale" else 5)
    steps = number(given, "properties.steps")
    if not 2 <= steps <= 11:
        raise Unreadable("properties.steps is not between 2 and 11")
    from_one = field_type == "rating" or properties.get("start_at_one") is True
    if steps == 11 and not from_one:
        return Question(RatingKind.NPS, (0, 10))
    return Question(RatingKind.CSAT, (1, steps) if from_one else (0, steps - 1))


def _fields(definition: Json) -> dict[str, Json]:
    found = {}
    for field in sections(definition, "fields"):
        field_id = optional_identifier(field.get("id"), "definition.fields.id")
        if field_id:
            found[field_id] = field
    return found


def _customer(response: Json, hidden: Json) -> str | None:
    email = text(hidden.get("email"), "hidden.email")
    phone = text(hidden.get("phone"), "hidden.phone")
    for answer in sections(response, "answers"):
        email = email or text(answer.get("email"), "answer.email")
        phone = phone or text(answer.get("phone_number"), "answer.phone_number")
    own_id = optional_identifier(hidden.get("customer_id"), "hidden.customer_id")
    return record.customer(email=email, phone=phone, own_id=own_id)


def _touchpoint(hidden: Json) -> dict[str, Any]:
    """The hidden field as a touchpoint id where it has that form, and always as a tag.

    It travels in the form's URL, where anybody can change it: who counts must still ask
    organisation.yaml whether it exists.
    """
    said = optional_identifier(hidden.get("touchpoint"), "hidden.touchpoint")
    if not said:
        return {}
    return {"touchpoint": said if _TOUCHPOINT.fullmatch(said) else None, "tags": (said,)}


def check(source: Source) -> None:
    """Raises Misconfigured when options.questions cannot be read."""
    _chosen(source)


def _chosen(source: Source) -> dict[str, Question]:
    questions = source.options.get("questions") or {}
    if not isinstance(questions, Mapping):
        raise Misconfigured(f"sources.{source.name}.options.questions must map a ref to its kind")
    return {str(ref): _question(source.name, str(ref), said) for ref, said in questions.items()}


def _question(name: str, ref: str, said: Any) -> Question:
    where = f"sources.{name}.options.questions.{ref}"
    settings = said if isinstance(said, Mapping) else {"kind": said}
    kind = str(settings.get("kind"))
    if kind not in _KINDS:
        raise Misconfigured(f"{where}: write one of {', '.join(sorted(_KINDS))}")
    if kind not in _SCALES:
        return Question(kind)
    low, high = _SCALES[kind]
    scale = (settings.get("min", low), settings.get("max", high))
    if not all(type(end) in (int, float) for end in scale) or not scale[0] < scale[1]:
        raise Misconfigured(f"{where}: min and max must be numbers, min below max")
    return Question(kind, scale)


CONNECTOR = Connector(
    name="typeform",
    title="Typeform",
    channel=Channel.SURVEY,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    # 404 and 410 disable the webhook at once: never sent. 408, 423, 429 and 503 are retried every
    # 2-3 minutes for 10 hours, other errors only five times: what we can mend is therefore 503.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    secret_hint="The secret that you set with the webhook: Connect > Webhooks > Edit > Secret",  # noqa: S106
)
