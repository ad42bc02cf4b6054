"""The server's process under load: requests of a size from several callers at once."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from model_image import wire

READY_S = 300.0


@dataclass(frozen=True)
class Load:
    """What the callers saw. Times are wall, so another job on the machine shows in them.

    `cpu_s` a text is of the server's process; nan where /proc does not tell it.
    """

    requests: int
    texts_per_s: float
    p50_s: float
    p99_s: float
    computed_to_real: float
    cpu_s: float


@contextmanager
def serving(directory: Path, environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """(port, process id) of a server that is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    where = ["--host", "127.0.0.1", "--port", str(port), "--model", str(directory)]
    log = tempfile.TemporaryFile()  # noqa: SIM115 closed below
    process = subprocess.Popen(  # noqa: S603 our own code
        [sys.executable, "-m", "model_image", "--backend", "encoder", *where],
        env={**os.environ, **environment},
        stderr=log,
    )
    try:
        deadline = time.monotonic() + READY_S
        while not _ready(port):
            if time.monotonic() > deadline or process.poll() is not None or _failed(port):
                log.seek(0)
                said = log.read().decode(errors="replace")[-500:]
                raise RuntimeError(f"the server did not become ready: {said}")
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(40)
        log.close()


def load(
    server: tuple[int, int],
    texts: Sequence[str],
    taxonomy: Any,
    callers: int,
    size: int,
    seconds: float,
) -> Load:
    """`callers` send requests of `size` texts, each as soon as its last is answered."""
    port, process = server
    bodies = [_body(texts[i : i + size], taxonomy) for i in range(0, len(texts) - size + 1, size)]
    taken: list[float] = []
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    _post(connection, bodies[0])  # the taxonomy's wordings are read once, and not counted
    end = time.monotonic() + seconds

    def call(place: int) -> None:
        own = HTTPConnection("127.0.0.1", port, timeout=120)
        while time.monotonic() < end:
            began = time.perf_counter()
            _post(own, bodies[place % len(bodies)])
            taken.append(time.perf_counter() - began)
            place += callers

    began, cpu = time.monotonic(), _cpu_s(process)
    threads = [threading.Thread(target=call, args=(place,)) for place in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s, cpu = time.monotonic() - began, _cpu_s(process) - cpu
    taken.sort()
    return Load(
        requests=len(taken),
        texts_per_s=len(taken) * size / wall_s,
        p50_s=statistics.median(taken),
        p99_s=taken[min(len(taken) - 1, int(0.99 * len(taken)))],
        computed_to_real=_metric(port, "oivallus_model_computed_to_real"),
        cpu_s=cpu / (len(taken) * size),
    )


def _cpu_s(process: int) -> float:
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _body(texts: Sequence[str], taxonomy: Any) -> bytes:
    return json.dumps(
        {
            "schema": wire.REQUEST_SCHEMA,
            "taxonomy": taxonomy,
            "texts": [{"id": str(i), "text": text} for i, text in enumerate(texts)],
            "want": ["embedding", "personal_data"],
        }
    ).encode()


def _post(connection: HTTPConnection, body: bytes) -> None:
    connection.request("POST", "/invocations", body, {"content-type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"the server answered {response.status}: {answer[:200]!r}")


def _ready(port: int) -> bool:
    try:
        return _get(port, "/ping")[0] == 200
    except OSError:
        return False


def _failed(port: int) -> bool:
    try:
        return "loading failed" in _get(port, "/ping")[1]
    except OSError:
        return False


def _get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _metric(port: int, name: str) -> float:
    page = _get(port, "/metrics")[1]
    return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))
