"""SurveyMonkey (survey): webhooks that hold ids only; the answers are fetched.

Source: github.com/SurveyMonkey/public_api_docs (includes/_webhooks.md, _responses.md,
_questions.md), read 2026-11. One event a delivery.
Signed: `Sm-Signature`, base64 HMAC-SHA1 of the body; the key is "<client id>&<client secret>".
Times: ISO 8601 with their zone. Bodies: application/vnd.surveymonkey.response.v1+json.

`fetch` of an event is "<survey id>/<response id>". A response's answers hold the ids of choices;
the survey's details hold their weights, which are the scale.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Reply, Request, Source
from chalicelib.connectors.parts import answers, record, survey_api
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
    Fetch,
    Page,
    Registration,
    bearer,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event

_SIGNATURE = "sm-signature"
_API = "https://api.surveymonkey.com"  # api.eu. and api.ca. for those data centres
_PAGE = 100  # the most that one call lists
_DELETED = "response_deleted"
#: `response_created` comes before the first answer, a disqualified respondent is no customer.
_ANSWERED = frozenset({"response_completed", "response_updated"})
_NO_CUSTOMERS = frozenset({"disqualified", "overquota"})
#: The weights of an NPS question's eleven choices: detractors, passives and promoters.
_NPS_WEIGHTS = frozenset({-100.0, 0.0, 100.0})
_ABOUT = {"email": Question("email"), "phone": Question("phone")}

Survey = Mapping[str, Json]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    header = signatures.signature_of(request.headers, _SIGNATURE)
    signatures.check_body_base64(request.body, header, secrets, algorithm="sha1", prefix="")


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signed = signatures.sign_body_base64(request.body, secret, algorithm="sha1", prefix="")
    return request.with_headers(**{_SIGNATURE: signed})


def new_secret() -> str:
    """A client id and a client secret as SurveyMonkey joins them."""
    return f"{random.token_hex(11)}&{random.token_hex(24)}"


def handshake(request: Request) -> Reply | None:
    """The HEAD request, without a signature, when a webhook is created: it must get 200."""
    return Reply(200) if request.method == "HEAD" else None


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One delivery: a response to fetch, or its erasure."""
    body = json_body(request)
    kind = text(body.get("event_type"), "event_type")
    if kind != _DELETED and kind not in _ANSWERED:
        raise Skipped(f"surveymonkey event {kind[:60]!r}")
    response_id = identifier(body.get("object_id"), "object_id")
    values = {
        "event_id": identifier(body.get("event_id"), "event_id"),
        "interaction_id": response_id,
        "occurred_at": iso_time(body.get("event_datetime"), "event_datetime"),
    }
    if kind == _DELETED:
        return [record.erasure(source, Channel.SURVEY, erases=None, **values)]
    survey_id = identifier(section(body, "resources").get("survey_id"), "resources.survey_id")
    return [answers.waiting(source, f"{survey_id}/{response_id}", **values)]


# --- a response and its survey ------------------------------------------------------------------


def _event(response: Json, survey: Survey, source: Source, event_id: str | None = None) -> Event:
    """`event_id` of the delivery that named the response; a listed one is named by its change."""
    status = text(response.get("response_status"), "response_status")
    mode = text(response.get("collection_mode"), "collection_mode")
    if status in _NO_CUSTOMERS or mode.endswith("preview"):
        raise Skipped(f"surveymonkey response that is {status[:40]} ({mode[:40] or 'no mode'})")
    answers.finished_or_wanted(source, status != "partial")
    response_id = identifier(response.get("id"), "id")
    changed = iso_time(response.get("date_modified"), "date_modified")
    return answers.response(
        source,
        _answers(response, survey),
        event_id=event_id or f"{response_id}:{changed:%Y%m%dT%H%M%SZ}",
        interaction_id=response_id,
        occurred_at=changed,
    )


def _answers(response: Json, survey: Survey) -> Iterator[Answer]:
    yield from answers.hidden(optional_section(response, "custom_variables"))
    yield Answer(("custom_value",), text(response.get("custom_value"), "custom_value"))
    contact = optional_section(optional_section(response, "metadata"), "contact")
    yield Answer(("email",), _contact(contact, "email"), _ABOUT["email"])
    for page in sections(response, "pages"):
        for answered in sections(page, "questions"):
            question_id = identifier(answered.get("id"), "questions.id")
            asked = survey.get(question_id, {})
            for one in sections(answered, "answers"):
                yield _answer(question_id, one, asked)


def _contact(contact: Json, name: str) -> str:
    """A value of the invited contact: {"type": "string", "value": …}, or the value itself."""
    value = contact.get(name)
    return text(value.get("value") if isinstance(value, dict) else value, f"contact.{name}")


def _answer(question_id: str, answer: Json, asked: Json) -> Answer:
    row_id = optional_identifier(answer.get("row_id"), "row_id") or ""
    choice_id = optional_identifier(answer.get("choice_id"), "choice_id")
    title = "".join(text(h.get("heading"), "heading") for h in sections(asked, "headings")[:1])
    rows = sections(optional_section(asked, "answers"), "rows")
    # Of a question of several rows every row is a rating of its own.
    own = f"{question_id}:{row_id}" if row_id and len(rows) > 1 else question_id
    names = (own, question_id, row_id, title)
    words = text(answer.get("text"), f"the text of question {question_id}")
    if choice_id is None:
        return Answer(names, words, _written(answer, asked, rows, row_id))
    choices = sections(optional_section(asked, "answers"), "choices")
    chosen = next((c for c in choices if str(c.get("id")) == choice_id), None)
    if chosen is None or chosen.get("is_na") is True:
        return Answer(names, None)
    label = text(chosen.get("text"), "choice.text")
    scale = _weights(choices)
    if scale is None or asked.get("family") != "matrix":
        return Answer(names, label)
    low, high = min(scale.values()), max(scale.values())
    known = answers.rated(low, high) if asked.get("subtype") == "rating" else IGNORE
    return Answer(names, scale.get(choice_id), known, label)


def _written(answer: Json, asked: Json, rows: Sequence[Json], row_id: str) -> Question:
    """What typed text is: the customer's words, who they are, or neither."""
    if answer.get("other_id") is not None:
        return TEXT  # the comment field of any question
    family = asked.get("family")
    if family == "demographic":
        row = next((row for row in rows if str(row.get("id")) == row_id), {})
        return _ABOUT.get(text(row.get("type"), "row.type"), IGNORE)
    display = optional_section(asked, "display_options").get("display_type")
    if family != "open_ended" or asked.get("subtype") == "numerical" or display:
        return IGNORE  # a date, a number, a slider, a file
    return TEXT


def _weights(choices: Sequence[Json]) -> dict[str, float] | None:
    """choice id -> its number on the scale; None where the choices are no scale.

    NPS questions weigh -100, 0 and 100: there the place is the number, 0 to 10.
    """
    scaled = [c for c in choices if c.get("weight") is not None and c.get("is_na") is not True]
    weights = {identifier(c.get("id"), "choice.id"): number(c["weight"], "weight") for c in scaled}
    if len(weights) == 11 and set(weights.values()) <= _NPS_WEIGHTS:
        scaled.sort(key=lambda choice: number(choice.get("position", 0), "position"))
        return {str(choice["id"]): float(place) for place, choice in enumerate(scaled)}
    return weights if len(set(weights.values())) > 1 else None


def _survey(details: Json) -> Survey:
    """question id -> question"""
    return {
        identifier(question.get("id"), "questions.id"): question
        for page in sections(details, "pages")
        for question in sections(page, "questions")
    }


# --- the API ------------------------------------------------------------------------------------


def _fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    survey_id, _, response_id = event.fetch.partition("/")
    if not survey_id or not response_id:
        raise Unreadable("the event names no survey and response to fetch")
    base = survey_api.address(source, _API)
    headers = bearer(survey_api.credential(source, credentials, "token"))
    place = survey_api.url(base, "v3", "surveys", survey_id, "responses", response_id, "details")
    response = json_of((yield Call(place, headers=headers)), "the survey response")
    place = survey_api.url(base, "v3", "surveys", survey_id, "details")
    survey = _survey(json_of((yield Call(place, headers=headers)), "the survey"))
    return [_event(response, survey, source, f"{response_id}:{event.event_id}")]


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """One hundred responses of one survey, by the time they were begun, which never changes."""
    index, rest = survey_api.place(source, cursor)
    page = survey_api.number_of(rest)
    survey_id = survey_api.forms(source)[index]
    base = survey_api.address(source, _API)
    headers = bearer(survey_api.credential(source, credentials, "token"))
    place = survey_api.url(base, "v3", "surveys", survey_id, "details")
    survey = _survey(json_of((yield Call(place, headers=headers)), "the survey"))
    place = survey_api.url(
        base, "v3", "surveys", survey_id, "responses", "bulk", page=page, per_page=_PAGE,
        start_created_at=survey_api.seconds(since), end_created_at=survey_api.seconds(until),
    )  # fmt: skip
    listed = json_of((yield Call(place, headers=headers)), "the survey responses")
    found = []
    for response in sections(listed, "data"):
        begun = iso_time(response.get("date_created"), "date_created")
        try:
            event = _event(response, survey, source)
        except Skipped:
            continue
        if since <= begun < until:
            found.append(event)
    if optional_section(listed, "links").get("next"):
        return Page(found, survey_api.cursor(source, index, page + 1))
    return Page(found, survey_api.cursor(source, index + 1))


def _register(url: str, source: Source, credentials: Credentials, _: str) -> Dialogue[str]:
    """One webhook for each event type; the one of that name is changed where it exists.

    The key is the app's own: its client id and secret.
    """
    base = survey_api.address(source, _API)
    headers = bearer(survey_api.credential(source, credentials, "token"))
    client = survey_api.credential(source, credentials, "client_id")
    key = f"{client}&{survey_api.credential(source, credentials, 'client_secret')}"
    kinds = ["response_completed", _DELETED]
    if answers.unfinished(source):
        kinds.append("response_updated")
    webhooks = survey_api.url(base, "v3", "webhooks")
    listing = survey_api.url(base, "v3", "webhooks", per_page=_PAGE)
    there = sections(json_of((yield Call(listing, headers=headers)), "the webhooks"), "data")
    for kind in kinds:
        body = {
            "name": f"{source.name} {kind}",
            "event_type": kind,
            "object_type": "survey",
            "object_ids": list(survey_api.forms(source)),
            "subscription_url": url,
        }
        old = next((w for w in there if w.get("name") == body["name"]), None)
        if old is None:
            call = json_call(webhooks, "POST", headers, body)
        else:
            place = survey_api.url(webhooks, identifier(old.get("id"), "webhooks.id"))
            call = json_call(place, "PATCH", headers, body)
        checked((yield call), f"the webhook of {kind}")
    return key


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, *survey_api.OPTIONS)
    survey_api.check(source, _API)


CONNECTOR = Connector(
    name="surveymonkey",
    title="SurveyMonkey",
    channel=Channel.SURVEY,
    verify=verify,
    events=events,
    sign=sign,
    handshake=handshake,
    check=check,
    new_secret=new_secret,
    # What lasting errors do to the webhook is not documented: what we can mend asks for a retry.
    status={Outcome.SKIPPED: 200, Outcome.UNREADABLE: 200, Outcome.MISCONFIGURED: 503},
    secret_hint="developer.surveymonkey.com > My Apps > the app: <Client ID>&<Secret>, joined by &",  # noqa: S106
    fetch=Fetch(_fetch, ("token",), calls_per_minute=120),
    backfill=Backfill(_page, ("token",), calls_per_minute=120),
    registration=Registration(_register, ("token", "client_id", "client_secret")),
)
