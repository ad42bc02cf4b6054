"""Qualtrics' API: responses fetched, or exported week by week, event subscriptions created.

Source: api.qualtrics.com (retrieve a response, get survey, start response export, get its progress,
get its file, create subscription), read 2026-11.

An export is asked for, awaited and downloaded. Each page of a backfill is one step of that, and
its cursor says which: [form, week, export id, how often it was asked].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import survey_api
from chalicelib.connectors.parts.reading import Json, identifier, section, sections, text
from chalicelib.connectors.qualtrics_answers import event_of, questions_of
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    Registration,
    checked,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Retryable, Skipped, Unreadable
from chalicelib.interaction import Event

_CALLS_PER_MINUTE = 30  # so that a progress is asked every other second
_MOST_QUESTIONS = 900  # half an hour for one export
_WEEK = timedelta(days=7)
_TOPIC = "surveyengine.completedResponse."


def _api(source: Source, credentials: Credentials) -> tuple[str, dict[str, str]]:
    """(base address with its version, headers) of this source's data centre."""
    token = survey_api.credential(source, credentials, "token")
    headers = {"x-api-token": token, "accept": "application/json"}
    return survey_api.address(source) + "/API/v3", headers


def _fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    survey_id, _, response_id = event.fetch.partition("/")
    if not survey_id or not response_id:
        raise Unreadable("the event names no survey and response to fetch")
    base, headers = _api(source, credentials)
    place = survey_api.url(base, "surveys", survey_id, "responses", response_id)
    response = json_of((yield Call(place, headers=headers)), "the survey response")
    place = survey_api.url(base, "surveys", survey_id)
    questions = questions_of(json_of((yield Call(place, headers=headers)), "the survey"))
    event_id = f"{event.event_id}:answers"[:255]
    return [event_of(section(response, "result"), questions, source, event_id)]


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """One step of the export of one survey's week of responses, by the time they were recorded."""
    index, rest = survey_api.place(source, cursor)
    week, export, asked = _rest(source, rest)
    start = since + week * _WEEK
    end = min(start + _WEEK, until)
    base, headers = _api(source, credentials)
    survey_id = survey_api.forms(source)[index]
    exports = survey_api.url(base, "surveys", survey_id, "export-responses")
    if start >= end:
        return Page([], survey_api.cursor(source, index + 1))
    if not export:
        # startDate is exclusive or not, depending on the reader: `_within` has the last word.
        wanted = {
            "format": "json",
            "compress": False,
            "startDate": survey_api.seconds(start - timedelta(seconds=1)),
            "endDate": survey_api.seconds(end),
        }
        begun = json_of((yield json_call(exports, "POST", headers, wanted)), "the export")
        export = identifier(section(begun, "result").get("progressId"), "progressId")
        return Page([], survey_api.cursor(source, index, week, export, 0))
    if asked >= _MOST_QUESTIONS:
        raise Retryable(f"the export of {survey_id} takes too long; start the backfill again")
    progress = json_of((yield Call(f"{exports}/{export}", headers=headers)), "the export")
    file_id = _file(section(progress, "result"))
    if file_id is None:
        return Page([], survey_api.cursor(source, index, week, export, asked + 1))
    file = json_of((yield Call(f"{exports}/{file_id}/file", headers=headers)), "the export's file")
    place = survey_api.url(base, "surveys", survey_id)
    questions = questions_of(json_of((yield Call(place, headers=headers)), "the survey"))
    found = _within(sections(file, "responses"), questions, source, start, end)
    if end < until:
        return Page(found, survey_api.cursor(source, index, week + 1, "", 0))
    return Page(found, survey_api.cursor(source, index + 1))


def _rest(source: Source, rest: Sequence[Any]) -> tuple[int, str, int]:
    """(week, export id, how often asked) of a cursor's parts."""
    if not rest:
        return 0, "", 0
    if [type(part) for part in rest] != [int, str, int] or not 0 <= rest[0] <= 5000:
        raise Misconfigured(f"sources.{source.name}: the backfill's cursor is not ours")
    return rest[0], quote(rest[1], safe=""), rest[2]


def _file(progress: Json) -> str | None:
    """The finished export's file; None while it is made."""
    status = text(progress.get("status"), "status")
    if status == "failed":
        raise Retryable("Qualtrics could not make the export; start the backfill again")
    if status != "complete":
        return None
    return quote(identifier(progress.get("fileId"), "fileId"), safe="")


def _within(
    responses: Sequence[Json],
    questions: Mapping[str, Json],
    source: Source,
    since: datetime,
    until: datetime,
) -> list[Event]:
    found = []
    for response in responses:
        try:
            event = event_of(response, questions, source)
        except Skipped:
            continue
        if since <= event.occurred_at < until:
            found.append(event)
    return found


def _register(url: str, source: Source, credentials: Credentials, secret: str) -> Dialogue[str]:
    """A subscription for each survey with our key; the old one is replaced, its key is unknown."""
    base, headers = _api(source, credentials)
    place = survey_api.url(base, "eventsubscriptions")
    listed = json_of((yield Call(place, headers=headers)), "the subscriptions")
    old = sections(section(listed, "result"), "elements")
    for survey_id in survey_api.forms(source):
        topic = _TOPIC + survey_id
        for one in old:
            if one.get("publicationUrl") == url and str(one.get("topics")).endswith(topic):
                gone = survey_api.url(place, identifier(one.get("id"), "subscription.id"))
                checked((yield Call(gone, "DELETE", headers)), "the old subscription")
        body = {"topics": topic, "publicationUrl": url, "encrypt": False, "sharedKey": secret}
        checked((yield json_call(place, "POST", headers, body)), "the subscription")
    return secret


FETCH = Fetch(_fetch, ("token",), calls_per_minute=120)
BACKFILL = Backfill(_page, ("token",), _CALLS_PER_MINUTE)
REGISTRATION = Registration(_register, ("token",))
