"""The process around the server: it starts, answers, and ends on SIGTERM."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.model_image.callers import wait
from tests.model_image.conftest import Json, body

ROOT = Path(__file__).parents[2]
Process = tuple[subprocess.Popen[bytes], str]
SERVE = ("-m", "model_image", "serve", "--host", "127.0.0.1", "--port")
NEVER_DONE = """
import sys
from model_image.process import run
from model_image.server import Limits, create_app
from tests.model_image.test_server import Gate

class Shut(Gate):
    def warm_up(self): pass

run(create_app(lambda: Shut(is_open=False), Limits(drain_s=4)), "127.0.0.1", int(sys.argv[1]))
"""


@contextmanager
def _process(*command: str) -> Iterator[Process]:
    """A real server on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, *command, str(port)], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        if server.poll() is None:
            server.kill()
        server.wait(5)
        if server.stderr:
            server.stderr.close()


def _log(server: subprocess.Popen[bytes]) -> str:
    """All that it said, once it has ended by SIGTERM."""
    assert server.wait(20) in (0, -signal.SIGTERM)
    assert server.stderr is not None
    return server.stderr.read().decode()


def test_the_process_starts_answers_and_drains_on_sigterm(furniture: Json) -> None:
    # Enough work to be in flight still when the signal comes.
    long = body(*["Lasku on väärin, summa ei täsmää. " * 40] * 300, taxonomy=furniture)
    with _process(*SERVE) as (server, url), ThreadPoolExecutor(1) as caller:
        wait(lambda: _ping(url) == 200, 60)
        answer = caller.submit(_post, url, long)
        wait(lambda: "waiting_tokens 0.0" not in _metrics(url))
        server.send_signal(signal.SIGTERM)
        status, results = answer.result(timeout=60)
        assert status == 200
        assert len(results["results"]) == 300
        log = _log(server)
    assert "texts=300" in log
    assert "täsmää" not in log


def test_a_process_that_ends_says_so_to_all_who_ask() -> None:
    """Its port stays open while it finishes; what does not end in time is to be asked again."""
    text = body("Hei", taxonomy={"hash": "x", "themes": []})
    with _process("-c", NEVER_DONE) as (server, url), ThreadPoolExecutor(1) as caller:
        wait(lambda: _ping(url) == 200, 60)
        stuck = caller.submit(_post, url, text)
        wait(lambda: "waiting_tokens 0.0" not in _metrics(url))
        server.send_signal(signal.SIGTERM)
        wait(lambda: _ping(url) == 503)
        for refused in (_post(url, text), stuck.result(timeout=60)):
            assert refused[0] == 503
            assert refused[1]["error"] == "the server is shutting down"
            assert refused[1]["after"]
        log = _log(server)
    assert "1 requests did not end in time" in log
    assert "Traceback" not in log


def _ping(url: str) -> int:
    try:
        with urlopen(f"{url}/ping", timeout=10) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return 0


def _metrics(url: str) -> str:
    with urlopen(f"{url}/metrics", timeout=20) as response:
        return str(response.read().decode())


def _post(url: str, content: Json) -> tuple[int, Json]:
    sent = Request(
        f"{url}/invocations",
        json.dumps(content).encode(),
        {"content-type": "application/json"},
    )
    try:
        with urlopen(sent, timeout=60) as response:
            return response.status, json.loads(response.read())
    except HTTPError as error:
        return error.code, {**json.loads(error.read()), "after": error.headers["retry-after"]}
