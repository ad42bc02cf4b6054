"""Records <-> bytes: how events, interactions and summaries lie in the tables."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, TypeVar

from chalicelib.adapters.telemetry import warn
from chalicelib.connectors.base import Request
from chalicelib.interaction import Enrichment, Event
from chalicelib.summary import EMPTY, Cell, Summary

K = TypeVar("K")


@dataclass(frozen=True)
class State:
    """What is stored of one interaction: all that a fold needs, so raw payloads may expire.

    `events` are redacted. `version` 0 means: not stored yet. `contribution` is what the
    summaries hold of it at this version.
    """

    key: str
    version: int = 0
    events: tuple[Event, ...] = ()
    enrichments: Mapping[str, Enrichment] = field(default_factory=dict)
    contribution: Summary = EMPTY
    organisation: str = ""  # hash of the organisation.yaml that the contribution was counted with


@dataclass(frozen=True)
class _Body:
    events: tuple[Event, ...]
    enrichments: dict[str, Enrichment]
    contribution: dict[str, dict[str, int]]
    organisation: str


@cache
def _adapter(kind: Any) -> Any:
    # Building a validator costs milliseconds, and the webhook path needs only one of them.
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def dump_event(event: Event) -> bytes:
    return zlib.compress(_adapter(Event).dump_json(event, exclude_defaults=True), 1)


def load_event(data: bytes) -> Event:
    """Raises ValueError when the bytes are not a stored event."""
    event: Event = _load(Event, data)
    return event


def dump_state(state: State) -> bytes:
    body = _Body(
        state.events,
        dict(state.enrichments),
        _plain(state.contribution),
        state.organisation,
    )
    return zlib.compress(_adapter(_Body).dump_json(body, exclude_defaults=True), 6)


def load_state(key: str, version: int, data: bytes) -> State:
    body: _Body = _load(_Body, data)
    return State(
        key, version, body.events, body.enrichments, _summary(body.contribution), body.organisation
    )


def dump_summary(summary: Summary) -> bytes:
    return zlib.compress(json.dumps(_plain(summary), separators=(",", ":")).encode(), 6)


def load_summary(data: bytes) -> Summary:
    return _summary(json.loads(zlib.decompress(data)))


def cell_key(cell: Cell) -> str:
    """A cell as text; ids and channel names hold no '#'."""
    return "#".join((cell.day.isoformat(), *cell[1:]))


def read_cell(text: str) -> Cell:
    day, theme, touchpoint, channel, demand = text.split("#")
    return Cell(_day(day), theme, touchpoint, channel, demand)


_day = cache(date.fromisoformat)


# Headers that hold a secret itself, not a signature made with it.
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-webhook-token"}
)


def dump_request(request: Request) -> bytes:
    """A delivery as it came, without the headers that hold a secret; its body byte for byte."""
    headers = {k: v for k, v in request.headers.items() if k not in _SECRET_HEADERS}
    head = {"method": request.method, "url": request.url, "headers": headers}
    return zlib.compress(json.dumps(head).encode() + b"\n" + request.body, 1)


def load_request(data: bytes) -> Request:
    head, _, body = zlib.decompress(data).partition(b"\n")
    return Request(**json.loads(head), body=body)


@contextmanager
def collecting(broken: set[K] | None, key: K) -> Iterator[None]:
    """Let one record that cannot be read back not stop its batch: its key joins `broken`.

    Raises the ValueError of the reading where `broken` is None.
    """
    try:
        yield
    except ValueError as error:
        if broken is None:
            raise
        warn("a stored record cannot be read", key=str(key)[:120], why=str(error))
        broken.add(key)


def _load(kind: Any, data: bytes) -> Any:
    from pydantic import ValidationError

    try:
        return _adapter(kind).validate_json(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError("stored record is not compressed data") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        # Not chained: pydantic quotes the value, which may be a customer's words.
        raise ValueError(f"stored {kind.__name__} is of another form at {where}") from None


def _plain(summary: Summary) -> dict[str, dict[str, int]]:
    return {cell_key(cell): dict(counts) for cell, counts in summary}


def _summary(plain: Mapping[str, Mapping[str, int]]) -> Summary:
    return Summary({read_cell(key): counts for key, counts in plain.items()})
