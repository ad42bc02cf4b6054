"""Zendesk's API: tickets with their comments, and the webhook itself.

Source: developer.zendesk.com/api-reference/ticketing (incremental exports, ticket comments) and
/webhooks/webhooks-api/webhooks, read 2026-11. API tokens: basic `{email}/token:{token}`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    labels,
    optional_section,
    section,
    sections,
    text,
    truth,
)
from chalicelib.connectors.vendor_api import (
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    json_call,
    json_of,
)
from chalicelib.connectors.zendesk_ticket import (
    FIRST,
    MESSAGING,
    Values,
    channel_of,
    is_resolved,
    opening,
    person,
    requester,
    satisfaction,
)
from chalicelib.errors import Misconfigured, Skipped
from chalicelib.interaction import Event, EventKind, Role

CREDENTIALS = ("email", "api_token")
_SUBDOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.IGNORECASE)


def check(source: Source) -> None:
    options.known(source, "subdomain")
    if source.options:
        _base(source)


def _base(source: Source) -> str:
    subdomain = source.options.get("subdomain")
    if not isinstance(subdomain, str) or not _SUBDOMAIN.fullmatch(subdomain):
        raise Misconfigured(
            f"sources.{source.name}.options.subdomain must be the first part of "
            "SUBDOMAIN.zendesk.com"
        )
    return f"https://{subdomain.lower()}.zendesk.com/api/v2"


def _headers(credentials: Credentials) -> dict[str, str]:
    return basic(f"{credentials['email']}/token", credentials["api_token"])


# --- backfill -----------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """A hundred tickets changed since `since`, with the comments of the period.

    The cursor is Zendesk's own. It goes on to the end, for a ticket that changed after `until` may
    hold comments from before.
    """
    base, headers = _base(source), _headers(credentials)
    start = {"cursor": cursor} if cursor else {"start_time": int(since.timestamp())}
    query = urlencode({**start, "per_page": 100})
    answer = yield Call(f"{base}/incremental/tickets/cursor?{query}", headers=headers)
    body = json_of(answer, "Zendesk's export of tickets")
    found: list[Event] = []
    for ticket in sections(body, "tickets"):
        if _is_told(ticket, until):
            comments = yield from _comments(base, headers, ticket)
            found += _events(source, ticket, comments, since, until)
    ended = truth(body.get("end_of_stream"), "end_of_stream")
    return Page(found, None if ended else identifier(body.get("after_cursor"), "after_cursor"))


def _is_told(ticket: Json, until: datetime) -> bool:
    """Not a deleted ticket, a later one, or a transcript of messages that have other ids."""
    status = text(ticket.get("status"), "status")
    return (
        status != "deleted"
        and iso_time(ticket.get("created_at"), "created_at") < until
        and _via(ticket) not in MESSAGING
    )


def _via(ticket: Json) -> str:
    return text(optional_section(ticket, "via").get("channel"), "via.channel").lower()


def _comments(
    base: str, headers: Mapping[str, str], ticket: Json
) -> Dialogue[list[tuple[Json, bool]]]:
    """A ticket's comments in order, each with whether an agent wrote it."""
    number = identifier(ticket.get("id"), "tickets.id")
    found: list[tuple[Json, bool]] = []
    query = {"page[size]": "100", "include": "users"}
    while True:
        url = f"{base}/tickets/{quote(number, safe='')}/comments?{urlencode(query)}"
        answer = yield Call(url, headers=headers)
        try:
            body = json_of(answer, "a Zendesk ticket's comments")
        except Skipped:  # deleted since it was listed
            return found
        roles = {
            identifier(user.get("id"), "users.id"): text(user.get("role"), "users.role")
            for user in sections(body, "users")
        }
        for comment in sections(body, "comments"):
            author = person(comment.get("author_id"), "author_id")
            by_requester = author == person(ticket.get("requester_id"), "requester_id")
            role = roles.get(author or "", "end-user" if by_requester else "agent")
            found.append((comment, role != "end-user"))
        meta = optional_section(body, "meta")
        if not truth(meta.get("has_more"), "meta.has_more"):
            return found
        query["page[after]"] = identifier(meta.get("after_cursor"), "meta.after_cursor")


def _events(
    source: Source,
    ticket: Json,
    comments: Sequence[tuple[Json, bool]],
    since: datetime,
    until: datetime,
) -> list[Event]:
    common: Values = {
        "interaction_id": identifier(ticket.get("id"), "tickets.id"),
        "customer": requester(ticket.get("requester_id"), "requester_id"),
        "tags": labels(ticket.get("tags"), "tags"),
    }
    made = [
        _comment(ticket, comment, by_agent, first=place == 0)
        for place, (comment, by_agent) in enumerate(comments)
    ]
    made += _state(ticket)
    channel = channel_of(_via(ticket))
    return [
        record.event(source, channel, **(common | values))
        for values in made
        if since <= values["occurred_at"] < until
    ]


def _comment(ticket: Json, comment: Json, by_agent: bool, *, first: bool) -> Values:
    """The first comment is the description, and has the message id that the webhook gives it."""
    own = identifier(comment.get("id"), "comments.id")
    words = text(comment.get("body"), "comments.body")
    public = truth(comment.get("public"), "comments.public")
    role = Role.AGENT if by_agent else Role.CUSTOMER
    return {
        "event_id": f"comment:{own}",
        "message_id": FIRST if first else own,
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE if public is False else role,
        "occurred_at": iso_time(comment.get("created_at"), "comments.created_at"),
        "text": opening(ticket.get("subject"), words) if first else words,
    }


def _state(ticket: Json) -> list[Values]:
    """Solved or closed, and the rating, as of the ticket's last change."""
    number = identifier(ticket.get("id"), "tickets.id")
    at = iso_time(ticket.get("updated_at"), "tickets.updated_at")
    made: list[Values] = []
    if is_resolved(text(ticket.get("status"), "tickets.status")):
        made.append(
            {
                "event_id": f"ticket:{number}:resolved",
                "kind": EventKind.STATUS,
                "role": Role.SYSTEM,
                "occurred_at": at,
                "resolved": True,
            }
        )
    told = optional_section(ticket, "satisfaction_rating")
    score = text(told.get("score"), "satisfaction_rating.score")
    rating = satisfaction(score)
    if rating:
        words = text(told.get("comment"), "satisfaction_rating.comment")
        digest = hashlib.sha256(f"{score}\n{words}".encode()).hexdigest()[:16]
        made.append(
            {
                "event_id": f"ticket:{number}:rating:{digest}",
                "message_id": "rating",
                "kind": EventKind.RATING,
                "occurred_at": at,
                "text": words,
                "ratings": (rating,),
            }
        )
    return made


# --- registration -------------------------------------------------------------------------------


def register(
    url: str, source: Source, credentials: Credentials, kinds: Sequence[str]
) -> Dialogue[str]:
    """Create the webhook for these event types, or find it; Zendesk's own signing secret.

    An account without messaging refuses its event type: then it is left out.
    """
    base, headers = f"{_base(source)}/webhooks", _headers(credentials)
    answer = yield Call(f"{base}?{urlencode({'page[size]': 100})}", headers=headers)
    listed = sections(json_of(answer, "Zendesk's webhooks"), "webhooks")
    webhook = next((one for one in listed if one.get("endpoint") == url), None)
    if webhook is None:
        answer = yield json_call(base, "POST", headers, _wanted(url, kinds))
        if answer.status in (400, 422):
            fewer = [kind for kind in kinds if not kind.startswith("messaging_ticket.")]
            answer = yield json_call(base, "POST", headers, _wanted(url, fewer))
        webhook = section(json_of(answer, "creating the Zendesk webhook"), "webhook")
    named = quote(identifier(webhook.get("id"), "webhook.id"), safe="")
    place = f"{base}/{named}/signing_secret"
    answer = yield Call(place, headers=headers)
    secret = section(json_of(answer, "the Zendesk webhook's signing secret"), "signing_secret")
    return identifier(secret.get("secret"), "signing_secret.secret")


def _wanted(url: str, kinds: Sequence[str]) -> object:
    return {
        "webhook": {
            "name": "Oivallus",
            "endpoint": url,
            "http_method": "POST",
            "request_format": "json",
            "status": "active",
            "subscriptions": [f"zen:event-type:{kind}" for kind in kinds],
        }
    }
