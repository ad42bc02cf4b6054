"""Google Forms (survey): our own Apps Script, bound to the form, sends each answer.

Source: the script in docs/connectors/google_forms.md; developers.google.com/apps-script/reference
(FormResponse, ScaleItem, RatingItem, Utilities), read 2026-11. One response a delivery.
Signed: Standard Webhooks. Times: ISO 8601, UTC. `type` is the script's version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import answers, standard_webhooks
from chalicelib.connectors.parts.answers import IGNORE, TEXT, Answer, Question
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    number,
    optional_identifier,
    section,
    sections,
    text,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, RatingKind

_SCRIPT = "oivallus.google_forms."
VERSION = _SCRIPT + "1"
_TYPED = frozenset({"TEXT", "PARAGRAPH_TEXT"})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One response is one event; an edited one is a later event of the same response."""
    body = json_body(request)
    kind = text(body.get("type"), "type")
    if kind != VERSION:
        if kind.startswith(_SCRIPT):
            raise Unreadable(
                f"the form's script is {kind[:60]}, the hub reads {VERSION}; copy it again from "
                "docs/connectors/google_forms.md"
            )
        raise Skipped(f"google_forms event {kind[:60]!r}")
    data = section(body, "data")
    response_id = identifier(data.get("response_id"), "response_id")
    submitted = iso_time(data.get("submitted_at"), "submitted_at")
    return [
        answers.response(
            source,
            _answers(data),
            event_id=f"{response_id}:{submitted:%Y%m%dT%H%M%S.%fZ}"[:255],
            interaction_id=response_id,
            occurred_at=submitted,
        )
    ]


def _answers(data: Json) -> Iterator[Answer]:
    respondent = text(data.get("respondent_email"), "respondent_email")
    yield Answer(("respondent_email",), respondent, Question("email"))
    for one in sections(data, "answers"):
        item = identifier(one.get("item_id"), "item_id")
        row = optional_identifier(one.get("row"), "row") or ""
        title = text(one.get("title"), "title")
        names = (f"{item}:{row}" if row else item, item, title)
        yield Answer(names, one.get("value"), _known(one, title))


def _known(answer: Json, title: str) -> Question:
    """What a question measures when the options do not say."""
    kind = text(answer.get("type"), "type")
    if kind in _TYPED:
        # A form has no hidden fields: a prefilled question of such a name is one.
        named = answers.hidden({title: "x"})[0].known
        return TEXT if named == IGNORE else named
    if kind == "SCALE":
        scale = section(answer, "scale")
        return answers.rated(_end(scale, "min"), _end(scale, "max"))
    if kind == "RATING":
        return Question(RatingKind.CSAT, (1, _end(section(answer, "scale"), "max")))
    return TEXT if answer.get("other") is True else IGNORE


def _end(scale: Json, name: str) -> float:
    found = number(scale.get(name), f"scale.{name}")
    if not 0 <= found <= 10 or (name == "max" and found < 2):
        raise Unreadable(f"scale.{name} is not one of Google Forms")
    return found


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot be read."""
    answers.check(source)


CONNECTOR = Connector(
    name="google_forms",
    title="Google Forms",
    channel=Channel.SURVEY,
    verify=standard_webhooks.verify,
    events=events,
    sign=standard_webhooks.sign,
    signs_time=True,
    check=check,
    new_secret=standard_webhooks.new_secret,
    # The script tries everything but 2xx again, so that what we can mend is not lost.
    status={Outcome.MISCONFIGURED: 503},
    retries="Our script tries again every hour until the hub answers 2xx, and mails you meanwhile.",
    secret_hint="The script's property SECRET: whsec_ and the base64 of 32 random bytes",  # noqa: S106
)
