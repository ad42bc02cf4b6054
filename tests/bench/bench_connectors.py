"""CPU time of verify + events per connector, beside parsing the same body alone.

`python -m tests.bench.bench_connectors` prints one line per connector: the floor (json.loads,
parse_qsl of a form, the standard library's MIME parser of a multipart body), our time, and the
ratio, all from one run. Each is the best of seven rounds, summed over the connector's recorded
requests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email import message_from_bytes
from urllib.parse import parse_qsl

from rich.console import Console
from rich.table import Table

from chalicelib.connectors import CONNECTORS
from tests.connectors.recordings import Recording, recordings

ROUNDS, REPEATS = 7, 40


def microseconds(work: Callable[[], object]) -> float:
    """The best CPU time of one call, µs."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time_ns()
        for _ in range(REPEATS):
            work()
        best = min(best, time.process_time_ns() - started)
    return best / REPEATS / 1000


def floor(recording: Recording) -> None:
    """What nobody can do without: the body as Python values."""
    body = recording.request.body
    if "urlencoded" in recording.request.content_type:
        parse_qsl(body.decode(), keep_blank_values=True)
        return
    try:
        json.loads(body)
    except ValueError:  # a multipart form, a signed token
        kind = recording.request.headers.get("content-type", "text/plain")
        message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)


def verify(recording: Recording) -> None:
    recording.connector.verify(recording.request, [recording.secret], recording.at)


def ours(recording: Recording) -> None:
    """A whole delivery, as the handler reads it."""
    verify(recording)
    recording.connector.handshake(recording.request)
    recording.connector.events(recording.request, recording.source, recording.at)


def main() -> None:
    table = Table("connector", title="CPU µs per delivery, mean over the recorded requests")
    for heading in ("requests", "bytes", "parse alone", "verify", "verify + events", "ratio"):
        table.add_column(heading, justify="right")
    for name in CONNECTORS:
        chosen = [r for r in recordings() if r.connector.name == name and "events" in r.expected]
        if name == "rows":
            continue  # files: measured by rows a second, with `hub import`
        if not chosen:
            continue
        n = len(chosen)
        parse = sum(microseconds(lambda r=r: floor(r)) for r in chosen) / n  # type: ignore[misc]
        proof = sum(microseconds(lambda r=r: verify(r)) for r in chosen) / n  # type: ignore[misc]
        whole = sum(microseconds(lambda r=r: ours(r)) for r in chosen) / n  # type: ignore[misc]
        size = sum(len(r.request.body) for r in chosen) // n
        cells = (n, size, *(f"{value:.1f}" for value in (parse, proof, whole, whole / parse)))
        table.add_row(name, *map(str, cells))
    Console().print(table)


if __name__ == "__main__":
    main()
