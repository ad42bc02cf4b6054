"""Slack's list API: the history of the support channels and the threads in it.

Source: docs.slack.dev/reference/methods/conversations.history and /conversations.replies, read
2026-11. Both answer 200 with `ok: false` where something is wrong. Apps of the company's own get
50 calls a minute; ones distributed outside the Marketplace one call and 15 messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import Json, optional_section, sections, text
from chalicelib.connectors.slack_messages import (
    SPOKEN,
    edit_values,
    listed,
    message_values,
    stamp,
)
from chalicelib.connectors.vendor_api import (
    Backfill,
    Call,
    Credentials,
    Dialogue,
    Page,
    bearer,
    json_of,
)
from chalicelib.errors import Misconfigured, Retryable, Unreadable
from chalicelib.interaction import Channel, Event

_API = "https://slack.com/api/"
_MESSAGES = 50  # a page: each may hold a thread, which is a call of its own
_REPLIES = 200
_OUR_FAULT = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope "  # noqa: SIM905
    "no_permission not_in_channel channel_not_found access_denied not_allowed_token_type".split()
)
_FOR_NOW = frozenset({"ratelimited", "fatal_error", "internal_error", "service_unavailable"})


def page(
    source: Source,
    credentials: Credentials,
    since: datetime,
    until: datetime,
    cursor: str | None,
) -> Dialogue[Page]:
    """One page of one channel's history, with the threads that begin in it.

    `cursor` is "channel|Slack's cursor"; the channels follow each other in order of their ids.
    """
    channels = sorted(listed(source, "channels"))
    channel, _, inner = (cursor or f"{channels[0] if channels else ''}|").partition("|")
    if channel not in channels:
        raise Misconfigured(
            f"sources.{source.name}.options.channels does not hold the channel to read"
        )
    window = {"oldest": f"{since.timestamp():.6f}", "latest": f"{until.timestamp():.6f}"}
    body = yield from _asked(
        "conversations.history",
        credentials,
        channel=channel,
        limit=str(_MESSAGES),
        inclusive="true",
        cursor=inner,
        **window,
    )
    events: list[Event] = []
    for message in sections(body, "messages"):
        events += _events(message, channel, source, until)
        if message.get("reply_count"):
            replies = yield from _thread(channel, message, credentials)
            for reply in replies:
                events += _events(reply, channel, source, until)
    following = _next(body)
    if following:
        return Page(events, f"{channel}|{following}")
    later = channels[channels.index(channel) + 1 :]
    return Page(events, f"{later[0]}|" if later else None)


def _thread(channel: str, message: Json, credentials: Credentials) -> Dialogue[Sequence[Json]]:
    """The replies of a thread, without the message that opens it."""
    first, _ = stamp(message.get("ts"), "messages.ts")
    replies: list[Json] = []
    cursor = ""
    while True:
        body = yield from _asked(
            "conversations.replies",
            credentials,
            channel=channel,
            ts=first,
            limit=str(_REPLIES),
            cursor=cursor,
        )
        replies += (one for one in sections(body, "messages") if one.get("ts") != first)
        cursor = _next(body)
        if not cursor:
            return replies


def _events(message: Json, channel: str, source: Source, until: datetime) -> list[Event]:
    """A message, and its edit where it was edited: with the identities that a push gives both."""
    if text(message.get("subtype"), "messages.subtype") not in SPOKEN:
        return []
    values = message_values(message, channel, source)
    if values["occurred_at"] >= until:
        return []
    told = [values]
    if optional_section(message, "edited").get("ts") is not None:
        told.append(edit_values(message, {}, channel, source))
    return [record.event(source, Channel.CHAT, **one) for one in told]


def _asked(method: str, credentials: Credentials, **query: str) -> Dialogue[Json]:
    """The answer's object. Raises as `json_of`, by Slack's own error words."""
    given = urlencode({name: value for name, value in query.items() if value})
    answer = yield Call(f"{_API}{method}?{given}", headers=bearer(credentials["bot_token"]))
    body = json_of(answer, f"slack's {method}")
    if body.get("ok") is True:
        return body
    error = text(body.get("error"), "error")[:60]
    if error == "thread_not_found":
        return {"messages": []}  # deleted since it was listed
    if error in _OUR_FAULT:
        raise Misconfigured(f"slack's {method}: {error}; see the app's token, scopes and channels")
    if error in _FOR_NOW:
        raise Retryable(f"slack's {method}: {error}")
    raise Unreadable(f"slack's {method}: {error or 'neither ok nor an error'}")


def _next(body: Json) -> str:
    return text(optional_section(body, "response_metadata").get("next_cursor"), "next_cursor")


BACKFILL = Backfill(page=page, credentials=("bot_token",), calls_per_minute=45)
