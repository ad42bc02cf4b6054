"""Trustpilot (reviews): service and product reviews, created, updated and deleted.

Source: support.trustpilot.com "How to set up Trustpilot Webhooks" and 115015822068;
developers.trustpilot.com/business-units-api (private reviews), read 2026-11.
Nothing is signed: a token in the subscription's URL is the proof. Times: ISO 8601, UTC.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import options, proofs, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    language,
    number,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
    unreadable,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    basic,
    bearer,
    json_of,
    page_number,
)
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, Event, EventKind, RatingKind

_DEFAULT = "query?name=token"
_API = "https://api.trustpilot.com/v1"
_PER_PAGE = 100  # the API's most
Reader = Callable[[str, Json, Source, datetime], Event]


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    proofs.verify(request, secrets, now, _DEFAULT)


def sign(request: Request, secret: str, now: datetime) -> Request:
    return proofs.sign(request, secret, now, _DEFAULT)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """The reviews of one delivery; an id is the event's name and the review's id."""
    body = json_body(request)
    if not isinstance(body.get("events"), list):
        unreadable("events", "a list", body.get("events"))
    found: dict[str, Event] = {}
    names = []
    for told in sections(body, "events"):
        name = text(told.get("eventName"), "eventName")
        read = _reader(name)
        names.append(name)
        if read:
            event = read(name, section(told, "eventData"), source, received_at)
            found.setdefault(event.event_id, event)
    if not found:
        raise Skipped(f"trustpilot events {sorted(set(names))!r:.100}")
    return list(found.values())


def _reader(name: str) -> Reader | None:
    of, _, what = name.rpartition("-")
    return _READERS.get(what) if of in ("service-review", "product-review") else None


def _created(name: str, review: Json, source: Source, received_at: datetime) -> Event:
    own = identifier(review.get("id"), "eventData.id")
    at = review.get("createdAt")
    when = received_at if at is None else iso_time(at, "createdAt")
    return _reviewed(review, source, event_id=f"{name}:{own}", occurred_at=when)


def _updated(name: str, review: Json, source: Source, received_at: datetime) -> Event:
    """Known by its content, so that each change counts once, pushed or listed."""
    own = identifier(review.get("id"), "eventData.id")
    at = review.get("updatedAt")
    when = received_at if at is None else iso_time(at, "updatedAt")
    event_id = f"{name}:{own}:{_content(review)}"
    return _reviewed(review, source, event_id=event_id, occurred_at=when)


def _deleted(name: str, review: Json, source: Source, received_at: datetime) -> Event:
    own = identifier(review.get("id"), "eventData.id")
    at = review.get("deletedAt")
    when = received_at if at is None else iso_time(at, "deletedAt")
    return record.erasure(
        source, Channel.REVIEW, event_id=f"{name}:{own}", interaction_id=own, occurred_at=when
    )


def _reviewed(review: Json, source: Source, **values: Any) -> Event:
    own = identifier(review.get("id"), "eventData.id")
    stars = number(review.get("stars"), "stars")
    return record.event(
        source,
        Channel.REVIEW,
        interaction_id=own,
        kind=EventKind.RATING,
        message_id="review",
        text=record.titled(text(review.get("title"), "title"), _words(review)),
        language=language(review.get("language"), "language"),
        customer=_customer(review, source),
        ratings=(record.rating(RatingKind.STARS, stars, (1, 5), "stars"),),
        tags=_tags(review),
        **values,
    )


def _words(review: Json) -> str:
    return text(review.get("text", review.get("content")), "text")  # content: product reviews


def _customer(review: Json, source: Source) -> str | None:
    consumer = optional_section(review, "consumer")
    reference = optional_identifier(review.get("referenceId"), "referenceId")
    return record.customer(
        email=text(review.get("referralEmail"), "referralEmail"),  # the list has it, a push never
        own_id=reference if source.options.get("reference_is_customer") else None,
        vendor="trustpilot",
        vendor_id=optional_identifier(consumer.get("id"), "consumer.id"),
    )


def _tags(review: Json) -> tuple[str, ...]:
    found = [
        optional_identifier(tag.get("value"), "tags.value") for tag in sections(review, "tags")
    ]
    verified = ["verified"] if review.get("isVerified") is True else []
    return tuple(dict.fromkeys([*verified, *(tag for tag in found if tag)]))


def _content(review: Json) -> str:
    stars, title = number(review.get("stars"), "stars"), text(review.get("title"), "title")
    said = json.dumps([stars, title, _words(review)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work."""
    options.known(source, "reference_is_customer")
    options.true_or_false(source, "reference_is_customer")


# --- the list of private reviews ----------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Service reviews of [since, until), oldest first, a hundred a page; the cursor is its number.

    A token lives for hours, but a page may be asked for a day later: each page fetches its own.
    """
    at = page_number(cursor)
    token = yield Call(
        f"{_API}/oauth/oauth-business-users-for-applications/accesstoken",
        "POST",
        {
            **basic(credentials["api_key"], credentials["api_secret"]),
            "content-type": "application/x-www-form-urlencoded",
        },
        b"grant_type=client_credentials",
    )
    access = identifier(json_of(token, "Trustpilot's token").get("access_token"), "access_token")
    query = urlencode(
        {
            "startDateTime": _stamp(since),
            "endDateTime": _stamp(until),
            "orderBy": "createdat.asc",
            "perPage": _PER_PAGE,
            "page": at,
        }
    )
    unit = quote(credentials["business_unit_id"], safe="")
    answer = yield Call(
        f"{_API}/private/business-units/{unit}/reviews?{query}", headers=bearer(access)
    )
    reviews = sections(json_of(answer, "Trustpilot's reviews"), "reviews")
    found = [event for review in reviews for event in _listed(review, source, since, until)]
    return Page(found, str(at + 1) if len(reviews) == _PER_PAGE else None)


def _listed(review: Json, source: Source, since: datetime, until: datetime) -> list[Event]:
    """As the pushes of its creation and of its last change."""
    created = _created("service-review-created", review, source, since)
    if not since <= created.occurred_at < until:
        return []
    if review.get("updatedAt") is None:
        return [created]
    return [created, _updated("service-review-updated", review, source, since)]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


_READERS: Mapping[str, Reader] = {"created": _created, "updated": _updated, "deleted": _deleted}

CONNECTOR = Connector(
    name="trustpilot",
    title="Trustpilot",
    channel=Channel.REVIEW,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.TOKEN,
    scrub=proofs.scrub,
    # Trustpilot does not say how it reads a status: what is kept is a success, the rest an error.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="not documented; the backfill finds what was missed",
    secret_hint="A token that you make up and put into the subscription's URL: …?token=TOKEN",  # noqa: S106
    backfill=Backfill(page, ("api_key", "api_secret", "business_unit_id"), calls_per_minute=60),
)
