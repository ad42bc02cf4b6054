"""The model endpoint's twin: model_image's own server as a process, behind SageMaker's URL."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.paths import ROOT

START_S = 60


class ModelServerFailed(RuntimeError):
    """The model server did not start; the text ends with what it said."""


@contextmanager
def model_server(log: Path) -> Iterator[str]:
    """Run `python -m model_image`; gives its URL once it answers /ping.

    Raises ModelServerFailed when it stops or is not ready within START_S.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "model_image", "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the hub, which still has work for it
        )
        try:
            _wait(process, url, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ModelServerFailed(
                f"the model server ended with {process.returncode}; {log} says: {_tail(log)}"
            )
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=2) as reply:  # noqa: S310
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    raise ModelServerFailed(f"the model server was not ready in {START_S} s; {log}: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:].strip() or "nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
