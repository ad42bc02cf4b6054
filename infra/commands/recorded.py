"""Samples: a connector's recorded requests with fresh ids and times, or one made from a mapping.

The recordings are those that the tests read (tests/fixtures), so that what an integrator sends and
what is tested cannot drift apart; nothing of them ships to Lambda.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.errors import HubError
from chalicelib.interaction import Channel, Event
from infra.commands import freshening
from infra.paths import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
MAPPED = "from-mapping"

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

    What cannot be made fresh without spoiling it (an id that is a hash of the whole body) stays as
    it was; sent again, it is a duplicate.
    """
    connector = CONNECTORS[sample.source.connector]
    query = sample.request.url.partition("?")[2]
    request = replace(sample.request, url=f"{url}?{query}" if query else url)
    before = _read(connector, request, sample.source, sample.at)
    if before is None:
        return request
    told = {i for e in before for i in (e.event_id, e.interaction_id, e.message_id)}
    move = freshening.mover(sample.at, now)
    best = request
    all_ids = {*told, *freshening.id_values(request)}
    for change in (move, str):
        for ids in (all_ids, told, set[str]()):
            made = freshening.changed(request, ids, sample.at, change, seed)
            after = _read(connector, made, sample.source, now)
            if after is None or not _alike(before, after):
                continue
            if not {e.event_id for e in before} & {e.event_id for e in after}:
                return made
            best = made if best is request else best
    return best


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
