"""What a Slack message says, and who says it; the same for a pushed and a listed message.

Source: docs.slack.dev/messaging/formatting-message-text and /reference/events/message, 2026-11.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import options, record
from chalicelib.connectors.parts.reading import (
    Json,
    clean,
    identifier,
    optional_identifier,
    optional_section,
    text,
    unix_time,
)
from chalicelib.errors import Misconfigured
from chalicelib.interaction import EventKind, Role

Values = dict[str, Any]

#: Subtypes that are somebody's words; the rest tell of joins, topics and the like.
SPOKEN = frozenset({"", "bot_message", "file_share", "me_message", "thread_broadcast"})
_LISTS = ("channels", "staff", "staff_teams", "resolved_reactions")
# <@U1>, <#C1|name>, <!here>, <!date^…|fallback>, <https://…|label>, with the blank before it
_MARKUP = re.compile(r"( ?)<([@#!]?)([^<>|]*+)(?:\|([^<>]*+))?>")


# --- options ------------------------------------------------------------------------------------


def check(source: Source) -> None:
    """Raises Misconfigured without support channels, or when nobody is known to be staff."""
    chosen = {name: listed(source, name) for name in _LISTS}
    direct = source.options.get("direct_messages", False)
    options.true_or_false(source, "direct_messages")
    if not chosen["channels"] and not direct:
        raise Misconfigured(
            f"sources.{source.name}.options.channels must list the ids of the support channels, "
            "such as [C0123456789]"
        )
    if not chosen["staff"] and not chosen["staff_teams"]:
        raise Misconfigured(
            f"sources.{source.name}.options needs staff (ids of the users who answer) or "
            "staff_teams (ids of your own workspaces): otherwise answers would count as customers'"
        )


def listed(source: Source, name: str) -> frozenset[str]:
    """An option that is a list of texts; empty where it is missing."""
    value = source.options.get(name) or ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise Misconfigured(f"sources.{source.name}.options.{name} must be a list of ids")
    return frozenset(value)


def is_support(source: Source, channel: str, channel_type: str) -> bool:
    """A support channel, or a direct message to the app where those count."""
    direct = channel_type == "im" or channel.startswith("D")
    return channel in listed(source, "channels") or (
        direct and source.options.get("direct_messages") is True
    )


# --- a message ----------------------------------------------------------------------------------


def message_values(message: Json, channel: str, source: Source) -> Values:
    """The fields of a message's event. Its identity is its channel and its time."""
    ts, at = stamp(message.get("ts"), "ts")
    role = author_role(message, source)
    user = optional_identifier(message.get("user"), "user")
    return {
        "event_id": f"{channel}:{ts}",
        "message_id": ts,
        "interaction_id": interaction(channel, message),
        "kind": EventKind.MESSAGE,
        "role": role,
        "occurred_at": at,
        "text": plain(text(message.get("text"), "text")),
        "customer": record.customer(vendor="slack", vendor_id=user)
        if role is Role.CUSTOMER
        else None,
    }


def edit_values(message: Json, event: Json, channel: str, source: Source) -> Values:
    """A message told again: the same message id, its own identity and time."""
    edited = optional_section(message, "edited").get("ts")
    ts, at = stamp(event.get("event_ts") if edited is None else edited, "edited.ts")
    values = message_values(message, channel, source)
    return values | {"event_id": f"{values['event_id']}:{ts}", "occurred_at": at}


def author_role(message: Json, source: Source) -> Role:
    """BOT for apps, AGENT for the users and teams that the options name, CUSTOMER for the rest.

    In a channel shared by companies `user_team` is the author's own workspace; elsewhere `team`.
    """
    user = optional_identifier(message.get("user"), "user")
    if user is not None and user in listed(source, "staff"):
        return Role.AGENT  # a person may post through an app
    if message.get("bot_id") or message.get("subtype") == "bot_message":
        return Role.BOT
    team = message.get("user_team") or message.get("team")
    staff = isinstance(team, str) and team in listed(source, "staff_teams")
    return Role.AGENT if staff else Role.CUSTOMER


def interaction(channel: str, message: Json) -> str:
    """The thread: its channel and the time of its first message."""
    first = message.get("thread_ts") or message.get("ts")
    return f"{channel}:{stamp(first, 'thread_ts')[0]}"


def stamp(value: object, where: str) -> tuple[str, datetime]:
    """A message's id, "seconds.micro", and the moment that it names."""
    found = identifier(value, where)
    return found, unix_time(found, where)


def plain(words: str) -> str:
    """Slack's markup as a reader sees it; mentions of people keep no id."""
    return clean(html.unescape(_MARKUP.sub(_shown, words)))


def _shown(found: re.Match[str]) -> str:
    blank, sign, inner, label = found.groups()
    if sign in ("@", "#"):
        return f"{blank}{sign}{label}" if label else ""
    if sign == "!":
        return blank + (label or f"@{inner.partition('^')[0]}")
    return blank + (label or inner.removeprefix("mailto:"))
