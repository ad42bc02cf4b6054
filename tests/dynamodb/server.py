"""Start dynalite, which `make test` installs where there is npm."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

_CLI = Path(__file__).parents[2] / ".venv/dynalite/node_modules/dynalite/cli.js"
_START_S = 20


def missing() -> str:
    """Why dynalite cannot run here; empty when it can."""
    if shutil.which("node") is None:
        return "there is no Node.js"
    return "" if _CLI.exists() else "dynalite is not installed: make .venv/dynalite"


def left_out(why: str) -> NoReturn:
    """Skip the test that wants dynalite; in CI fail, for nobody reads there what was skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"{why}: in CI the storage tests run against the second DynamoDB too")
    pytest.skip(why)


@contextmanager
def dynalite() -> Iterator[str]:
    """A dynalite in memory; gives its URL. Raises TimeoutError when it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Not npx, which would leave an orphan. Tables come and go at once.
    times = [f"--{change}TableMs=0" for change in ("create", "delete", "update")]
    process = subprocess.Popen(
        ["node", str(_CLI), "--host", "127.0.0.1", "--port", str(port), *times],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"dynalite did not start in {_START_S} s")
