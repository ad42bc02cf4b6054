"""Zendesk triggers and automations: the bodies that our own templates make, version by version.

Source: developer.zendesk.com/documentation/webhooks (a webhook of a trigger or automation sends the
body that the company writes); the placeholders are Zendesk's, unconfirmed with a live account.
The template of docs/connectors/zendesk.md names its version, so that one pasted years ago is still
read. Placeholders are not escaped for JSON, so texts are URL-encoded by Liquid; `probe` shows
whether that filter worked in this account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import unquote_plus

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import Json, identifier, iso_time, labels, text
from chalicelib.connectors.zendesk_ticket import (
    FIRST,
    Values,
    channel_of,
    is_resolved,
    person,
    satisfaction,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Role

SCHEMA = "oivallus.zendesk.1"
#: The rating's template before schemas had numbers.
SATISFACTION = "oivallus.satisfaction"
_ENCODED = frozenset({"a+b", "a%20b"})  # the probe is 'a b'


def is_ours(body: Json) -> bool:
    """Written by one of our templates, of any version."""
    return "schema" in body or body.get("type") == SATISFACTION


def events(body: Json, raw: bytes, signed_at: str | None, source: Source) -> Sequence[Event]:
    """One body: a comment, a rating or a status. `signed_at` dates what the body does not.

    The content is the identity: a template has no id of the delivery.
    """
    schema = text(body.get("schema"), "schema")
    if schema not in ("", SCHEMA):
        raise Unreadable("schema names a version of our template that this hub does not know")
    kind = text(body.get("kind"), "kind") if schema else "rating"
    read = _READERS.get(kind)
    if read is None:
        raise Unreadable("kind is none of comment, rating and status; compare the template")
    stamp = text(body.get("updated_at"), "updated_at") or signed_at
    values: Values = {
        "event_id": f"{kind}:{hashlib.sha256(raw).hexdigest()[:32]}",
        "interaction_id": identifier(body.get("ticket_id"), "ticket_id"),
        "occurred_at": _time(stamp),
        "customer": record.customer(
            email=text(body.get("requester_email"), "requester_email"),
            vendor="zendesk",
            vendor_id=person(body.get("requester_id"), "requester_id"),
        ),
        "tags": labels(body.get("tags"), "tags"),
    }
    channel = channel_of(text(body.get("via"), "via").replace(" ", "_"))
    return [record.event(source, channel, **(values | read(body, values)))]


def _time(stamp: str | None) -> datetime:
    return iso_time(stamp, "updated_at, or the signed time,")


def _commented(body: Json, values: Values) -> Values:
    """The latest public comment, by whoever updated the ticket; the first is its description."""
    words = _text(body, "text")
    if not words:
        raise Skipped("zendesk trigger without a public comment")
    requester = person(body.get("requester_id"), "requester_id")
    author = person(body.get("author_id"), "author_id")
    first = text(body.get("comments"), "comments") == "1"
    role = Role.CUSTOMER if author == requester else Role.AGENT
    return {
        "kind": EventKind.MESSAGE,
        "message_id": FIRST if first else values["event_id"],
        # Nobody updated the ticket when an automation fires: then whose words these are is unknown.
        "role": role if author else Role.SYSTEM,
        "text": record.titled(_text(body, "subject"), words) if first else words,
    }


def _rated(body: Json, _: Values) -> Values:
    rating = satisfaction(text(body.get("rating"), "rating"))
    if rating is None:
        raise Skipped("zendesk satisfaction that nobody answered")
    return {
        "kind": EventKind.RATING,
        "message_id": "rating",
        "text": _text(body, "comment"),
        "ratings": (rating,),
    }


def _status(body: Json, _: Values) -> Values:
    status = text(body.get("status"), "status")
    return {
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "resolved": is_resolved(status),
    }


def _text(body: Json, key: str) -> str:
    written = text(body.get(key), key)
    if text(body.get("probe"), "probe") in _ENCODED:
        return text(unquote_plus(written), key)
    return written


_READERS: Mapping[str, Callable[[Json, Values], Values]] = {
    "comment": _commented,
    "rating": _rated,
    "status": _status,
}
