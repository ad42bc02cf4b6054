"""Reading a stranger's values: each function gives a clean value or raises Unreadable.

Connectors read through these, so that any body ends in events or in one of the named errors.
Messages name the place and the type found, never the value: values are customers' words.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from chalicelib.connectors.base import EARLIEST, LATEST, Request
from chalicelib.errors import Unreadable

Json = Mapping[str, Any]

#: Longest id kept, in characters. DynamoDB's sort keys end at 1,024 bytes; ids of vendors at 255.
MAX_ID = 255
#: Longest stay of anything, seconds: a duration above it is a vendor's mistake.
MAX_DURATION_S = 366 * 86_400.0

# What DynamoDB, JSON, UTF-8 and HTML do not all accept: controls except tab and line feed,
# halves of surrogate pairs, and the two code points that are never characters.
_UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def unreadable(where: str, wanted: str, found: object) -> NoReturn:
    """Say where and what kind of thing stood there, never its content."""
    raise Unreadable(f"{where} should be {wanted}, but is {_kind(found)}")


def _kind(value: object) -> str:
    names: dict[type, str] = {
        type(None): "missing or null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        dict: "an object",
        list: "a list",
    }
    return names.get(type(value), "something else")


# --- bodies -------------------------------------------------------------------------------------


def json_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Of repeated keys the last counts, as in every vendor's SDK."""
    body = json_value(request.body, request.headers.get("content-type", ""))
    if not isinstance(body, dict):
        unreadable("the body", "a JSON object", body)
    return body


def json_value(body: bytes, content_type: str = "") -> Any:
    """The body as JSON: UTF-8, or the character set that the content type names.

    Raises Unreadable for anything else: not JSON, NaN or Infinity, deeper than the interpreter
    follows, or numbers of thousands of digits.
    """
    if not body.strip():
        raise Unreadable("the body is empty")
    try:
        return json.loads(_decoded(body, content_type), parse_constant=_not_json)
    except RecursionError as error:
        raise Unreadable("the body is nested too deeply to be read") from error
    except ValueError as error:
        # The message of a JSONDecodeError holds a place, not the text; others hold neither.
        place = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the body is not JSON{place}") from None


def _decoded(body: bytes, content_type: str) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        charset = re.search(r"charset=\"?([\w.:-]+)", content_type, re.IGNORECASE)
        if charset is None:
            raise Unreadable("the body is not UTF-8 and names no other character set") from None
    try:
        return body.decode(charset[1])
    except (LookupError, ValueError) as error:
        raise Unreadable("the body is not in the character set that it names") from error


def _not_json(name: str) -> NoReturn:
    raise Unreadable(f"the body holds {name}, which is not JSON")


# --- parts of an object -------------------------------------------------------------------------


def section(parent: Json, key: str) -> Json:
    """A required object."""
    value = parent.get(key)
    if not isinstance(value, dict):
        unreadable(key, "an object", value)
    return value


def optional_section(parent: Json, key: str) -> Json:
    """An object, or an empty one where it is missing or null."""
    value = parent.get(key)
    return {} if value is None else section(parent, key)


def sections(parent: Json, key: str) -> list[Json]:
    """A list of objects, or an empty one where it is missing or null."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        unreadable(key, "a list", value)
    for one in value:
        if not isinstance(one, dict):
            unreadable(f"an item of {key}", "an object", one)
    return value


# --- values -------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Text that DynamoDB, JSON and UTF-8 accept: NUL and controls dropped, line ends as LF.

    Halves of surrogate pairs become U+FFFD, so that the loss is visible.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not (text.isascii() and text.isprintable()) and _UNCLEAN.search(text):
        text = _UNCLEAN.sub("", _SURROGATE.sub("\ufffd", text))
    return text.strip()


def text(value: object, where: str) -> str:
    """Clean text; empty where it is missing or null."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    unreadable(where, "text", value)


def identifier(value: object, where: str) -> str:
    """A required id: text or a whole number, 1 to 255 characters."""
    found = optional_identifier(value, where)
    if found is None:
        unreadable(where, "an id", None)
    return found


def optional_identifier(value: object, where: str) -> str | None:
    """An id, or None where it is missing, null or empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 10**30:
            raise Unreadable(f"{where} is a number too long for an id")
        return str(value)
    found = text(value, where)
    if len(found) > MAX_ID:
        raise Unreadable(f"{where} has {len(found)} characters; an id has at most {MAX_ID}")
    return found or None


def number(value: object, where: str) -> float:
    """A finite number; text that holds one counts, with a point or a comma."""
    try:
        if isinstance(value, str):
            found = float(value.strip().replace(",", "."))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = float(value)
        else:
            unreadable(where, "a number", value)
    except (ValueError, OverflowError):
        unreadable(where, "a number", value)
    if not math.isfinite(found):
        raise Unreadable(f"{where} is not a finite number")
    return found


def optional_number(value: object, where: str) -> float | None:
    """A finite number, or None where it is missing, null or empty."""
    return None if value is None or value == "" else number(value, where)


def duration_s(value: object, where: str) -> float | None:
    """Seconds from 0 to a year, or None where they are missing."""
    seconds = optional_number(value, where)
    if seconds is not None and not 0 <= seconds <= MAX_DURATION_S:
        raise Unreadable(f"{where} is not a duration between 0 s and a year")
    return seconds


_YES = frozenset({"true", "yes", "1", "kyllä", "ja"})
_NO = frozenset({"false", "no", "0", "ei", "nej"})
_TRUTH = "true or false (or yes, no, kyllä, ei, ja, nej, 1, 0)"


def truth(value: object, where: str) -> bool | None:
    """True, false, or None where it is missing, null or empty."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _YES or word in _NO:
        return word in _YES
    return None if word == "" else unreadable(where, _TRUTH, value)


def labels(value: object, where: str) -> tuple[str, ...]:
    """Tags: a list of texts, or one text of words parted by blanks or commas."""
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not isinstance(value, list):
        unreadable(where, "a list of tags", value)
    found = (identifier(one, where) for one in value if one not in (None, ""))
    return tuple(dict.fromkeys(found))


_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


def language(value: object, where: str) -> str | None:
    """The primary subtag, lower case: 'fi' of 'fi-FI'. None where it is no language tag."""
    match = _LANGUAGE.fullmatch(text(value, where))
    return match[1].lower() if match else None


# --- times --------------------------------------------------------------------------------------


def plausible(moment: datetime, where: str) -> datetime:
    """The moment in UTC; Unreadable outside the years that a vendor's clock may name."""
    if EARLIEST <= moment <= LATEST:
        return moment.astimezone(UTC)
    raise Unreadable(f"{where} is not a time between {EARLIEST.year} and {LATEST.year}")


def iso_time(value: object, where: str) -> datetime:
    """RFC 3339 with its zone; digits under a microsecond are dropped."""
    if not isinstance(value, str):
        unreadable(where, "an ISO 8601 time", value)
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Unreadable(f"{where} is not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise Unreadable(f"{where} has no time zone")
    return plausible(moment, where)


def unix_time(value: object, where: str) -> datetime:
    """Seconds since 1970."""
    seconds = number(value, where)
    if not EARLIEST.timestamp() <= seconds <= LATEST.timestamp():
        raise Unreadable(f"{where} is not a time between {EARLIEST.year} and {LATEST.year}")
    return datetime.fromtimestamp(seconds, UTC)


def mail_time(value: object, where: str) -> datetime:
    """RFC 2822: 'Mon, 2 Nov 2026 11:00:01 +0200'. Without a zone it is UTC (RFC 5322, -0000)."""
    if not isinstance(value, str):
        unreadable(where, "a date of RFC 2822", value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Unreadable(f"{where} is not a date of RFC 2822") from None
    return plausible(moment if moment.tzinfo else moment.replace(tzinfo=UTC), where)
