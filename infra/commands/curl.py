"""A request as a `curl` line that a person can paste."""

from __future__ import annotations

import shlex
from pathlib import Path

from chalicelib.connectors.base import Request

_SUFFIXES = {"application/json": ".json", "application/x-www-form-urlencoded": ".form"}


def curl_line(request: Request, name: str, folder: Path) -> str:
    """A command that sends a signed request; its body goes to a file, whose bytes are signed."""
    folder.mkdir(parents=True, exist_ok=True)
    body = folder / f"{name}{_SUFFIXES.get(request.content_type, '.body')}"
    body.write_bytes(request.body)
    headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in request.headers.items()]
    method = [] if request.method == "POST" else [f"-X {request.method}"]
    data = [f"--data-binary @{shlex.quote(str(body))}"] if request.body else []
    return " ".join(["curl -i", *method, *headers, *data, shlex.quote(request.url)])
