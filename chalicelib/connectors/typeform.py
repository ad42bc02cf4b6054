"""Typeform (survey): responses, pushed or listed.

Source: typeform.com/developers/webhooks/example-payload, /secure-your-webhooks and
/responses/reference/retrieve-responses, read 2026-11.
Signed: `sha256=` + base64 HMAC-SHA256 of the body. Times: ISO 8601, UTC. One response a delivery.

options.questions (see answers.py) names a question by its ref, id or title. options.forms and
options.api (https://api.eu.typeform.com for European data) are for backfill and registration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import answers, survey_api
from chalicelib.connectors.parts.answers import IGNORE, TEXT, Answer, Question
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    Registration,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, RatingKind

_SIGNATURE = "typeform-signature"
_API = "https://api.typeform.com"
_PAGE = 1000  # the most that one call lists
_NUMERIC = frozenset({"nps", "opinion_scale", "rating"})
_EVENTS = ("form_response", "form_response_partial")


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_body_base64(
        request.body, signatures.signature_of(request.headers, _SIGNATURE), secrets
    )


def sign(request: Request, secret: str, _now: datetime) -> Request:
    return request.with_headers(**{_SIGNATURE: signatures.sign_body_base64(request.body, secret)})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One response is one event: its ratings, and its open answers as one text.

    A complete response happens once, so that its token is its identity, pushed or listed. A
    partial one may come several times, each with its own event_id.
    """
    body = json_body(request)
    kind = text(body.get("event_type"), "event_type")
    if kind not in _EVENTS or (kind == _EVENTS[1] and not answers.unfinished(source)):
        # The complete response follows a partial one under the same token.
        raise Skipped(f"typeform event {kind[:60]!r}")
    response = section(body, "form_response")
    token = identifier(response.get("token"), "form_response.token")
    delivery = identifier(body.get("event_id"), "event_id")
    fields = _fields(optional_section(response, "definition"))
    complete = kind == _EVENTS[0]
    return [_event(response, fields, source, token if complete else f"partial:{delivery}")]


def _event(response: Json, fields: Mapping[str, Json], source: Source, event_id: str) -> Event:
    at = response.get("submitted_at") or response.get("landed_at")  # partial: never submitted
    return answers.response(
        source,
        [
            *answers.hidden(optional_section(response, "hidden")),
            *(_answer(one, fields) for one in sections(response, "answers")),
        ],
        event_id=event_id,
        interaction_id=identifier(response.get("token"), "form_response.token"),
        occurred_at=iso_time(at, "form_response.submitted_at"),
    )


def _answer(answer: Json, fields: Mapping[str, Json]) -> Answer:
    field = optional_section(answer, "field")
    field_id = optional_identifier(field.get("id"), "answer.field.id") or ""
    ref = optional_identifier(field.get("ref"), "answer.field.ref") or ""
    kind = text(answer.get("type"), "answer.type")
    asked = fields.get(field_id, field)
    title = text(asked.get("title"), "field.title")
    return Answer((ref, field_id, title), _value(answer, kind), _known(kind, field, asked))


def _value(answer: Json, kind: str) -> object:
    if kind == "choice":
        chosen = optional_section(answer, "choice")
        return text(chosen.get("label") or chosen.get("other"), "choice.label")
    if kind == "choices":
        chosen = optional_section(answer, "choices")
        labels = chosen.get("labels")
        return [*(labels if isinstance(labels, list) else []), chosen.get("other")]
    return answer.get(kind)


def _known(kind: str, field: Json, asked: Json) -> Question:
    """What a question measures when the options do not say."""
    if kind == "text":
        return TEXT
    if kind in ("email", "phone_number"):
        return Question(kind.removesuffix("_number"))
    field_type = text(field.get("type"), "field.type") or text(asked.get("type"), "field.type")
    if kind != "number" or field_type not in _NUMERIC:
        return IGNORE  # a plain number may be anything: an order, an age
    if field_type == "nps":
        return answers.NPS
    properties = optional_section(asked, "properties")
    given = properties.get("steps", 11 if field_type == "opinion_scale" else 5)
    steps = number(given, "properties.steps")
    if not 2 <= steps <= 11:
        raise Unreadable("properties.steps is not between 2 and 11")
    if field_type == "rating":
        return Question(RatingKind.CSAT, (1, steps))
    from_one = properties.get("start_at_one") is True
    return answers.rated(1, steps) if from_one else answers.rated(0, steps - 1)


def _fields(definition: Json) -> dict[str, Json]:
    """field id -> field; those inside groups too."""
    return {
        field_id: field
        for field in _flat(definition)
        if (field_id := optional_identifier(field.get("id"), "definition.fields.id"))
    }


def _flat(definition: Json) -> Iterator[Json]:
    for field in sections(definition, "fields"):
        yield field
        yield from sections(optional_section(field, "properties"), "fields")


# --- the API ------------------------------------------------------------------------------------


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """One thousand responses of one form, newest first; the cursor holds the last token."""
    index, rest = survey_api.place(source, cursor)
    form = survey_api.forms(source)[index]
    base = survey_api.address(source, _API)
    headers = bearer(survey_api.credential(source, credentials, "token"))
    definition = json_of(
        (yield Call(survey_api.url(base, "forms", form), headers=headers)), "the form"
    )
    # since and until are to the second and inclusive; `_within` has the last word.
    window = {"since": survey_api.seconds(since), "until": survey_api.seconds(until)}
    kinds = "completed,partial" if answers.unfinished(source) else "completed"
    listing = survey_api.url(
        base, "forms", form, "responses", page_size=_PAGE, **window, response_type=kinds,
        before=rest[0] if rest else None,
    )  # fmt: skip
    items = sections(json_of((yield Call(listing, headers=headers)), "the responses"), "items")
    found = _within(items, _fields(definition), source, since, until)
    if len(items) < _PAGE:
        return Page(found, survey_api.cursor(source, index + 1))
    return Page(found, survey_api.cursor(source, index, _token(items[-1])))


def _token(item: Json) -> str:
    return identifier(item.get("token"), "items.token")


def _within(
    items: Sequence[Json],
    fields: Mapping[str, Json],
    source: Source,
    since: datetime,
    until: datetime,
) -> list[Event]:
    found = []
    for item in items:
        partial = item.get("response_type") == "partial"
        event_id = f"partial:{_token(item)}" if partial else _token(item)
        try:
            event = _event(item, fields, source, event_id)
        except Skipped:
            continue
        if since <= event.occurred_at < until:
            found.append(event)
    return found


def _register(url: str, source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """PUT creates the webhook or changes the one of that tag, so that it can be repeated."""
    headers = bearer(survey_api.credential(source, credentials, "token"))
    base = survey_api.address(source, _API)
    wanted = {"form_response": True, "form_response_partial": answers.unfinished(source)}
    body = {
        "url": url,
        "enabled": True,
        "secret": secret,
        "verify_ssl": True,
        "event_types": wanted,
    }
    for form in survey_api.forms(source):
        place = survey_api.url(base, "forms", form, "webhooks", source.name)
        checked((yield json_call(place, "PUT", headers, body)), "the webhook")
    return secret


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, *survey_api.OPTIONS)
    survey_api.check(source, _API)


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
    retries="408, 423, 429 and 503 every 2-3 minutes for 10 hours, other errors five times; "
    "404 and 410 disable the webhook at once.",
    secret_hint="The secret that you set with the webhook: Connect > Webhooks > Edit > Secret",  # noqa: S106
    backfill=Backfill(_page, ("token",), calls_per_minute=120),
    registration=Registration(_register, ("token",)),
)
