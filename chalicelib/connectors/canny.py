"""Canny (feedback board): posts, comments, votes, statuses.

Source: developers.canny.io/api-reference (webhooks, list posts, list comments), read 2026-11.
Proof: `Canny-Signature`, base64 HMAC-SHA256 of `Canny-Nonce` with the API key. The body is not
signed, so the header proves as much as a token does: whoever sees one can invent deliveries.
Times: ISO 8601, UTC. What a vote counts as: `votes.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import signatures
from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    optional_identifier,
    optional_section,
    section,
    sections,
    text,
)
from chalicelib.connectors.parts.votes import reached
from chalicelib.connectors.vendor_api import (
    Backfill,
    Credentials,
    Dialogue,
    Page,
    json_call,
    json_of,
    page_number,
)
from chalicelib.errors import Misconfigured, Rejected, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_API = "https://canny.io/api/v1"
_PER_PAGE = 100
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], _now: datetime) -> None:
    signature = signatures.signature_of(request.headers, "canny-signature")
    nonce = request.headers.get("canny-nonce", "")
    if not nonce and any(secrets):
        raise Rejected("the canny-nonce header is missing")
    signatures.check_body_base64(_signed(nonce), signature, secrets, prefix="")


def sign(request: Request, secret: str, now: datetime) -> Request:
    nonce = request.headers.get("canny-nonce") or hashlib.sha256(request.body).hexdigest()[:32]
    return request.with_headers(
        canny_nonce=nonce,
        canny_timestamp=str(int(now.timestamp() * 1000)),
        canny_signature=signatures.sign_body_base64(_signed(nonce), secret, prefix=""),
    )


def _signed(nonce: str) -> bytes:
    return nonce.encode("utf-8", "surrogatepass")


def events(request: Request, source: Source, _received_at: datetime) -> Sequence[Event]:
    """One notification is one event; its id is the type's and the object's."""
    body = json_body(request)
    kind = text(body.get("type"), "type")
    read = _READERS.get(kind)
    if read is None:
        raise Skipped(f"canny event {kind[:60]!r}")
    values = read(section(body, "object"), iso_time(body.get("created"), "created"))
    return [_event(source, kind, values)]


def _event(source: Source, kind: str, values: Values) -> Event:
    """`id` identifies the event among those of its type."""
    own = values.pop("id")
    return record.event(source, Channel.FEEDBACK, event_id=f"{kind}:{own}", **values)


# --- events -------------------------------------------------------------------------------------


def _post(post: Json, _at: datetime) -> Values:
    own = identifier(post.get("id"), "post.id")
    author = optional_section(post, "author")
    words = record.titled(
        text(post.get("title"), "post.title"), text(post.get("details"), "post.details")
    )
    if not words:
        raise Unreadable("the post has neither title nor details")
    return {
        "id": own,
        "interaction_id": own,
        "kind": EventKind.MESSAGE,
        "message_id": own,
        "occurred_at": iso_time(post.get("created"), "post.created"),
        "role": _role(author),
        "text": words,
        "customer": _customer(author),
        "tags": _tags(post),
    }


def _post_deleted(post: Json, at: datetime) -> Values:
    own = identifier(post.get("id"), "post.id")
    return _erasure(own, at, own, None)


def _status_changed(change: Json, at: datetime) -> Values:
    """The object is the post, or a change that holds it."""
    post = section(change, "post") if "post" in change else change
    own = identifier(post.get("id"), "post.id")
    status = text(change.get("status", post.get("status")), "status").lower()
    return {
        "id": f"{own}:{status[:60]}:{at.isoformat()}",
        "interaction_id": own,
        "kind": EventKind.STATUS,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "resolved": _RESOLVED.get(status),
        "tags": _tags(post),
    }


def _comment(comment: Json, _at: datetime) -> Values:
    own = identifier(comment.get("id"), "comment.id")
    author = optional_section(comment, "author")
    internal = comment.get("internal") is True
    return {
        "id": own,
        "interaction_id": _of_post(comment),
        "kind": EventKind.MESSAGE,
        "message_id": own,
        "occurred_at": iso_time(comment.get("created"), "comment.created"),
        "role": Role.NOTE if internal else _role(author),
        "text": text(comment.get("value"), "comment.value"),
        "customer": _customer(author),
        "tags": _tags(optional_section(comment, "post")),
    }


def _comment_deleted(comment: Json, at: datetime) -> Values:
    own = identifier(comment.get("id"), "comment.id")
    return _erasure(own, at, _of_post(comment), own)


def _vote(vote: Json, _at: datetime) -> Values:
    own = identifier(vote.get("id"), "vote.id")
    return {
        "id": own,
        "interaction_id": _of_post(vote),
        "kind": EventKind.STATUS,
        "message_id": f"vote:{own}",
        "occurred_at": iso_time(vote.get("created"), "vote.created"),
        "tags": _tags(optional_section(vote, "post")),
    }


def _vote_deleted(vote: Json, at: datetime) -> Values:
    own = identifier(vote.get("id"), "vote.id")
    return _erasure(own, at, _of_post(vote), f"vote:{own}")


def _erasure(own: str, at: datetime, interaction_id: str, erases: str | None) -> Values:
    return {
        "id": own,
        "interaction_id": interaction_id,
        "kind": EventKind.ERASURE,
        "role": Role.SYSTEM,
        "occurred_at": at,
        "erases": erases,
    }


def _of_post(of: Json) -> str:
    return identifier(optional_section(of, "post").get("id", of.get("postID")), "post.id")


def _role(author: Json) -> Role:
    return Role.AGENT if author.get("isAdmin") is True else Role.CUSTOMER


def _customer(author: Json) -> str | None:
    """Nobody where one of our own wrote."""
    if author.get("isAdmin") is True:
        return None
    return record.customer(
        email=text(author.get("email"), "author.email"),
        own_id=optional_identifier(author.get("userID"), "author.userID"),
        vendor="canny",
        vendor_id=optional_identifier(author.get("id"), "author.id"),
    )


def _tags(post: Json) -> tuple[str, ...]:
    names = [optional_identifier(tag.get("name"), "tags.name") for tag in sections(post, "tags")]
    named = (name for name in names if name)
    return tuple(dict.fromkeys([*named, *reached(post.get("score"), "post.score")]))


_RESOLVED: Mapping[str, bool] = {"complete": True, "closed": False}
_READERS: Mapping[str, Callable[[Json, datetime], Values]] = {
    "post.created": _post,
    "post.deleted": _post_deleted,
    "post.status_changed": _status_changed,
    "comment.created": _comment,
    "comment.deleted": _comment_deleted,
    "vote.created": _vote,
    "vote.deleted": _vote_deleted,
}


# --- the lists ----------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Posts, then comments, of [since, until), newest first; the cursor is `list:how many passed`.

    What is written meanwhile moves the rest back: it is read twice, and nothing is missed.
    """
    which, _, rest = (cursor or "posts:0").partition(":")
    passed = page_number(rest)
    if which not in ("posts", "comments"):
        raise Misconfigured("the backfill's cursor is not one of canny's; start it anew")
    body = {"apiKey": credentials["api_key"], "limit": _PER_PAGE, "skip": passed}
    if which == "posts":
        body["sort"] = "newest"
    headers = {"accept": "application/json"}
    answer = yield json_call(f"{_API}/{which}/list", "POST", headers, body)
    listed = json_of(answer, f"Canny's {which}")
    items = sections(listed, which)
    found = [_listed(which, item, source) for item in items]
    older = any(event.occurred_at < since for event in found)
    more = bool(items) and listed.get("hasMore") is True and not older
    following = "comments:0" if which == "posts" else None
    return Page(
        [event for event in found if since <= event.occurred_at < until],
        f"{which}:{passed + len(items)}" if more else following,
    )


def _listed(which: str, item: Json, source: Source) -> Event:
    kind = "post.created" if which == "posts" else "comment.created"
    at = iso_time(item.get("created"), "created")
    return _event(source, kind, _READERS[kind](item, at))


CONNECTOR = Connector(
    name="canny",
    title="Canny",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    proof=Proof.TOKEN,
    # Canny does not say how it reads a status: what is kept is a success, the rest an error.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="not documented; the backfill finds what was missed",
    secret_hint="Settings > API & Webhooks: the secret API key, which also signs",  # noqa: S106
    backfill=Backfill(page, ("api_key",), calls_per_minute=60),
)
