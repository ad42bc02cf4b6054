"""Delighted (survey): one score, a comment, and further answers.

Source: app.delighted.com/docs/api (listing survey responses, webhooks), and
zulip/zulip `zerver/webhooks/delighted/fixtures`, read 2026-11. One event a delivery.
Signed: `X-Delighted-Webhook-Signature: sha256=` hex HMAC-SHA256 of the body; the key is the
project's API key. Times: Unix seconds. A response is told again after each of its steps: the
score, the comment, the further answers.

A project has one type of survey. Where neither the payload (`survey_type`) nor the options
(`questions: {score: csat}`) name it, it is NPS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import answers, record, survey_api
from chalicelib.connectors.parts.answers import IGNORE, NPS, TEXT, Answer, Question
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    json_body,
    language,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
    unix_time,
)
from chalicelib.connectors.vendor_api import Backfill, Call, Credentials, Dialogue, Page, basic
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, RatingKind

_SIGNATURE = "x-delighted-webhook-signature"
_API = "https://api.delighted.com"
_PAGE = 100  # the most that one call lists
_EVENTS = frozenset({"survey_response.created", "survey_response.updated"})
_TYPES: Mapping[str, Question] = {
    "nps": NPS,
    "enps": NPS,
    "csat": Question(RatingKind.CSAT, (1, 5)),
    "csat3": Question(RatingKind.CSAT, (1, 3)),
    "ces": Question(RatingKind.CES, (1, 5)),
    "ces7": Question(RatingKind.CES, (1, 7)),
    "stars_five": Question(RatingKind.STARS, (1, 5)),
    "smileys": Question(RatingKind.CSAT, (1, 5)),
    "thumbs": Question(RatingKind.THUMB, (0, 1)),
}


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    header = signatures.signature_of(request.headers, _SIGNATURE)
    signatures.check_body_hex(request.body, header, secrets, algorithm="sha256")


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signed = signatures.sign_body_hex(request.body, secret, algorithm="sha256")
    return request.with_headers(**{_SIGNATURE: signed})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One state of a response is one event; the newest replaces the others."""
    body = json_body(request)
    kind = text(body.get("event_type"), "event_type")
    if kind not in _EVENTS:
        raise Skipped(f"delighted event {kind[:60]!r}")
    event_id = identifier(body.get("event_id"), "event_id")
    return [_event(section(body, "event_data"), source, event_id)]


def _event(response: Json, source: Source, event_id: str | None = None) -> Event:
    """`event_id` of the delivery; a listed response is named by its last change."""
    response_id = identifier(response.get("id"), "id")
    changed = unix_time(response.get("updated_at") or response.get("created_at"), "updated_at")
    person = _person(response)
    properties = optional_section(response, "person_properties")
    locale = properties.get("locale") or person.get("locale")
    return answers.response(
        source,
        _answers(response, person, properties),
        event_id=event_id or f"{response_id}:{int(changed.timestamp())}",
        interaction_id=response_id,
        occurred_at=changed,
        language=language(locale, "locale") if isinstance(locale, str) else None,
        customer=record.customer(
            vendor="delighted",
            vendor_id=optional_identifier(person.get("id"), "person.id"),
        ),
        tags=_tags(response),
    )


def _person(response: Json) -> Json:
    """The person, or only their id where the list was asked without them."""
    person = response.get("person")
    return section(response, "person") if isinstance(person, dict) else {"id": person}


def _answers(response: Json, person: Json, properties: Json) -> Iterator[Answer]:
    yield from answers.hidden(properties)
    yield Answer(("email",), text(person.get("email"), "person.email"), Question("email"))
    phone = text(person.get("phone_number"), "person.phone_number")
    yield Answer(("phone",), phone, Question("phone"))
    kind = text(response.get("survey_type"), "survey_type").lower()
    # A survey of an untold type has no scale of its own: the options' kind brings its usual one.
    known = _TYPES.get(kind, IGNORE) if kind else Question(RatingKind.NPS)
    yield Answer(("score",), response.get("score"), known)
    yield Answer(("comment",), text(response.get("comment"), "comment"), TEXT)
    for one in sections(response, "additional_answers"):
        asked = optional_section(one, "question")
        question_id = optional_identifier(asked.get("id"), "question.id") or ""
        title = text(asked.get("text"), "question.text")
        kind = text(asked.get("type"), "question.type")
        known = TEXT if kind == "free_response" else IGNORE
        yield Answer((question_id, title), _value(one.get("value"), kind), known)


def _value(value: object, kind: str) -> object:
    """The value of {"scale": 4}, {"select_one": {"text": …}}, {"select_many": [{"text": …}]}."""
    if isinstance(value, dict):
        value = value.get(kind)
    if isinstance(value, dict):
        return text(value.get("text"), "value.text")
    if isinstance(value, list):
        return [one.get("text") if isinstance(one, dict) else one for one in value]
    return value


def _tags(response: Json) -> tuple[str, ...]:
    """The tags that the company put on the response: texts, or objects with a name."""
    listed = response.get("tags")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        raise Unreadable("tags should be a list")
    names = (one.get("name") if isinstance(one, dict) else one for one in listed)
    return tuple(found for one in names if (found := optional_identifier(one, "tags")))


# --- the API ------------------------------------------------------------------------------------


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """One hundred responses of the project, oldest first."""
    number = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 9 else 1
    headers = basic(survey_api.credential(source, credentials, "api_key"), "")
    place = survey_api.url(
        survey_api.address(source, _API), "v1", "survey_responses.json", page=number,
        per_page=_PAGE, order="asc", since=int(since.timestamp()), until=int(until.timestamp()),
        **{"expand[]": "person"},
    )  # fmt: skip
    listed = survey_api.listed((yield Call(place, headers=headers)), "the survey responses")
    found = []
    for response in listed:
        begun = unix_time(response.get("created_at"), "created_at")
        if since <= begun < until:
            try:
                found.append(_event(response, source))
            except Skipped:
                continue
    return Page(found, str(number + 1) if len(listed) >= _PAGE else None)


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, "api")
    survey_api.check(source, _API)


CONNECTOR = Connector(
    name="delighted",
    title="Delighted",
    channel=Channel.SURVEY,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    # What a lasting error does to the webhook is not documented.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200, Outcome.MISCONFIGURED: 503},
    secret_hint="Settings > API: the project's API key, which signs its webhooks",  # noqa: S106
    backfill=Backfill(_page, ("api_key",), calls_per_minute=60),
)
