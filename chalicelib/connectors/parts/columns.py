"""Our own flat record -> Event: the columns of an import and the fields of a mapping.

text, subject          what was said
time                   ISO 8601, '2.11.2026 14:03' or Unix time; without a zone: options.time_zone
channel, role          chat, email, voice, sms, survey, review, feedback; customer, agent, …
id, conversation       of this record; of the ticket, call or thread it belongs to
customer, email, phone who; `customer` may itself be an address or a +number
touchpoint, language, tags
nps, csat, ces, stars, thumb                     answers on their usual scales
rating, rating_kind, rating_min, rating_max      one answer on another scale (csat, 1 to 5)
wait_s, talk_s, hold_s, handle_time_s            seconds
abandoned, resolved    true or false
erase                  true: the whole conversation; otherwise the id of the record to erase

An id that is somebody's address or number is replaced by its hash: see `privacy/own_ids.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import (
    duration_s,
    identifier,
    labels,
    language,
    optional_identifier,
    optional_number,
    plausible,
    text,
    truth,
    unix_time,
    unreadable,
)
from chalicelib.errors import Misconfigured, Unreadable
from chalicelib.interaction import Channel, Event, EventKind, Rating, RatingKind, Role
from chalicelib.privacy.own_ids import impersonal

SCALES: Mapping[RatingKind, tuple[float, float]] = {
    RatingKind.NPS: (0, 10),
    RatingKind.CSAT: (1, 5),
    RatingKind.CES: (1, 7),
    RatingKind.STARS: (1, 5),
    RatingKind.THUMB: (0, 1),
}
Kind = TypeVar("Kind", bound=StrEnum)
_DURATIONS = ("wait_s", "talk_s", "hold_s", "handle_time_s")
COLUMNS = frozenset(
    {
        *("text", "subject", "time", "channel", "role", "id", "conversation", "customer", "email"),
        *("phone", "touchpoint", "language", "tags", "rating", "rating_kind", "rating_min"),
        *("rating_max", "abandoned", "resolved", "erase"),
        *("event_id", "interaction_id", "message_id", "occurred_at"),
        *SCALES,
        *_DURATIONS,
    }
)
_FINNISH = re.compile(
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:\s+(?:klo\s+)?(\d{1,2})[.:](\d{2})(?:[.:](\d{2}))?)?"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PHONE = re.compile(r"(?:\+|00)[\d\s()-]{6,20}")
_LATEST_SECONDS = 1e11  # the year 5138: a larger Unix time counts milliseconds


def from_columns(
    columns: Mapping[str, Any], source: Source, *, event_id: str, received_at: datetime
) -> Event:
    """One record as one event; `event_id` is its identity in the source.

    Raises Unreadable naming the column, and where the record holds nothing to count.
    """
    hashed = partial(impersonal, source.name)
    event_id = hashed(optional_identifier(columns.get("event_id"), "event_id") or event_id)
    own_id = hashed(_either(columns, "id", "message_id") or "")
    conversation = hashed(_either(columns, "conversation", "interaction_id") or "")
    words = record.titled(
        text(columns.get("subject"), "subject"), text(columns.get("text"), "text")
    )
    ratings = _ratings(columns)
    durations = {name: duration_s(columns.get(name), name) for name in _DURATIONS}
    values: dict[str, Any] = {
        "event_id": event_id,
        "message_id": own_id,
        "interaction_id": conversation or own_id or event_id,
        "occurred_at": when(columns.get("time", columns.get("occurred_at")), source, received_at),
        "role": _one_of(Role, columns.get("role"), "role") or Role.CUSTOMER,
        "text": words,
        "language": language(columns.get("language"), "language"),
        "customer": _customer(columns),
        "ratings": ratings,
        "touchpoint": optional_identifier(columns.get("touchpoint"), "touchpoint"),
        "tags": labels(columns.get("tags"), "tags"),
        "abandoned": truth(columns.get("abandoned"), "abandoned"),
        "resolved": truth(columns.get("resolved"), "resolved"),
        **durations,
    }
    channel = _one_of(Channel, columns.get("channel"), "channel") or Channel.FEEDBACK
    erase = columns.get("erase")
    if erase not in (None, "", False):
        return _erasure(erase, source, channel, values)
    values["kind"] = _kind(values)
    if not values["text"] and values["kind"] is EventKind.MESSAGE:
        raise Unreadable("the record holds no text, rating, duration, status or tag")
    return record.event(source, channel, **values)


def _either(columns: Mapping[str, Any], name: str, other: str) -> str | None:
    return optional_identifier(columns.get(name), name) or optional_identifier(
        columns.get(other), other
    )


def _kind(values: Mapping[str, Any]) -> EventKind:
    if values["ratings"]:
        return EventKind.RATING
    if values["text"]:
        return EventKind.MESSAGE
    if values["abandoned"] is not None or any(values[name] is not None for name in _DURATIONS):
        return EventKind.CALL
    if values["resolved"] is not None or values["tags"]:
        return EventKind.STATUS
    return EventKind.MESSAGE


def _erasure(erase: object, source: Source, channel: Channel, values: Mapping[str, Any]) -> Event:
    whole = erase is True or (isinstance(erase, str) and erase.lower() == "true")
    kept = {key: values[key] for key in ("event_id", "interaction_id", "occurred_at")}
    erases = None if whole else impersonal(source.name, identifier(erase, "erase"))
    return record.erasure(source, channel, erases=erases, **kept)


def _ratings(columns: Mapping[str, Any]) -> tuple[Rating, ...]:
    found = []
    for kind, scale in SCALES.items():
        value = optional_number(_plain(columns.get(kind)), kind)
        if value is not None:
            found.append(record.rating(kind, value, scale, kind))
    value = optional_number(_plain(columns.get("rating")), "rating")
    if value is not None:
        kind = _one_of(RatingKind, columns.get("rating_kind"), "rating_kind") or RatingKind.CSAT
        low, high = SCALES[kind]
        given_low = optional_number(columns.get("rating_min"), "rating_min")
        given_high = optional_number(columns.get("rating_max"), "rating_max")
        scale = (
            low if given_low is None else given_low,
            high if given_high is None else given_high,
        )
        found.append(record.rating(kind, value, scale, "rating"))
    return tuple(found)


def _plain(value: object) -> object:
    """True and false as the numbers 1 and 0, for a thumb."""
    return int(value) if isinstance(value, bool) else value


def _one_of(kinds: type[Kind], value: object, where: str) -> Kind | None:
    name = text(value, where).lower()
    if not name:
        return None
    try:
        return kinds(name)
    except ValueError:
        raise Unreadable(f"{where} is not one of {', '.join(kinds)}") from None


def _customer(columns: Mapping[str, Any]) -> str | None:
    said = optional_identifier(columns.get("customer"), "customer") or ""
    email = text(columns.get("email"), "email")
    phone = text(columns.get("phone"), "phone")
    prefix, _, rest = said.partition(":")
    if prefix in ("email", "phone", "id") and rest:
        said = rest
        email, phone = (
            (rest, phone) if prefix == "email" else (email, rest if prefix == "phone" else phone)
        )
    if not email and "@" in said:
        email = said
    if not phone and _PHONE.fullmatch(said):
        phone = said
    return record.customer(email=email, phone=phone, own_id=said)


# --- times --------------------------------------------------------------------------------------


def when(value: object, source: Source, received_at: datetime) -> datetime:
    """The record's time in UTC; `received_at` where it names none. A bare date means its noon."""
    if value is None or value == "":
        return received_at
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return unix_time(value / 1000 if abs(value) > _LATEST_SECONDS else value, "time")
    if not isinstance(value, str):
        unreadable("time", "a time", value)
    moment = _moment(value.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=time_zone(source))
    return plausible(moment, "time")


def _moment(stamp: str) -> datetime:
    try:
        finnish = _FINNISH.fullmatch(stamp)
        if finnish:
            day, month, year = (int(finnish[place]) for place in (1, 2, 3))
            hour, minute, second = (int(finnish[place] or 0) for place in (4, 5, 6))
            hour = 12 if finnish[4] is None else hour
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise Unreadable(
            "time is none that is read; write 2026-11-02, 2.11.2026, 2.11.2026 14.03, "
            "2026-11-02 14:03 or 2026-11-02T14:03:00+02:00"
        ) from None
    return moment.replace(hour=12) if _DATE.fullmatch(stamp) else moment


def time_zone(source: Source) -> tzinfo:
    """The zone of times that name none: options.time_zone, else UTC."""
    name = source.options.get("time_zone")
    if name is None:
        return UTC
    try:
        return _zone(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise Misconfigured(
            f"sources.{source.name}.options.time_zone is not an IANA zone such as Europe/Helsinki"
        ) from error


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
