"""The last step of every connector: clean values -> Event, with the source's own settings."""

from __future__ import annotations

import hashlib
from typing import Any

from chalicelib.connectors.base import Source
from chalicelib.errors import Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind, Role

#: Characters of one message that an event keeps; a longer one ends here and gets TEXT_CUT.
#: The whole text stays in the raw archive. Eight pages, and 40 kB of UTF-8 at the most, so that
#: ten of the longest messages still fit one DynamoDB item of 400 kB.
MAX_TEXT = 10_000
TEXT_CUT = "text-cut"
#: Tags kept of one event, so that a thousand tags do not fill an item.
MAX_TAGS = 50

_LONGEST_ADDRESS = 254  # RFC 5321
_PHONE_DIGITS = range(7, 16)  # E.164, with its country code


def event(source: Source, channel: Channel, **values: Any) -> Event:
    """An Event of this source: its channel wins, its text is kept to MAX_TEXT.

    `values` are Event's own fields, already clean. The source's touchpoint is not written here:
    it is what `fold.py` falls back on when neither the event nor its tags name one.
    """
    text = values.get("text", "")
    if len(text) > MAX_TEXT:
        values["text"] = text[:MAX_TEXT].rstrip()
        values["tags"] = (TEXT_CUT, *values.get("tags", ()))
    values["tags"] = values.get("tags", ())[:MAX_TAGS]
    return Event(source=source.name, channel=source.channel or channel, **values)


def erasure(source: Source, channel: Channel, **values: Any) -> Event:
    """An Event that erases a message, or the whole interaction where `erases` is None."""
    return event(source, channel, kind=EventKind.ERASURE, role=Role.SYSTEM, **values)


def body_identity(body: bytes) -> str:
    """Who a delivery is that carries no signed id: its body, the same on every retry."""
    return "body_" + hashlib.sha256(body).hexdigest()[:32]


def rating(
    kind: RatingKind, value: float, scale: tuple[float, float], where: str, question: str = ""
) -> Rating:
    """A Rating on its scale.

    Outside the scale the whole event is Unreadable, so that it is kept and alarmed: an answer of
    11 means that the form and the settings differ, which a person must see.
    """
    try:
        return Rating(kind, value, *scale, question=question)
    except ValueError as error:
        raise Unreadable(f"{where}: {error}") from error


def customer(
    *,
    email: str | None = None,
    phone: str | None = None,
    own_id: str | None = None,
    vendor: str = "",
    vendor_id: str | None = None,
) -> str | None:
    """Who the customer is, by the name that other sources are most likely to share.

    An address, then a number, then the company's own customer id, then the vendor's: the order
    is the same in every connector, so that one person is one customer across sources. The
    vendor's ids carry its name, for two vendors may number different people alike. What cannot be
    an address or a number (too long, too short) names nobody.
    """
    if email and "@" in email and len(email) <= _LONGEST_ADDRESS:
        return "email:" + email.strip().lower()
    digits = "".join(c for c in phone or "" if c in "0123456789").removeprefix("00")
    if len(digits) in _PHONE_DIGITS:
        return "phone:+" + digits
    if own_id:
        return "id:" + own_id
    return f"id:{vendor}:{vendor_id}" if vendor_id else None


def titled(subject: str, body: str) -> str:
    """The subject above the text, unless the text repeats it."""
    if not subject or body.startswith(subject):
        return body
    return f"{subject}\n\n{body}" if body else subject
