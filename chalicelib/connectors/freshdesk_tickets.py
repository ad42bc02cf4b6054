"""What a Freshdesk ticket says, with the same identities pushed by a rule and listed by the API.

Source: developers.freshdesk.com/api (tickets, conversations, satisfaction ratings), read 2026-11.
A rule's webhook does not tell a reply's id, so its words are its identity: the same words by the
same side in one ticket are one message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.html_text import html_text
from chalicelib.connectors.parts.reading import number, text
from chalicelib.connectors.parts.reply_text import reply_text
from chalicelib.errors import Unreadable
from chalicelib.interaction import Channel, EventKind, Rating, RatingKind, Role

Values = dict[str, Any]

#: The message id of a ticket's description, which has no id of its own.
FIRST = "first"
#: Sources by their number in the API and their English name in a rule.
_CHANNELS: Mapping[str, Channel] = {
    **dict.fromkeys(("3", "phone"), Channel.VOICE),
    **dict.fromkeys(("5", "twitter", "6", "facebook", "7", "chat"), Channel.CHAT),
    **dict.fromkeys(("13", "whatsapp"), Channel.CHAT),
    **dict.fromkeys(("9", "feedback widget"), Channel.FEEDBACK),
}
#: Tickets that an agent writes: of a call, or to a customer who has not asked.
_BY_AGENTS = frozenset({"3", "phone", "10", "outbound email"})
_RESOLVED: Mapping[str, bool] = {
    **dict.fromkeys(("4", "resolved", "ratkaistu", "löst"), True),
    **dict.fromkeys(("5", "closed", "suljettu", "stängd"), True),
    **dict.fromkeys(("2", "open", "reopened", "avoin", "öppen"), False),
}
#: Freshdesk's codes -> steps from -3 to 3; surveys of 2, 3 or 5 answers use some of the seven.
_STEPS: Mapping[int, int] = {103: 3, 102: 2, 101: 1, 100: 0, -101: -1, -102: -2, -103: -3}


def channel_of(source: object) -> Channel:
    """Email where the source is not told or is the portal."""
    return _CHANNELS.get(_word(source, "source"), Channel.EMAIL)


def opening(ticket: str, subject: object, description: object, source: object) -> list[Values]:
    """The fields of a ticket's description, with its subject above it.

    Of a call, the agent's words about it, and before them the call, by which the customer made
    contact.
    """
    via = _word(source, "source")
    role = Role.AGENT if via in _BY_AGENTS else Role.CUSTOMER
    message: Values = {
        "event_id": f"{ticket}:{FIRST}",
        "message_id": FIRST,
        "kind": EventKind.MESSAGE,
        "role": role,
        "text": record.titled(text(subject, "subject"), _plain(description, role)),
    }
    if _CHANNELS.get(via) is not Channel.VOICE:
        return [message]
    call = {"event_id": f"{ticket}:call", "kind": EventKind.CALL, "role": Role.CUSTOMER}
    return [call, message]


def reply(ticket: str, role: Role, body: object) -> Values:
    """The fields of a reply or a note."""
    words = _plain(body, role)
    digest = hashlib.sha256(" ".join(words.split()).encode()).hexdigest()[:16]
    message_id = f"{role.value}:{digest}"
    return {
        "event_id": f"{ticket}:{message_id}",
        "message_id": message_id,
        "kind": EventKind.MESSAGE,
        "role": role,
        "text": words,
    }


def _plain(body: object, role: Role) -> str:
    """HTML as text; of a customer's mail without what it quotes and its signature."""
    told = text(body, "text")
    if role is not Role.CUSTOMER:
        return html_text(told)
    return reply_text(html_text(told, quotes=False))


def resolution(status: object) -> bool | None:
    """Whether a status, by number or by name, is resolved; None for pending and one's own."""
    return _RESOLVED.get(_word(status, "status"))


def rating_of(code: object, where: str) -> Rating:
    """103 (extremely happy) to -103 (extremely unhappy), as steps from -3 to 3."""
    step = _STEPS.get(round(number(code, where)))
    if step is None:
        raise Unreadable(f"{where} is none of Freshdesk's codes from 103 to -103")
    return record.rating(RatingKind.CSAT, step, (-3, 3), where)


def _word(value: object, where: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 1000 else ""
    return text(value, where).lower()
