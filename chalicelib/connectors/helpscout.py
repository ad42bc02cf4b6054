"""Help Scout (email, Beacon chat): webhooks of conversations, chats, ratings and surveys.

Source: developer.helpscout.com/webhooks with its objects, read 2026-11. One event a delivery.
Signed: `X-HelpScout-Signature`: base64 HMAC-SHA1 of the body, without a time. Which event it is
stands in `X-HelpScout-Event` alone, which is not signed: it chooses the reader, and nothing is
read from it. Times: ISO 8601 in UTC.
"""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors import helpscout_api
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.helpscout_objects import (
    Values,
    chat_messages,
    messages,
    newest,
    person,
    shared,
    status,
    survey_rating,
)
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    optional_section,
    section,
    text,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, RatingKind, Role

_SIGNATURE = "x-helpscout-signature"
_EVENT = "x-helpscout-event"
_SCORES: Mapping[str, int] = {"great": 3, "okay": 2, "bad": 1, "not good": 1}
Reader = Callable[[Json, Source, Request, datetime], Sequence[Event]]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    given = signatures.signature_of(request.headers, _SIGNATURE)
    signatures.check_body_base64(request.body, given, secrets, algorithm="sha1", prefix="")


def sign(request: Request, secret: str, _now: datetime) -> Request:
    signature = signatures.sign_body_base64(request.body, secret, algorithm="sha1", prefix="")
    return request.with_headers(**{_SIGNATURE: signature})


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """What one delivery adds: new messages and the state, a rating, or an erasure."""
    name = request.headers.get(_EVENT, "").strip().lower()
    read = _READERS.get(name)
    if read is None:
        raise Skipped(f"help scout event {name[:60]!r}")
    return read(json_body(request), source, request, received_at)


# --- conversations ------------------------------------------------------------------------------


def _opened(body: Json, source: Source, _: Request, __: datetime) -> Sequence[Event]:
    return _conversation(body, source, messages(body, subject=True))


def _replied(body: Json, source: Source, _: Request, __: datetime) -> Sequence[Event]:
    """The newest message: those before it came with deliveries of their own."""
    return _conversation(body, source, newest(messages(body)))


def _changed(body: Json, source: Source, _: Request, __: datetime) -> Sequence[Event]:
    return _conversation(body, source, [])


def _conversation(body: Json, source: Source, told: Sequence[Values]) -> Sequence[Event]:
    common, channel = shared(body)
    state = status(body)
    if state["kind"] is EventKind.ERASURE:
        return [record.event(source, channel, **common | state)]
    return [record.event(source, channel, **common | one) for one in (*told, state)]


def _deleted(body: Json, source: Source, _: Request, received_at: datetime) -> Sequence[Event]:
    """Only the id; a body that says more is some other event under this unsigned name."""
    if set(body) != {"id"}:
        raise Unreadable("a help scout deletion should hold the conversation's id and no more")
    interaction = identifier(body["id"], "id")
    gone = record.erasure(
        source,
        Channel.EMAIL,
        event_id=f"deleted:{interaction}",
        interaction_id=interaction,
        occurred_at=received_at,
    )
    return [gone]


# --- chats --------------------------------------------------------------------------------------


def _chat_opened(body: Json, source: Source, request: Request, _: datetime) -> Sequence[Event]:
    return _chat(body, source, chat_messages(body), request)


def _chat_replied(body: Json, source: Source, request: Request, _: datetime) -> Sequence[Event]:
    return _chat(body, source, newest(chat_messages(body)), request)


def _chat(body: Json, source: Source, told: Sequence[Values], request: Request) -> Sequence[Event]:
    """The messages, or, where the delivery holds none, a word that they must be fetched."""
    if told:
        return [record.event(source, Channel.CHAT, **one) for one in told]
    chat = identifier(body.get("id"), "id")
    waiting = record.event(
        source,
        Channel.CHAT,
        event_id=f"chat:{chat}:{_digest(request)}",  # each delivery asks anew
        interaction_id=chat,
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=iso_time(body.get("createdAt"), "createdAt"),
        customer=person(optional_section(body, "customer")),
        fetch=f"chat:{chat}",
    )
    return [waiting]


# --- ratings and surveys ------------------------------------------------------------------------


def _rated(body: Json, source: Source, _: Request, __: datetime) -> Sequence[Event]:
    score = _SCORES.get(text(body.get("rating"), "rating").lower())
    if score is None:
        raise Unreadable("rating is none of Great, Okay and Bad")
    at = iso_time(body.get("modifiedAt") or body.get("createdAt"), "modifiedAt")
    rated = record.event(
        source,
        Channel.EMAIL,
        event_id=f"rating:{identifier(body.get('id'), 'id')}:{at.isoformat()}",
        interaction_id=identifier(body.get("ticketId", body.get("conversationId")), "ticketId"),
        kind=EventKind.RATING,
        message_id="rating",
        occurred_at=at,
        text=text(body.get("comments"), "comments"),
        ratings=(record.rating(RatingKind.CSAT, score, (1, 3), "rating"),),
        customer=person(optional_section(body, "customer")),
    )
    return [rated]


def _surveyed(body: Json, source: Source, request: Request, _: datetime) -> Sequence[Event]:
    """An answer to a survey in a message. It has no id: its content is its identity."""
    answer = section(body, "response")
    identity = f"survey:{_digest(request)}"
    rating = survey_rating(answer)
    told = [text(optional_section(body, "message").get("name"), "message.name")]
    if rating is None:  # an option that was chosen, or an emoji without an agreed meaning
        told.append(text(answer.get("value"), "response.value"))
    customer = optional_section(optional_section(body, "_embedded"), "customer")
    answered = record.event(
        source,
        Channel.SURVEY,
        event_id=identity,
        interaction_id=identity,
        kind=EventKind.RATING if rating else EventKind.MESSAGE,
        occurred_at=iso_time(answer.get("timestamp"), "response.timestamp"),
        text=text(answer.get("comment"), "response.comment"),
        ratings=(rating,) if rating else (),
        customer=person(customer),
        tags=tuple(one[:100] for one in told if one),
    )
    return [answered]


def _digest(request: Request) -> str:
    return hashlib.sha256(request.body).hexdigest()[:32]


_READERS: Mapping[str, Reader] = {
    "convo.created": _opened,
    "convo.ai-answers.created": _opened,
    "convo.merged": _opened,
    "convo.customer.reply.created": _replied,
    "convo.agent.reply.created": _replied,
    "convo.note.created": _replied,
    "convo.status": _changed,
    "convo.tags": _changed,
    "convo.deleted": _deleted,
    "beacon.chat.created": _chat_opened,
    "beacon.chat.customer.replied": _chat_replied,
    "beacon.chat.agent.replied": _chat_replied,
    "satisfaction.ratings": _rated,
    "message.survey.response.received": _surveyed,
}

CONNECTOR = Connector(
    name="helpscout",
    title="Help Scout",
    channel=Channel.EMAIL,
    verify=verify,
    events=events,
    sign=sign,
    # A webhook that keeps failing is said to be switched off: what we keep is a plain success.
    status={Outcome.UNREADABLE: 200, Outcome.SKIPPED: 200},
    new_secret=lambda: random.token_hex(20),  # at most 40 characters
    retries="up to five times with growing pauses, as others report; the vendor does not say",
    secret_hint="Make one yourself, at most 40 characters: Manage > Apps > Webhooks > Secret Key",  # noqa: S106
    fetch=helpscout_api.FETCH,
    backfill=helpscout_api.BACKFILL,
    registration=helpscout_api.REGISTRATION,
)
