"""Recorded requests: `tests/fixtures/<connector>/<event>.http` and what comes of them, `.json`.

The `.http` file is the request as the vendor sends it, signed with the `.json`'s secret at its
time. `python -m tests.connectors.recordings` signs every recording again and rewrites every
expectation, for a reviewer to read in the diff.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.connectors import CONNECTORS
from chalicelib.connectors.base import Connector, Request, Source
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Channel, Event

HOST = "https://hub.havuvakka.example"
FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True)
class Recording:
    """One recorded request and its set-up. `expected` has one key: events, skipped, …"""

    path: Path
    request: Request
    at: datetime
    secret: str
    source: Source
    expected: Mapping[str, Any]

    @property
    def connector(self) -> Connector:
        return CONNECTORS[self.path.parent.name]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"


def recordings() -> list[Recording]:
    """Every recording of the connectors in the registry."""
    paths = (path for name in CONNECTORS for path in sorted((FIXTURES / name).glob("*.http")))
    return [load(path) for path in paths]


def load(path: Path) -> Recording:
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    source = told["source"]
    channel = source.get("channel")
    return Recording(
        path=path,
        request=parsed(path.read_bytes()),
        at=datetime.fromisoformat(told["at"]),
        secret=told["secret"],
        source=Source(
            name=source["name"],
            connector=path.parent.name,
            touchpoint=source.get("touchpoint"),
            channel=Channel(channel) if channel else None,
            options=source.get("options", {}),
        ),
        expected={k: v for k, v in told.items() if k not in ("at", "secret", "source")},
    )


def recording(name: str) -> Recording:
    """'zendesk/ticket_created'."""
    return load(FIXTURES / f"{name}.http")


def changed(name: str, change: Callable[[Any], object], **options: Any) -> list[Event]:
    """The events of a recording after a change of its JSON."""
    one = recording(name)
    payload = json.loads(one.request.body)
    change(payload)
    request = replace(one.request, body=json.dumps(payload).encode())
    source = replace(one.source, options=options or one.source.options)
    return list(one.connector.events(request, source, one.at))


def parsed(raw: bytes) -> Request:
    """An HTTP/1.1 request as bytes."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    return Request(method, HOST + path, {k.lower(): v for k, v in headers.items()}, body)


def dumped(request: Request) -> bytes:
    """The bytes that `parsed` reads."""
    lines = [f"{request.method} {request.url.removeprefix(HOST)} HTTP/1.1"]
    lines += [f"{name.title()}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + request.body


def outcome(recording: Recording) -> dict[str, Any]:
    """What the connector makes of the request, as the `.json` writes it."""
    hello = recording.connector.handshake(recording.request)
    if hello:
        return {"handshake": hello.status}
    try:
        found = recording.connector.events(recording.request, recording.source, recording.at)
    except Skipped as error:
        return {"skipped": str(error)}
    except Unreadable as error:
        return {"unreadable": str(error)}
    return {"events": [as_json(event) for event in found]}


def as_json(event: Event) -> dict[str, Any]:
    """The fields that say something; the rest have their defaults."""
    told = {}
    for field in fields(Event):
        value = getattr(event, field.name)
        if value != field.default:
            told[field.name] = [asdict(r) for r in value] if field.name == "ratings" else value
    plain: dict[str, Any] = json.loads(json.dumps(told, default=datetime.isoformat))
    return plain


def rewrite(recording: Recording) -> None:
    """Sign the request again and write both files."""
    signed = recording.connector.sign(recording.request, recording.secret, recording.at)
    recording = replace(recording, request=signed)
    recording.path.write_bytes(dumped(signed))
    source = {k: v for k, v in asdict(recording.source).items() if v and k != "connector"}
    told = {
        "at": recording.at.isoformat(),
        "secret": recording.secret,
        "source": source,
        **outcome(recording),
    }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    recording.path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for one in recordings():
        rewrite(one)
