"""Samples: a connector's recorded requests with fresh ids and times, or one made from a mapping.

The recordings are those that the tests read (tests/fixtures), so that what an integrator sends and
what is tested cannot drift apart; nothing of them ships to Lambda.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.errors import HubError
from chalicelib.interaction import Channel, Event
from infra.paths import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
MAPPED = "from-mapping"

#: Times further than this from the recording's are data (a date of birth), not its clock.
_BEFORE, _AFTER = timedelta(days=400), timedelta(days=3)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}(?P<t>T|t| |%20|\+)\d{2}(?P<c>:|%3A)\d{2}(?:(?P=c)\d{2}(?P<f>\.\d{1,9})?)?"
    r"(?P<z>Z|z|(?:[+-]|%2B)\d{2}(?::|%3A)?\d{2})?"
)
_UNIX = re.compile(r"(?<![\w.-])(\d{10})(\d{3}|\d{6})?(?![\w-])")
_MAIL = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov"
    r"|Dec) \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}"
)
_DROPPED = frozenset({"host", "content-length", "connection"})


@dataclass(frozen=True)
class Sample:
    """One recorded request, or one to be made from a source's own mapping."""

    event: str
    request: Request
    at: datetime
    source: Source  # as it was recorded


def samples(connector: str, folder: Path = FIXTURES) -> Iterator[Sample]:
    """The recordings of a connector that it reads, by name."""
    for path in sorted((folder / connector).glob("*.http")):
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if "unreadable" in told:
            continue
        source = told["source"]
        channel = source.get("channel")
        yield Sample(
            event=path.stem,
            request=_parsed(path.read_bytes()),
            at=datetime.fromisoformat(told["at"]),
            source=Source(
                source["name"],
                connector,
                source.get("touchpoint"),
                Channel(channel) if channel else None,
                source.get("options", {}),
            ),
        )


def _parsed(raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    kept = {k.lower(): v for k, v in headers.items() if k.lower() not in _DROPPED}
    return Request(method, path, kept, body)


def fresh(sample: Sample, url: str, now: datetime, seed: int | None = None) -> Request:
    """The recorded request as if it happened now, to `url`: unsigned, of an identity of its own.

    What cannot be made fresh without spoiling it (a form that is encoded twice) stays as it was;
    sent again, it is a duplicate.
    """
    connector = CONNECTORS[sample.source.connector]
    query = sample.request.url.partition("?")[2]
    request = replace(sample.request, url=f"{url}?{query}" if query else url)
    before = _read(connector, request, sample.source, sample.at)
    if before is None:
        return request
    dice = random.Random(seed)
    renamed = _renamed(request.body.decode("latin-1"), before, dice, sample.at)
    for text in (
        _moved(renamed, sample.at, now),
        renamed,
        _moved(request.body.decode("latin-1"), sample.at, now),
    ):
        made = replace(request, body=text.encode("latin-1"))
        after = _read(connector, made, sample.source, now)
        if after is not None and _alike(before, after):
            return made
    return request


def _read(
    connector: Connector, request: Request, source: Source, at: datetime
) -> list[Event] | None:
    try:
        return list(connector.events(request, source, at))
    except HubError:
        return None


def _alike(before: list[Event], after: list[Event]) -> bool:
    def shape(events: list[Event]) -> list[tuple[Any, ...]]:
        return [(e.kind, e.role, e.channel, e.text, e.ratings, e.language) for e in events]

    return shape(before) == shape(after)


def _renamed(body: str, events: list[Event], dice: random.Random, at: datetime) -> str:
    """The body with other ids of the same form, everywhere the same."""
    ids = {i for e in events for i in (e.event_id, e.interaction_id, e.message_id)}
    tokens = {token for i in ids for token in (i, *re.split(r"[^A-Za-z0-9_-]+", i))}
    for token in sorted(tokens, key=lambda token: (-len(token), token)):
        if len(token) < 3 or not any(c.isdigit() for c in token) or _is_time(token, at):
            continue
        other = _like(token, dice)
        body = re.sub(rf"(?<![A-Za-z0-9]){re.escape(token)}(?![A-Za-z0-9])", other, body)
    return body


def _is_time(token: str, at: datetime) -> bool:
    if token.isdigit() and len(token) == 4:
        return abs(int(token) - at.year) < 3
    return _near(_unix(token), at) if token.isdigit() else bool(_ISO.fullmatch(token))


def _like(token: str, dice: random.Random) -> str:
    """Random, with a digit for a digit and a letter for a letter; hexadecimal stays so."""
    letters = "abcdef" if re.fullmatch(r"[0-9a-fA-F-]+", token) else "abcdefghjkmnpqrstuvwxyz"
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


def _moved(body: str, at: datetime, now: datetime) -> str:
    """The body with every time near the recording's as far from now as it was from then."""
    shift = timedelta(seconds=int((now - at).total_seconds()))

    def moved(change: Callable[[re.Match[str]], str | None]) -> Callable[[re.Match[str]], str]:
        return lambda found: change(found) or found[0]

    def iso(found: re.Match[str]) -> str | None:
        plain = found[0].replace("%3A", ":").replace("%2B", "+").replace("%20", " ")
        if found["t"] == "+":
            plain = plain.replace("+", " ", 1)
        then = _iso(plain)
        if then is None or not _near(then, at):
            return None
        told = (then + shift).astimezone(then.tzinfo) if then.tzinfo else then + shift
        text = (
            found["t"]
            .join(
                (
                    f"{told:%Y-%m-%d}",
                    f"{told:%H:%M:%S}" if plain.count(":") > 1 else f"{told:%H:%M}",
                )
            )
            .replace(":", found["c"])
        )
        return text + (found["f"] or "") + (found["z"] or "")

    def unix(found: re.Match[str]) -> str | None:
        if not _near(_unix(found[0]), at):
            return None
        return f"{int(found[1]) + int(shift.total_seconds())}{found[2] or ''}"

    def mail(found: re.Match[str]) -> str | None:
        then = parsedate_to_datetime(found[0])
        return format_datetime(then + shift) if _near(then, at) else None

    body = _ISO.sub(moved(iso), body)
    body = _UNIX.sub(moved(unix), body)
    return _MAIL.sub(moved(mail), body)


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


# -- a sample from the source's own mapping --------------------------------------------------

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_EQUALS = re.compile(r"\s*([\w.]+)\s*==\s*'([^']*)'\s*")
_TEXT = "Tilaus tuli perille ajallaan, kiitos! Sohvan toinen jalka puuttui paketista."


def from_mapping(
    source: Source, url: str, now: datetime, seed: int | None = None
) -> Request | None:
    """A request that a source's own mapping reads; None where it has none, or a clever one."""
    mapping = source.options.get("mapping")
    if not isinstance(mapping, dict):
        return None
    number = f"sample-{random.Random(seed).getrandbits(48):012x}"
    values = {
        **dict.fromkeys(("id", "event_id", "interaction_id", "message_id"), number),
        **dict.fromkeys(("time", "occurred_at"), now.isoformat(timespec="seconds")),
        **{"text": _TEXT, "language": "fi", "customer": "sample-customer", "role": "customer"},
        **{"nps": 9, "csat": 4, "ces": 6, "stars": 4, "tags": ["sample"]},
    }
    body: dict[str, Any] = {}
    for part in str(source.options.get("only", "")).split("&&"):
        if found := _EQUALS.fullmatch(part):
            _put(body, found[1], found[2])
    for column, expression in mapping.items():
        if column in values and _PATH.fullmatch(str(expression)):
            _put(body, str(expression), values[column])
    headers = {"content-type": "application/json"}
    return Request("POST", url, headers, json.dumps(body, ensure_ascii=False).encode())


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
        if not isinstance(body, dict):
            return
    body[last] = value
