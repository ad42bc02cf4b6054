"""Fider (feedback board, open source): posts, comments, statuses, in our own template.

Source: getfider/fider `app/services/webhook`, `app/tasks`, `app/pkg/tpl/funcs.go` and
`app/cmd/routes.go`; fider.io/docs/api, read 2026-11. Fider fills a template that the operator
writes: docs/connectors/fider.md holds ours, version 1. Nothing is signed: a header of the
operator's is the proof. Fider sends no votes, only their number; what that counts as: `votes.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.connectors.base import Connector, Outcome, Proof, Request, Source
from chalicelib.connectors.parts import options, proofs, record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    json_body,
    json_value,
    labels,
    number,
    optional_identifier,
    optional_section,
    section,
    text,
    unreadable,
)
from chalicelib.connectors.parts.votes import reached
from chalicelib.connectors.vendor_api import (
    Answer,
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    bearer,
    checked,
    page_number,
)
from chalicelib.errors import Misconfigured, Skipped, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Role

_DEFAULT = "bearer"
_VERSION = 1
_POSTS_PER_PAGE = 20  # each costs a call for its comments
_ABSENT = frozenset({"", "<no value>", "<nil>", "0"})  # a variable that this Fider does not know
# Go's quote writes what JSON does not know: \a, \v, \x1b, \U000e0067.
_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-f]{2})|U([0-9a-f]{8})|([av']))")
Values = dict[str, Any]


def verify(request: Request, secrets: Sequence[str], now: datetime) -> None:
    proofs.verify(request, secrets, now, _DEFAULT)


def sign(request: Request, secret: str, now: datetime) -> Request:
    return proofs.sign(request, secret, now, _DEFAULT)


def events(request: Request, source: Source, received_at: datetime) -> Sequence[Event]:
    """One filled-in template: a post, a comment, a status or a deletion."""
    body = json_body(replace(request, body=_ESCAPE.sub(_as_json, request.body)))
    kind = text(body.get("event"), "event")
    read = _READERS.get(kind)
    if body.get("fider") != _VERSION:
        raise Unreadable("the template is not version 1 of docs/connectors/fider.md")
    if read is None:
        raise Skipped(f"fider event {kind[:60]!r}")
    return read(body, source, received_at)


def _as_json(escape: re.Match[bytes]) -> bytes:
    code = escape[1] or escape[2]
    if code:
        point = int(code, 16)
        if point > 0x10FFFF:
            return b""
        high, low = divmod(point - 0x10000, 0x400)
        pair = (point,) if point < 0x10000 else (0xD800 + high, 0xDC00 + low)
        return b"".join(b"\\u%04x" % unit for unit in pair)
    return b"" if escape[3] in (b"a", b"v") else escape[3] or escape[0]


# --- events -------------------------------------------------------------------------------------


def _posted(body: Json, source: Source, received_at: datetime) -> list[Event]:
    post, author = section(body, "post"), optional_section(body, "author")
    return [_post(post, author, source, _moment(post.get("created_at"), received_at))]


def _commented(body: Json, source: Source, received_at: datetime) -> list[Event]:
    post, comment = section(body, "post"), section(body, "comment")
    author = optional_section(body, "author")
    return [_comment(post, comment, author, source, received_at)]


def _changed(body: Json, source: Source, received_at: datetime) -> list[Event]:
    post = section(body, "post")
    before = text(body.get("old_status"), "old_status").lower()
    return _status(post, optional_section(body, "response"), before, source, received_at)


def _deleted(body: Json, source: Source, received_at: datetime) -> list[Event]:
    own = identifier(section(body, "post").get("id"), "post.id")
    return [
        record.erasure(
            source,
            Channel.FEEDBACK,
            event_id=f"deleted:{own}",
            interaction_id=own,
            occurred_at=received_at,
        )
    ]


_READERS: Mapping[str, Callable[[Json, Source, datetime], list[Event]]] = {
    "new_post": _posted,
    "new_comment": _commented,
    "change_status": _changed,
    "delete_post": _deleted,
}


def _post(post: Json, author: Json, source: Source, at: datetime) -> Event:
    own = identifier(post.get("id"), "post.id")
    words = record.titled(
        text(post.get("title"), "post.title"), text(post.get("description"), "post.description")
    )
    if not words:
        raise Unreadable("the post has neither title nor description")
    return record.event(
        source,
        Channel.FEEDBACK,
        event_id=f"post:{own}",
        interaction_id=own,
        kind=EventKind.MESSAGE,
        message_id="post",
        occurred_at=at,
        role=_role(author),
        text=words,
        customer=_customer(author),
        tags=_tags(post),
    )


def _comment(post: Json, comment: Json, author: Json, source: Source, at: datetime) -> Event:
    """Older Fiders give a comment no id: then author and text are its identity."""
    own = identifier(post.get("id"), "post.id")
    words = text(comment.get("text"), "comment.text")
    known = optional_identifier(comment.get("id"), "comment.id") or ""
    if known in _ABSENT:
        told = f"{own}\n{optional_identifier(author.get('id'), 'author.id')}\n{words}"
        known = hashlib.sha256(told.encode()).hexdigest()[:24]
    return record.event(
        source,
        Channel.FEEDBACK,
        event_id=f"comment:{known}",
        interaction_id=own,
        kind=EventKind.MESSAGE,
        message_id=f"comment:{known}",
        occurred_at=at,
        role=_role(author),
        text=words,
        customer=_customer(author),
        tags=_tags(post),
    )


def _status(
    post: Json, response: Json, before: str, source: Source, received_at: datetime
) -> list[Event]:
    """The status, and the answer that the company wrote with it."""
    own = identifier(post.get("id"), "post.id")
    status = text(post.get("status"), "post.status").lower()
    at = _moment(response.get("responded_at"), received_at)
    words = text(response.get("text"), "response.text")
    # The template writes whole seconds, the API writes fractions too.
    dated = "" if at == received_at else f":{at.replace(microsecond=0).isoformat()}"
    told: Values = {"event_id": f"status:{own}:{status[:60]}{dated}", "interaction_id": own}
    resolved = {"completed": True, "declined": False}.get(status)
    if resolved is None and before == "completed":
        resolved = False
    changed = record.event(
        source,
        Channel.FEEDBACK,
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=at,
        resolved=resolved,
        tags=_tags(post),
        **told,
    )
    if not words:
        return [changed]
    told["event_id"] = f"{told['event_id']}:answer"
    answer = record.event(
        source,
        Channel.FEEDBACK,
        kind=EventKind.MESSAGE,
        role=Role.AGENT,
        message_id="answer",
        occurred_at=at,
        text=words,
        **told,
    )
    return [changed, answer]


def _moment(value: object, received_at: datetime) -> datetime:
    """Fider gives a comment and a change without an answer no time: they are dated by us."""
    said = "" if value is None else value
    if isinstance(said, str) and said.strip() in _ABSENT:
        return received_at
    return iso_time(said, "the time")


def _role(author: Json) -> Role:
    """Fider's roles are visitor, collaborator, moderator and administrator."""
    role = text(author.get("role"), "author.role").lower()
    return Role.CUSTOMER if role in ("visitor", *_ABSENT) else Role.AGENT


def _customer(author: Json) -> str | None:
    if _role(author) is not Role.CUSTOMER:
        return None
    return record.customer(
        email=text(author.get("email"), "author.email"),
        vendor="fider",
        vendor_id=optional_identifier(author.get("id"), "author.id"),
    )


def _tags(post: Json) -> tuple[str, ...]:
    counted = post.get("votes", post.get("votesCount"))
    return (*labels(post.get("tags"), "post.tags"), *reached(counted, "post.votes"))


# --- the API ------------------------------------------------------------------------------------


def page(
    source: Source, credentials: Credentials, since: datetime, until: datetime, cursor: str | None
) -> Dialogue[Page]:
    """Posts, comments and answers of [since, until), twenty posts a page, oldest post first.

    The API lists all posts at once and cannot go on from one: the cursor is the number of the
    last post read. A comment of the period may stand under any post, so all are looked through.
    """
    site = _site(source)
    headers = bearer(credentials["api_key"])
    passed = page_number(cursor, 0)
    answer = yield Call(f"{site}/api/v1/posts?view=all&limit=all", headers=headers)
    posts = sorted(_list(checked(answer, "Fider's posts")), key=_number)
    left = [post for post in posts if _number(post) > passed]
    found: list[Event] = []
    for post in left[:_POSTS_PER_PAGE]:
        found += _listed(post, source, since)
        if post.get("commentsCount"):
            place = f"{site}/api/v1/posts/{_number(post)}/comments"
            answer = yield Call(place, headers=headers)
            if answer.status != 404:  # deleted since the list was made
                comments = _list(checked(answer, "Fider's comments"))
                found += [_listed_comment(post, comment, source) for comment in comments]
    return Page(
        [event for event in found if since <= event.occurred_at < until],
        str(_number(left[_POSTS_PER_PAGE - 1])) if len(left) > _POSTS_PER_PAGE else None,
    )


def _listed(post: Json, source: Source, outside: datetime) -> list[Event]:
    user = optional_section(post, "user")
    found = [_post(post, user, source, iso_time(post.get("createdAt"), "createdAt"))]
    response = optional_section(post, "response")
    if response.get("respondedAt") is not None:
        told = {"text": response.get("text"), "responded_at": response["respondedAt"]}
        found += _status(post, told, "", source, outside)
    return found


def _listed_comment(post: Json, comment: Json, source: Source) -> Event:
    told = {"id": comment.get("id"), "text": comment.get("content")}
    at = iso_time(comment.get("createdAt"), "createdAt")
    return _comment(post, told, optional_section(comment, "user"), source, at)


def _list(answer: Answer) -> list[Json]:
    value = json_value(answer.body)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        unreadable("Fider's answer", "a list of objects", value)
    return value


def _number(post: Json) -> int:
    return int(number(post.get("number"), "number"))


def _site(source: Source) -> str:
    site = str(source.options.get("site") or "").rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#@]+", site):
        raise Misconfigured(
            f"sources.{source.name}.options.site must be the board's address, such as "
            "https://ideat.havuvakka.example"
        )
    return site


def check(source: Source) -> None:
    """Raises Misconfigured when the options cannot work; `site` is needed for a backfill alone."""
    options.known(source, "site")
    if "site" in source.options:
        _site(source)


CONNECTOR = Connector(
    name="fider",
    title="Fider",
    channel=Channel.FEEDBACK,
    verify=verify,
    events=events,
    sign=sign,
    check=check,
    proof=Proof.TOKEN,
    scrub=proofs.scrub,
    # Any status of 400 and above marks the webhook as failed, and Fider stops sending until a
    # person enables it again: what is kept is a success.
    status={Outcome.RETRYABLE: 503, Outcome.MISCONFIGURED: 503},
    retries="never: a refusal disables the webhook until a person enables it; then backfill",
    secret_hint="A token that you make up: in Fider's webhook, header Authorization: Bearer TOKEN",  # noqa: S106
    backfill=Backfill(page, ("api_key",), calls_per_minute=60),
)
