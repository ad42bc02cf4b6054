"""Zendesk (tickets and messaging): event-subscription webhooks, triggers and automations.

Source: developer.zendesk.com/api-reference/webhooks/event-types/ticket-events and
/documentation/webhooks/verifying, read 2026-11. One event a delivery.
Signed: base64 HMAC-SHA256 of time + body. Times: RFC 3339 with nanoseconds. Ids are strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chalicelib import signatures
from chalicelib.connectors import zendesk_api, zendesk_trigger
from chalicelib.connectors.base import Connector, Outcome, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    labels,
    optional_section,
    section,
    text,
)
from chalicelib.connectors.vendor_api import Backfill, Credentials, Dialogue, Registration
from chalicelib.connectors.zendesk_ticket import (
    FIRST,
    Values,
    channel_of,
    is_resolved,
    opening,
    person,
    requester,
)
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event, EventKind, Role

_SIGNATURE = "x-zendesk-webhook-signature"
_TIME = "x-zendesk-webhook-signature-timestamp"

_ROLES: Mapping[str, Role] = {
    "end_user": Role.CUSTOMER,
    "agent": Role.AGENT,
    "system": Role.BOT,
    "bot": Role.BOT,
}


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    signature = signatures.signature_of(request.headers, _SIGNATURE)
    sent = signatures.time_of(request.headers, _TIME)
    signatures.check_time_then_body(request.body, signature, sent, secrets, now)


def sign(request: Request, secret: str, now: datetime) -> Request:
    signature, stamp = signatures.sign_time_then_body(request.body, secret, now)
    return request.with_headers(**{_SIGNATURE: signature, _TIME: stamp})


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One delivery: one event, or two where a redaction may have met the description."""
    body = json_body(request)
    if zendesk_trigger.is_ours(body):
        signed_at = request.headers.get(_TIME)
        return zendesk_trigger.events(body, request.body, signed_at, source)
    kind = text(body.get("type"), "type").removeprefix("zen:event-type:")
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"zendesk event {kind[:60]!r}")
    ticket = section(body, "detail")
    # Messaging events may leave out via; they are chat by nature.
    default = Channel.CHAT if kind.startswith("messaging_ticket.") else Channel.EMAIL
    via = text(optional_section(ticket, "via").get("channel"), "detail.via.channel").lower()
    common = {
        "event_id": identifier(body.get("id"), "id"),
        "interaction_id": identifier(ticket.get("id"), "detail.id"),
        "occurred_at": iso_time(body.get("time"), "time"),
        "customer": requester(ticket.get("requester_id"), "detail.requester_id"),
        "tags": labels(ticket.get("tags"), "detail.tags"),
    }
    made = read(ticket, optional_section(body, "event"), common)
    channel = channel_of(via, default)
    return [record.event(source, channel, **values) for values in made]


def _created(ticket: Json, _: Json, common: Values) -> list[Values]:
    submitter = person(ticket.get("submitter_id"), "detail.submitter_id")
    asker = person(ticket.get("requester_id"), "detail.requester_id")
    # An agent who opens a ticket for a customer writes about them, not as them.
    role = Role.CUSTOMER if submitter in (None, asker) else Role.AGENT
    return [_message(common, FIRST, _public(ticket, "detail.is_public", role), _opening(ticket))]


def _commented(ticket: Json, event: Json, common: Values) -> list[Values]:
    comment = section(event, "comment")
    body = text(comment.get("body"), "event.comment.body")
    author = optional_section(comment, "author")
    role = Role.AGENT if author.get("is_staff") is True else Role.CUSTOMER
    role = _public(comment, "event.comment.is_public", role)
    if body == text(ticket.get("description"), "detail.description"):
        return [_message(common, FIRST, role, _opening(ticket))]
    return [_message(common, identifier(comment.get("id"), "event.comment.id"), role, body)]


def _chatted(_: Json, event: Json, common: Values) -> list[Values]:
    message = section(event, "message")
    kind = text(optional_section(event, "actor").get("type"), "event.actor.type").lower()
    role = _ROLES.get(kind, Role.SYSTEM)
    words = text(message.get("body"), "event.message.body")
    return [_message(common, identifier(message.get("id"), "event.message.id"), role, words)]


def _status_changed(ticket: Json, event: Json, common: Values) -> list[Values]:
    # Events write enums in capitals, the REST API in small letters.
    now = text(event.get("current"), "event.current") or text(ticket.get("status"), "detail.status")
    before = text(event.get("previous"), "event.previous")
    status: Values = {"kind": EventKind.STATUS, "role": Role.SYSTEM}
    if is_resolved(now):
        status["resolved"] = True
    elif is_resolved(before):
        status["resolved"] = False  # reopened
    return [common | status]


def _tagged(_: Json, event: Json, common: Values) -> list[Values]:
    added = labels(event.get("tags_added"), "event.tags_added")
    tags = tuple(dict.fromkeys((*common["tags"], *added)))
    return [common | {"kind": EventKind.STATUS, "role": Role.SYSTEM, "tags": tags}]


def _redacted(_: Json, event: Json, common: Values) -> list[Values]:
    """The comment, and the description too: a redaction does not say whether it was the first."""
    comment = optional_section(event, "comment")
    found = comment.get("id", event.get("comment_id"))
    erased = identifier(found, "event.comment.id")
    first = common | {"event_id": f"{common['event_id']}:{FIRST}"}
    return [_erasure(common, erased), _erasure(first, FIRST)]


def _deleted(_: Json, __: Json, common: Values) -> list[Values]:
    return [_erasure(common, None)]


def _message(common: Values, message_id: str, role: Role, words: str) -> Values:
    return common | {
        "kind": EventKind.MESSAGE,
        "message_id": message_id,
        "role": role,
        "text": words,
    }


def _erasure(common: Values, erases: str | None) -> Values:
    # An erasure keeps neither the person nor the tags.
    return common | {
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "customer": None,
        "tags": (),
        "erases": erases,
    }


def _public(part: Json, where: str, role: Role) -> Role:
    """NOTE where the part says that it is internal."""
    public = part.get("is_public")
    if isinstance(public, str):  # some versions write booleans as text
        public = public.lower() != "false"
    if public is not None and not isinstance(public, bool):
        text(public, where)  # raises, naming the place
    return Role.NOTE if public is False else role


def _opening(ticket: Json) -> str:
    return opening(ticket.get("subject"), ticket.get("description"))


_READERS: Mapping[str, Callable[[Json, Json, Values], list[Values]]] = {
    "ticket.created": _created,
    "ticket.comment_added": _commented,
    "messaging_ticket.message_added": _chatted,
    "ticket.status_changed": _status_changed,
    "ticket.tags_changed": _tagged,
    "ticket.comment_redacted": _redacted,
    # Made internal, usually because it should not have been seen: not the customer's voice now.
    "ticket.comment_made_private": _redacted,
    "ticket.marked_as_spam": _deleted,
    "ticket.permanently_deleted": _deleted,
}


def register(url: str, source: Source, credentials: Credentials, _secret: str) -> Dialogue[str]:
    return zendesk_api.register(url, source, credentials, list(_READERS))


CONNECTOR = Connector(
    name="zendesk",
    title="Zendesk",
    channel=Channel.EMAIL,
    verify=verify,
    events=events,
    sign=sign,
    signs_time=True,
    check=zendesk_api.check,
    # The circuit breaker opens at 70 % failures within 5 minutes, so what we keep is a success.
    status={Outcome.UNREADABLE: 202, Outcome.SKIPPED: 204},
    # 429 and 503 are retried up to three times when Retry-After is under 60 s.
    retry_after_s=30,
    secret_hint="Admin Center > Apps and integrations > Webhooks > the webhook > Reveal secret",  # noqa: S106
    retries=(
        "Repeats 409, and 429 and 503 whose Retry-After is under 60 s, up to three times, and a "
        "timeout of 12 s up to five times; stops for a while when 70 % of deliveries fail."
    ),
    # The export of tickets allows 10 calls a minute and gives a hundred tickets each, so that most
    # calls are for comments.
    backfill=Backfill(zendesk_api.page, zendesk_api.CREDENTIALS, calls_per_minute=100),
    registration=Registration(register, zendesk_api.CREDENTIALS),
)
