"""Make a recorded request new: other ids of the same form, and its times moved to now.

Only form matters here, not any vendor's fields: what looks like an id or like a time near the
recording is changed, everywhere the same. Whoever calls checks that the connector still reads it.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from chalicelib.connectors.base import Request

#: Times further than this from the recording's are data (a date of birth), not its clock.
_BEFORE, _AFTER = timedelta(days=400), timedelta(days=3)
#: A shorter id is changed only where it is a whole value: "id": 36.
_LONG = 3
_ID_KEY = re.compile(r"(?i)(?:^|_|[a-z])(?:id|mid|uuid|guid|sid|number)$")
_SHORT = re.compile(r"(\D*)\d{1,5}")
_MESSAGE_ID = re.compile(r"(?i)(?:message-id|in-reply-to|references)\W{1,6}<([^@<>\s]+)@")
_JWT = re.compile(rb"([\w-]+)\.([\w-]+)\.([\w-]*)")
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?P<t>T|t| |%20|\+)\d{2}(?P<c>:|%3A)\d{2}(?:(?P=c)\d{2}(?P<f>\.\d{1,9})?)?"
    r"(?P<z>Z|z|(?:[+-]|%2B)\d{2}(?::|%3A)?\d{2})?"
)
_UNIX = re.compile(r"(?<![\w.-])(\d{10})(\d{3}|\d{6})?(?![\w-])")
_SPACE, _COLON = r"(?: |\+|%20)", r"(?::|%3A)"  # as in a mail, or encoded in a form
_MAIL = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:,|%2C){_SPACE})?\d{{1,2}}{_SPACE}"
    rf"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec){_SPACE}\d{{4}}{_SPACE}"
    rf"\d{{2}}{_COLON}\d{{2}}{_COLON}\d{{2}}{_SPACE}(?:[+-]|%2B)\d{{4}}"
)

Change = Callable[[str], str]


def changed(
    request: Request, ids: Iterable[str], at: datetime, move: Change, seed: int | None
) -> Request:
    """The request with these ids changed and every text put through `move`."""
    names = _names(ids, random.Random(seed), at)
    headers = {name: move(_renamed(value, names)) for name, value in request.headers.items()}
    url = _renamed(request.url, names)
    jwt = _JWT.fullmatch(request.body.strip())
    if jwt:
        claims = _json(base64.urlsafe_b64decode(jwt[2] + b"=="), names, move)
        body = b".".join((jwt[1], base64.urlsafe_b64encode(claims).rstrip(b"="), jwt[3]))
    else:
        body = _json(request.body, names, move)
    return replace(request, url=url, headers=headers, body=body)


def _json(body: bytes, names: Mapping[str, str], move: Change) -> bytes:
    """The body changed value by value if it is JSON, else as one text."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return move(_renamed(body.decode("latin-1"), names)).encode("latin-1")
    return json.dumps(_walked(content, names, move), ensure_ascii=False).encode()


def _walked(value: Any, names: Mapping[str, str], move: Change) -> Any:
    if isinstance(value, dict):
        return {key: _walked(of, names, move) for key, of in value.items()}
    if isinstance(value, list):
        return [_walked(item, names, move) for item in value]
    if isinstance(value, str):
        return names.get(value) or move(_renamed(value, names))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(names.get(str(value)) or move(str(value)))
    return float(move(str(value))) if isinstance(value, float) else value


def id_values(request: Request) -> Iterator[str]:
    """What stands in the body, or in its headers if it is a mail, under a name such as 'id'."""
    jwt = _JWT.fullmatch(request.body.strip())
    try:
        body = base64.urlsafe_b64decode(jwt[2] + b"==") if jwt else request.body
        yield from _ids(json.loads(body))
    except (ValueError, RecursionError):
        yield from _MESSAGE_ID.findall(request.body.decode("latin-1"))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, of in value.items():
            named = isinstance(of, str | int) and not isinstance(of, bool)
            if named and _ID_KEY.search(str(key)):
                yield str(of)
            elif isinstance(of, str):
                yield from _MESSAGE_ID.findall(of)
            else:
                yield from _ids(of)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


def _names(ids: Iterable[str], dice: random.Random, at: datetime) -> dict[str, str]:
    """A new name for each id and each part of one, the longest first."""
    # A time inside an id moves with the times.
    bare = {_ISO.sub(" ", i) for i in ids}
    tokens = {token for i in bare for token in (i, *re.split(r"[^A-Za-z0-9_-]+", i))}
    return {
        token: _like(token, dice)
        for token in sorted(tokens, key=lambda token: (-len(token), token))
        if any(c.isdigit() for c in token) and not _is_time(token, at)
    }


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        if len(old) >= _LONG and old in text:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])", new, text)
    return text


def _like(token: str, dice: random.Random) -> str:
    """Random, with a digit for a digit and a letter for a letter; hexadecimal stays so."""
    letters = "abcdef" if re.fullmatch(r"[0-9a-fA-F-]+", token) else "abcdefghjkmnpqrstuvwxyz"
    short = _SHORT.fullmatch(token)
    if short:
        return f"{short[1]}{dice.randrange(10**8, 10**9)}"  # few digits would soon repeat
    made = []
    for place, old in enumerate(token):
        if old.isdigit():
            made.append(dice.choice("123456789" if place == 0 else "0123456789"))
        elif old.isalpha() and old.isascii() and any(c.isdigit() for c in token[:place]):
            # What stands before the first digit is often a prefix that tells the kind of id.
            new = dice.choice(letters)
            made.append(new.upper() if old.isupper() else new)
        else:
            made.append(old)
    return "".join(made)


def _is_time(token: str, at: datetime) -> bool:
    if token.isdigit() and len(token) == 4:
        return abs(int(token) - at.year) < 3
    return _near(_unix(token), at) if token.isdigit() else bool(_ISO.fullmatch(token))


def mover(at: datetime, now: datetime) -> Change:
    """Puts every time near `at` in a text as far from `now` as it was from then."""
    shift = timedelta(seconds=int((now - at).total_seconds()))

    def iso(found: re.Match[str]) -> str:
        plain = found[0].replace("%3A", ":").replace("%2B", "+").replace("%20", " ")
        if found["t"] == "+":
            plain = plain.replace("+", " ", 1)
        then = _iso(plain)
        if then is None or not _near(then, at):
            return found[0]
        clock = "%H:%M:%S" if plain.count(":") > 1 + (plain[-3] == ":") else "%H:%M"
        told = f"{then + shift:%Y-%m-%d}{found['t']}{then + shift:{clock}}"
        return told.replace(":", found["c"]) + (found["f"] or "") + (found["z"] or "")

    def unix(found: re.Match[str]) -> str:
        if not _near(_unix(found[0]), at):
            return found[0]
        return f"{int(found[1]) + int(shift.total_seconds())}{found[2] or ''}"

    def mail(found: re.Match[str]) -> str:
        encoded = "%3A" in found[0]
        then = parsedate_to_datetime(unquote_plus(found[0]) if encoded else found[0])
        if not _near(then, at):
            return found[0]
        told = format_datetime(then + shift)
        return quote_plus(told) if encoded else told

    return lambda text: _MAIL.sub(mail, _UNIX.sub(unix, _ISO.sub(iso, text)))


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def _unix(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text[:10]), UTC) if len(text) >= 10 else None


def _near(then: datetime | None, at: datetime) -> bool:
    if then is None:
        return False
    aware = then if then.tzinfo else then.replace(tzinfo=UTC)
    return at - _BEFORE <= aware <= at + _AFTER
