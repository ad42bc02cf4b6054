"""Chatwoot's messages: the same from a webhook and from the API."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    Json,
    identifier,
    iso_time,
    labels,
    number,
    optional_identifier,
    optional_section,
    text,
    unix_time,
)
from chalicelib.connectors.parts.reply_text import reply_text
from chalicelib.errors import Skipped
from chalicelib.interaction import Channel, EventKind, RatingKind, Role

Values = dict[str, Any]

_CHANNELS: Mapping[str, Channel] = {
    "Channel::Email": Channel.EMAIL,
    "Channel::Sms": Channel.SMS,
    "Channel::TwilioSms": Channel.SMS,
    "Channel::Voice": Channel.VOICE,
}
#: Webhooks write a word, the API a number.
_TYPES: Mapping[str, str] = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}
_AUTHORS: Mapping[str, Role] = {
    "contact": Role.CUSTOMER,
    "user": Role.AGENT,
    "agent_bot": Role.BOT,
    "captain_assistant": Role.BOT,
}


def channel_of(message: Json, conversation: Json) -> Channel:
    kind = text(conversation.get("channel"), "conversation.channel")
    if not kind:
        kind = text(optional_section(conversation, "meta").get("channel"), "meta.channel")
    incoming_email = message.get("content_type") == "incoming_email"
    return _CHANNELS.get(kind, Channel.EMAIL if incoming_email else Channel.CHAT)


def message_values(message: Json, conversation: Json, received_at: datetime) -> Values:
    """A message, the rating in an answered survey, or an erasure; without interaction_id.

    Raises Skipped for what Chatwoot itself noted (assigned, resolved, …) and for unanswered
    surveys.
    """
    own = identifier(message.get("id"), "id")
    written = message.get("message_type")
    kind = _TYPES.get(str(written), str(written))
    attributes = optional_section(message, "content_attributes")
    if attributes.get("deleted") is True:
        return {
            "event_id": f"erase:{own}",
            "kind": EventKind.ERASURE,
            "role": Role.SYSTEM,
            "occurred_at": received_at,
            "erases": own,
        }
    if message.get("content_type") == "input_csat":
        return _rated(own, attributes, conversation, received_at)
    if kind == "activity":
        raise Skipped("chatwoot activity")
    sender = optional_section(message, "sender")
    words = text(message.get("content"), "content")
    if channel_of(message, conversation) is Channel.EMAIL:
        words = reply_text(words)
    return {
        "event_id": f"message:{own}",
        "message_id": own,
        "kind": EventKind.MESSAGE,
        "role": Role.NOTE if message.get("private") is True else _role(kind, sender),
        "occurred_at": when(message.get("created_at"), "created_at"),
        "text": words,
        "customer": customer_of(sender, conversation),
        "tags": labels(conversation.get("labels"), "conversation.labels"),
        "wait_s": waited_s(conversation),
    }


def _role(kind: str, sender: Json) -> Role:
    if kind == "incoming":
        return Role.CUSTOMER
    if kind == "template":
        return Role.BOT  # a greeting, an out-of-office text
    return _AUTHORS.get(text(sender.get("type"), "sender.type").lower(), Role.AGENT)


def _rated(own: str, attributes: Json, conversation: Json, received_at: datetime) -> Values:
    submitted = optional_section(attributes, "submitted_values")
    answer = optional_section(submitted, "csat_survey_response")
    if answer.get("rating") in (None, ""):
        raise Skipped("chatwoot survey that nobody answered")
    value = number(answer["rating"], "csat_survey_response.rating")
    words = text(answer.get("feedback_message"), "csat_survey_response.feedback_message")
    told = hashlib.sha256(f"{value}\n{words}".encode()).hexdigest()[:16]
    scored = record.rating(RatingKind.CSAT, value, (1, 5), "csat_survey_response.rating")
    return {
        "event_id": f"rating:{own}:{told}",
        "message_id": f"rating:{own}",
        "kind": EventKind.RATING,
        "occurred_at": received_at,
        "text": words,
        "ratings": (scored,),
        "customer": customer_of({}, conversation),
        "tags": labels(conversation.get("labels"), "conversation.labels"),
    }


def customer_of(sender: Json, conversation: Json) -> str | None:
    """The contact who writes, or the conversation's own."""
    contact = sender if sender.get("type") == "contact" else {}
    known = optional_section(optional_section(conversation, "meta"), "sender")

    def first(key: str) -> str | None:
        found = (optional_identifier(one.get(key), f"contact.{key}") for one in (contact, known))
        return next((one for one in found if one), None)

    return record.customer(
        email=first("email"),
        phone=first("phone_number"),
        own_id=first("identifier"),
        vendor="chatwoot",
        vendor_id=first("id"),
    )


def waited_s(conversation: Json) -> float | None:
    """From the conversation's start to an agent's first reply; None before it."""
    began, replied = conversation.get("created_at"), conversation.get("first_reply_created_at")
    if not began or not replied:  # the API writes 0 before the first reply
        return None
    wait = when(replied, "first_reply_created_at") - when(began, "created_at")
    return max(0.0, wait.total_seconds())


def when(value: object, where: str) -> datetime:
    """Unix seconds, ISO 8601, or '2026-11-02 09:00:00 UTC' of old servers."""
    if isinstance(value, str) and value.endswith(" UTC"):
        value = value.removesuffix(" UTC") + "+00:00"
    return iso_time(value, where) if isinstance(value, str) else unix_time(value, where)
