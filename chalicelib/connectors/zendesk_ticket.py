"""What a Zendesk ticket says, whichever feed tells it: events, triggers or the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import number, optional_identifier, text
from chalicelib.errors import Unreadable
from chalicelib.interaction import Channel, Rating, RatingKind

Values = dict[str, Any]

#: The message id of a ticket's description. `ticket.created` does not tell the comment's id, and
#: the same words also arrive as `comment_added`: both get this id, so they are one message.
FIRST = "first"

#: A messaging ticket's messages have ids of their own; its comments are a transcript of them.
MESSAGING = frozenset(
    {"chat", "native_messaging", "whatsapp", "facebook", "instagram_dm", "sunshine_conversations"}
)
_CHANNELS: Mapping[str, Channel] = {
    **dict.fromkeys(MESSAGING, Channel.CHAT),
    "sms": Channel.SMS,
    "twilio_sms": Channel.SMS,
    "voicemail": Channel.VOICE,
    "api_voicemail": Channel.VOICE,
    "phone_call_inbound": Channel.VOICE,
    "phone_call_outbound": Channel.VOICE,
    "api_phone_call_inbound": Channel.VOICE,
    "api_phone_call_outbound": Channel.VOICE,
}
_RESOLVED = frozenset(
    {"solved", "closed", "ratkaistu", "suljettu", "löst", "stängd", "lukittu", "avslutad"}
)
_THUMBS: Mapping[str, int] = {
    **{"good": 1, "bad": 0, "good, i'm satisfied": 1, "bad, i'm unsatisfied": 0},
    **{"hyvä": 1, "huono": 0, "bra": 1, "dålig": 0},
}
_UNRATED = frozenset({"", "-", "offered", "unoffered"})
#: Zendesk's conditions and exports say beside the answer whether there is a comment.
_COMMENT = re.compile(r",? (?:with(?:out)? (?:a )?comment|no comment)$")


def channel_of(via: str, default: Channel = Channel.EMAIL) -> Channel:
    """By `via.channel`; what is not chat, SMS or voice is mail, a web form or the like."""
    return _CHANNELS.get(via.lower(), default)


def is_resolved(status: str) -> bool:
    """Events write capitals, the API small letters, placeholders the account's language."""
    return status.lower() in _RESOLVED


def satisfaction(answer: str) -> Rating | None:
    """Good or bad as a thumb, 1 to 5 as CSAT, None where nobody answered.

    Words may tell a comment too: 'Bad with comment'.
    """
    answer = _COMMENT.sub("", answer.strip().lower().replace("_", " "))
    if answer in _UNRATED:
        return None
    thumb = _THUMBS.get(answer)
    if thumb is not None:
        return record.rating(RatingKind.THUMB, thumb, (0, 1), "rating")
    if not any(one.isdigit() for one in answer):
        raise Unreadable("rating is none of good, bad and 1 to 5; compare the template")
    return record.rating(RatingKind.CSAT, number(answer, "rating"), (1, 5), "rating")


def opening(subject: object, description: object) -> str:
    return record.titled(text(subject, "subject"), text(description, "description"))


def person(value: object, where: str) -> str | None:
    """An id of a person; Zendesk writes an absent one as '' or '0'."""
    found = optional_identifier(value, where)
    return None if found in ("0", "-1") else found


def requester(value: object, where: str) -> str | None:
    """The customer by Zendesk's own id: the only one that every feed tells."""
    return record.customer(vendor="zendesk", vendor_id=person(value, where))
