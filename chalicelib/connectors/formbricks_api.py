"""Formbricks' Management API, version 1: responses fetched and listed, webhooks created.

Source: formbricks/formbricks `apps/web/app/api/v1/management` and `/webhooks`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.connectors.base import Source
from chalicelib.connectors.formbricks_answers import event_of, survey_of
from chalicelib.connectors.parts import answers, survey_api
from chalicelib.connectors.parts.reading import Json, iso_time, section, sections, text
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Fetch,
    Page,
    Registration,
    json_call,
    json_of,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Event

CLOUD = "https://app.formbricks.com"
_PAGE = 100


def _api(source: Source, credentials: Credentials) -> tuple[str, dict[str, str]]:
    """(base address, headers); a self-hosted one is told by options.api."""
    key = survey_api.credential(source, credentials, "api_key")
    headers = {"x-api-key": key, "accept": "application/json"}
    return survey_api.address(source, CLOUD) + "/api/v1", headers


def _fetch(event: Event, source: Source, credentials: Credentials) -> Dialogue[Sequence[Event]]:
    survey_id, _, response_id = event.fetch.partition("/")
    if not survey_id or not response_id:
        raise Unreadable("the event names no survey and response to fetch")
    base, headers = _api(source, credentials)
    place = survey_api.url(base, "management", "responses", response_id)
    response = section(json_of((yield Call(place, headers=headers)), "the response"), "data")
    place = survey_api.url(base, "management", "surveys", survey_id)
    survey = section(json_of((yield Call(place, headers=headers)), "the survey"), "data")
    event_id = event.event_id.removesuffix(":waiting")
    return [event_of(response, survey_of(survey), source, event_id)]


def _page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """One hundred responses of one survey, newest first: it ends with those begun before `since`.

    What arrives meanwhile moves the others back, so that some may be listed twice and none missed.
    """
    index, rest = survey_api.place(source, cursor)
    number = survey_api.number_of(rest)
    base, headers = _api(source, credentials)
    survey_id = survey_api.forms(source)[index]
    place = survey_api.url(base, "management", "surveys", survey_id)
    survey = section(json_of((yield Call(place, headers=headers)), "the survey"), "data")
    skip = (number - 1) * _PAGE
    place = survey_api.url(
        base, "management", "responses", surveyId=survey_id, limit=_PAGE, skip=skip
    )
    listed = sections(json_of((yield Call(place, headers=headers)), "the responses"), "data")
    found, begun = _within(listed, survey, source, since, until)
    if len(listed) < _PAGE or begun < since:
        return Page(found, survey_api.cursor(source, index + 1))
    return Page(found, survey_api.cursor(source, index, number + 1))


def _within(
    listed: Sequence[Json], survey: Json, source: Source, since: datetime, until: datetime
) -> tuple[list[Event], datetime]:
    """(the events of responses begun in the window, when the earliest was begun)"""
    questions = survey_of(survey)
    found, earliest = [], until
    for response in listed:
        begun = iso_time(response.get("createdAt"), "createdAt")
        earliest = min(earliest, begun)
        if since <= begun < until:
            try:
                found.append(event_of(response, questions, source))
            except Skipped:
                continue
    return found, earliest


def _register(url: str, source: Source, credentials: Credentials, _: str) -> Dialogue[str]:
    """Creates the webhook, or finds the one of that URL; the secret is Formbricks' own."""
    base, headers = _api(source, credentials)
    place = survey_api.url(base, "webhooks")
    there = sections(json_of((yield Call(place, headers=headers)), "the webhooks"), "data")
    webhook = next((one for one in there if one.get("url") == url), None)
    if webhook is None:
        unfinished = ["responseCreated", "responseUpdated"] * answers.unfinished(source)
        body = {
            "name": source.name,
            "url": url,
            "source": "user",
            "triggers": [*unfinished, "responseFinished"],
            "surveyIds": list(survey_api.forms(source)),
            "environmentId": _environment(source),
        }
        created = json_of((yield json_call(place, "POST", headers, body)), "the webhook")
        webhook = section(created, "data")
    secret = text(webhook.get("secret"), "secret")
    if not secret:
        raise Misconfigured(
            "the webhook is there, but Formbricks does not tell its signing secret; copy it from "
            "the webhook's settings into the source's secret"
        )
    return secret


def _environment(source: Source) -> str:
    found = source.options.get("environment")
    if not isinstance(found, str) or not found:
        raise Misconfigured(
            f"sources.{source.name}.options.environment must be the environment's id, "
            "which stands in Formbricks' address bar"
        )
    return found


FETCH = Fetch(_fetch, ("api_key",), calls_per_minute=60)
BACKFILL = Backfill(_page, ("api_key",), calls_per_minute=60)
REGISTRATION = Registration(_register, ("api_key",))
