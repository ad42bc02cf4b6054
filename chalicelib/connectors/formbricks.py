"""Formbricks (survey): responses, signed by Standard Webhooks.

Source: formbricks/formbricks docs (webhooks), `packages/types/surveys/elements.ts` and
`apps/web/app/api/v1`, read 2026-11. One state of a response a delivery.
Signed: Standard Webhooks (`webhook-signature: v1,…`). Times: ISO 8601, UTC.

A delivery holds answers by question id, and not what the questions are. Where options.questions
name every answered one, the delivery is read as it is; otherwise it waits, and is fetched with
its survey. `fetch` is "<survey id>/<response id>".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.connectors import formbricks_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.formbricks_answers import event_of, identity, told_all
from chalicelib.connectors.parts import answers, standard_webhooks, survey_api
from chalicelib.connectors.parts.reading import identifier, iso_time, json_body, section, text
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event

_EVENTS = frozenset({"responseCreated", "responseUpdated", "responseFinished"})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """The response, or a waiting one. `responseFinished` and the update it comes with are one."""
    body = json_body(request)
    kind = text(body.get("event"), "event")
    if kind not in _EVENTS:
        raise Skipped(f"formbricks event {kind[:60]!r}")
    response = section(body, "data")
    answers.finished_or_wanted(source, response.get("finished") is not False)
    if told_all(response, source):
        return [event_of(response, {}, source)]
    response_id = identifier(response.get("id"), "id")
    survey_id = identifier(response.get("surveyId"), "surveyId")
    return [
        answers.waiting(
            source,
            f"{survey_id}/{response_id}",
            event_id=f"{identity(response)}:waiting"[:255],
            interaction_id=response_id,
            occurred_at=iso_time(response.get("updatedAt"), "updatedAt"),
        )
    ]


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source, *survey_api.OPTIONS, "environment")
    survey_api.check(source, formbricks_api.CLOUD)


CONNECTOR = Connector(
    name="formbricks",
    title="Formbricks",
    channel=Channel.SURVEY,
    verify=standard_webhooks.verify,
    events=events,
    sign=standard_webhooks.sign,
    signs_time=True,
    check=check,
    new_secret=standard_webhooks.new_secret,
    # Whether an error is sent again depends on the version: what we can mend asks for it.
    status={Outcome.MISCONFIGURED: 503},
    secret_hint="Integrations > Webhooks > the webhook > Settings: the signing secret, whsec_…",  # noqa: S106
    fetch=formbricks_api.FETCH,
    backfill=formbricks_api.BACKFILL,
    registration=formbricks_api.REGISTRATION,
)
