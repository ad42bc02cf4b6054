"""Tally (survey): form responses, pushed or listed.

Source: tally.so/help/webhooks and developers.tally.so (listing submissions, creating webhooks),
read 2026-11. One response a delivery.
Signed: `Tally-Signature`, base64 HMAC-SHA256 of the body. Times: ISO 8601, UTC.

Tally does not tell the scale of a rating or a linear scale: options.questions must, or the
response is kept as unreadable until they do, for a guess would be a false number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import answers, record, survey_api
from chalicelib.connectors.parts.answers import IGNORE, TEXT, Answer, Question
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    optional_identifier,
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
from chalicelib.interaction import Channel, Event

_SIGNATURE = "tally-signature"
_API = "https://api.tally.so"
_PAGE = 500  # the most that one call lists
_KEY = "question_"  # webhooks write it before the id of the API
_SCALES = frozenset({"RATING", "LINEAR_SCALE"})
_KNOWN: Mapping[str, Question] = {
    "INPUT_TEXT": TEXT,
    "TEXTAREA": TEXT,
    "INPUT_EMAIL": Question("email"),
    "INPUT_PHONE_NUMBER": Question("phone"),
}


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signatures.check_body_base64(
        request.body, signatures.signature_of(request.headers, _SIGNATURE), secrets, prefix=""
    )


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signed = signatures.sign_body_base64(request.body, secret, prefix="")
    return request.with_headers(**{_SIGNATURE: signed})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One response is one event; a form is submitted once, so that its id is its identity."""
    body = json_body(request)
    kind = text(body.get("eventType"), "eventType")
    if kind != "FORM_RESPONSE":
        raise Skipped(f"tally event {kind[:60]!r}")
    data = section(body, "data")
    told = frozenset(answers.told(source))
    return [
        _event(
            source,
            [answer for field in sections(data, "fields") for answer in _field(field, told)],
            submission=data.get("submissionId") or data.get("responseId"),
            respondent=data.get("respondentId"),
            at=data.get("createdAt"),
        )
    ]


def _event(
    source: Source,
    given: Sequence[Answer],
    *,
    submission: object,
    respondent: object,
    at: object,
    whole: bool = True,
) -> Event:
    submission_id = identifier(submission, "submissionId")
    return answers.response(
        source,
        given,
        event_id=submission_id if whole else f"partial:{submission_id}"[:255],
        interaction_id=submission_id,
        occurred_at=iso_time(at, "createdAt"),
        customer=record.customer(
            vendor="tally", vendor_id=optional_identifier(respondent, "respondentId")
        ),
    )


def _field(field: Json, told: frozenset[str]) -> Iterator[Answer]:
    """The answer of one field of a webhook; its choices are ids of its `options`."""
    key = optional_identifier(field.get("key"), "key") or ""
    kind = text(field.get("type"), "type")
    label = text(field.get("label"), "label")
    value = field.get("value")
    if kind == "HIDDEN_FIELDS":
        yield from answers.hidden({label: value})
        return
    options = {one.get("id"): one.get("text") for one in _options(field)}
    if options:
        chosen = value if isinstance(value, list) else [value]
        value = [options[one] for one in chosen if isinstance(one, str) and one in options]
    yield _answer(key, label, kind, value, told)


def _options(field: Json) -> Sequence[Json]:
    return [one for one in sections(field, "options") if isinstance(one.get("id"), str)]


def _answer(key: str, label: str, kind: str, value: object, told: frozenset[str]) -> Answer:
    """`told` are the names of options.questions; a scale outside them is Unreadable."""
    answer = Answer((key, key.removeprefix(_KEY), label), value, _KNOWN.get(kind, IGNORE))
    if kind in _SCALES and value is not None and told.isdisjoint(answer.names):
        raise Unreadable(
            f"Tally tells no scale of {key[:60]} ({kind}); name it in options.questions: "
            "{kind: csat, min: 1, max: 5}, or ignore"
        )
    return answer


# --- the API ------------------------------------------------------------------------------------


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Five hundred submissions of one form; the cursor holds the last one's id."""
    index, rest = survey_api.place(source, cursor)
    form = survey_api.forms(source)[index]
    headers = bearer(survey_api.credential(source, credentials, "api_key"))
    place = survey_api.url(
        survey_api.address(source, _API), "forms", form, "submissions", limit=_PAGE,
        filter="all" if answers.unfinished(source) else "completed",
        startDate=survey_api.seconds(since), endDate=survey_api.seconds(until),
        afterId=rest[0] if rest else None,
    )  # fmt: skip
    listed = json_of((yield Call(place, headers=headers)), "the submissions")
    asked = {str(one.get("id")): one for one in sections(listed, "questions")}
    submissions = sections(listed, "submissions")
    found = []
    for one in submissions:
        try:
            event = _listed(one, asked, source)
        except Skipped:
            continue
        if since <= event.occurred_at < until:
            found.append(event)
    if listed.get("hasMore") is True and submissions:
        last = identifier(submissions[-1].get("id"), "submissions.id")
        return Page(found, survey_api.cursor(source, index, last))
    return Page(found, survey_api.cursor(source, index + 1))


def _listed(submission: Json, asked: Mapping[str, Json], source: Source) -> Event:
    whole = submission.get("isCompleted") is not False
    answers.finished_or_wanted(source, whole)
    given: list[Answer] = []
    told = frozenset(answers.told(source))
    respondent: object = submission.get("respondentId")
    for one in sections(submission, "responses"):
        respondent = respondent or one.get("respondentId")
        question_id = identifier(one.get("questionId"), "questionId")
        question = asked.get(question_id, {})
        kind = text(question.get("type"), "question.type")
        value = one.get("answer")
        if isinstance(value, dict):  # hidden fields, a matrix, files
            given += answers.hidden(value) if kind == "HIDDEN_FIELDS" else []
            continue
        title = text(question.get("title"), "question.title")
        given.append(_answer(_KEY + question_id, title, kind, value, told))
    return _event(
        source,
        given,
        submission=submission.get("id"),
        respondent=respondent,
        at=submission.get("submittedAt") or submission.get("createdAt"),
        whole=whole,
    )


def _register(url: str, source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """A webhook for each form with our secret; the one of that form and URL is changed."""
    headers = bearer(survey_api.credential(source, credentials, "api_key"))
    place = survey_api.url(survey_api.address(source, _API), "webhooks")
    there = sections(json_of((yield Call(place, headers=headers)), "the webhooks"), "webhooks")
    for form in survey_api.forms(source):
        body = {
            "formId": form,
            "url": url,
            "signingSecret": secret,
            "eventTypes": ["FORM_RESPONSE"],
        }
        old = next((w for w in there if w.get("url") == url and w.get("formId") == form), None)
        if old is None:
            call = json_call(place, "POST", headers, body)
        else:
            one = survey_api.url(place, identifier(old.get("id"), "webhooks.id"))
            call = json_call(one, "PATCH", headers, {**body, "isEnabled": True})
        checked((yield call), "the webhook")
    return secret


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, *survey_api.OPTIONS)
    survey_api.check(source, _API)


CONNECTOR = Connector(
    name="tally",
    title="Tally",
    channel=Channel.SURVEY,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    # Anything but 2xx is sent again five times in a day and a half: what we can mend is 503.
    status={Outcome.MISCONFIGURED: 503},
    retries="Without 2xx within 10 seconds again after 5 minutes, 30 minutes, 1, 6 and 24 hours.",
    secret_hint="Integrations > Webhooks > the webhook > Signing secret",  # noqa: S106
    backfill=Backfill(_page, ("api_key",), calls_per_minute=90),
    registration=Registration(_register, ("api_key",)),
)
