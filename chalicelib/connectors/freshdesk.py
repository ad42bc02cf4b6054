"""Freshdesk (tickets): webhooks of automation rules, in our template or in the simple mode.

Source: support.freshdesk.com, article 132589 (webhooks in automation rules), read 2026-11; the
template is our own, on docs/connectors/freshdesk.md. One event a delivery.
Not signed: a token in a header of its own, or HTTP Basic. A rule tells neither an id nor, surely, a
time: what is told is its identity. Bodies: HTML.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import signatures
from chalicelib.connectors import freshdesk_api
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.freshdesk_tickets import (
    Values,
    channel_of,
    opening,
    rating_of,
    reply,
    resolution,
)
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    labels,
    section,
    text,
)
from chalicelib.errors import Rejected, Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Role

_TOKEN = "x-oivallus-token"  # noqa: S105 - the name of a header
_TEMPLATE = "freshdesk/1"
_TRIGGER = re.compile(r"\{?\s*(\w{1,60})\s*:\s*(.{0,200})", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{[\w.]{1,100}\}\}")
#: The simple mode's names -> the template's.
_SIMPLE: Mapping[str, tuple[str, ...]] = {
    "ticket_id": ("ticket_id", "id"),
    "subject": ("ticket_subject",),
    "text": ("ticket_description",),
    "status": ("ticket_status",),
    "tags": ("ticket_tags",),
    "source": ("ticket_source",),
    "email": ("requester_email", "ticket_requester_email", "ticket_contact_email"),
    "phone": ("requester_phone", "ticket_requester_phone", "ticket_contact_phone"),
    "at": ("ticket_updated_at",),
}


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    """The token in our header, or Basic: a secret is `user:password`, or a token as an API key."""
    token = request.headers.get(_TOKEN)
    if token:
        signatures.check_token(token, secrets)
        return
    given = request.headers.get("authorization")
    if not given:
        raise Rejected("the X-Oivallus-Token header is missing, and so is Authorization")
    signatures.check_basic(given, [_pair(one) for one in secrets])


def sign(request: Request, secret: str, _now: datetime) -> Request:
    """By the token's header, or by Basic where the secret or the request says so."""
    known = "authorization" in request.headers and _TOKEN not in request.headers
    if known or ":" in secret:
        return request.with_headers(authorization=signatures.sign_basic(_pair(secret)))
    return request.with_headers(**{_TOKEN: secret})


def _pair(secret: str) -> str:
    """What is entered as an API key comes as the user, with X for a password; empty stays empty."""
    return secret if ":" in secret or not secret else f"{secret}:X"


def scrub(request: Request) -> Request:
    """Without the headers that hold the secret, and without a query, where some put it too."""
    hidden = (_TOKEN, "authorization")
    headers = {k: v for k, v in request.headers.items() if k not in hidden}
    return replace(request, url=request.url.partition("?")[0], headers=headers)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One message, note, status, rating or deletion of a ticket."""
    body = json_body(request)
    if "freshdesk_webhook" in body:
        told, kind = _simple(section(body, "freshdesk_webhook"))
    else:
        if body.get("oivallus") != _TEMPLATE:
            raise Unreadable(
                f"the body is neither our template {_TEMPLATE} nor Freshdesk's simple mode; copy "
                "the template from docs/connectors/freshdesk.md again"
            )
        told = {name: _filled(value) for name, value in body.items()}
        kind = text(told.get("event"), "event").lower()
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"freshdesk event {kind[:60]!r}")
    ticket = identifier(told.get("ticket_id"), "ticket_id")
    common: Values = {
        "interaction_id": ticket,
        "occurred_at": _time(told.get("at"), received_at),
        "tags": labels(told.get("tags"), "tags"),
        "customer": record.customer(
            email=text(told.get("email"), "email"), phone=text(told.get("phone"), "phone")
        ),
    }
    # Redelivery repeats the body; nothing else of it is a delivery's own.
    digest = hashlib.sha256(request.body).hexdigest()[:16]
    common["event_id"] = f"{ticket}:{kind}:{digest}"
    channel = channel_of(told.get("source"))
    return [record.event(source, channel, **common | one) for one in read(told, ticket)]


def _filled(value: object) -> object:
    """None for a placeholder that Freshdesk did not know and left as it was."""
    if isinstance(value, str) and _PLACEHOLDER.fullmatch(value.strip()):
        return None
    return value


def _simple(told: Json) -> tuple[Json, str]:
    """The simple mode's object in the template's names, and the event that its trigger means."""
    values = {
        name: next((told[key] for key in keys if told.get(key) is not None), None)
        for name, keys in _SIMPLE.items()
    }
    trigger = _TRIGGER.match(text(told.get("triggered_event"), "triggered_event"))
    if trigger is None:
        raise Unreadable("triggered_event is missing; tick it in the rule's webhook content")
    name, value = trigger[1].lower(), trigger[2].strip(" }").lower()
    if name == "ticket_action":
        return values, value
    if name == "note_type" and value == "private":
        raise Skipped("a freshdesk note, which holds no customer's words")
    return values, name


def _time(value: object, received_at: datetime) -> datetime:
    """The ticket's time where it reads as one, else the time of receipt.

    Freshdesk writes times in the account's own format, which need not name a zone.
    """
    try:
        told = iso_time(value, "at")
    except Unreadable:
        return received_at
    return told if told <= received_at + timedelta(hours=1) else received_at


# --- events -------------------------------------------------------------------------------------


def _created(told: Json, ticket: str) -> list[Values]:
    return opening(ticket, told.get("subject"), told.get("text"), told.get("source"))


def _said(role: Role) -> Callable[[Json, str], list[Values]]:
    return lambda told, ticket: [reply(ticket, role, told.get("text"))]


def _status(told: Json, _: str) -> list[Values]:
    resolved = resolution(told.get("status"))
    return [{"kind": EventKind.STATUS, "role": Role.SYSTEM, "resolved": resolved}]


def _rated(told: Json, _: str) -> list[Values]:
    rated = {
        "kind": EventKind.RATING,
        "message_id": "rating",
        "text": text(told.get("text"), "text"),
        "ratings": (rating_of(told.get("rating"), "rating"),),
    }
    return [rated]


def _deleted(_: Json, ticket: str) -> list[Values]:
    gone = {"kind": EventKind.ERASURE, "role": Role.SYSTEM, "customer": None, "tags": ()}
    return [gone | {"event_id": f"{ticket}:deleted"}]


_READERS: Mapping[str, Callable[[Json, str], list[Values]]] = {
    "created": _created,
    "customer_reply": _said(Role.CUSTOMER),
    "agent_reply": _said(Role.AGENT),
    "note": _said(Role.NOTE),
    "status": _status,
    "rating": _rated,
    "deleted": _deleted,
    "spam": _deleted,
}

CONNECTOR = Connector(
    name="freshdesk",
    title="Freshdesk",
    channel=freshdesk_api.CHANNEL,
    verify=verify,
    events=events,
    sign=sign,
    scrub=scrub,
    check=freshdesk_api.check,
    proof=Proof.TOKEN,
    # What it reads apart from success is not documented: what we keep or skip is a plain 200.
    status={Outcome.UNREADABLE: 200, Outcome.SKIPPED: 200},
    retries="three times: after 5, 30 and 60 minutes; then Freshdesk mails the account's admins",
    secret_hint="Make one yourself and enter it in the rule: Custom headers, X-Oivallus-Token: …",  # noqa: S106
    backfill=freshdesk_api.BACKFILL,
)
