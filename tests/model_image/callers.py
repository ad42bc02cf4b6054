"""Callers of a server in this process who may send slowly, wait, and hang up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from model_image.server import Server


class Caller:
    """One request under way: `status` is None until it is answered."""

    def __init__(self, server: Server, content_type: str, body: bytes | None) -> None:
        """A `body` of None is never sent."""
        self.body, self.gone, self.asked = body, asyncio.Event(), False
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/invocations",
            "headers": [(b"content-type", content_type.encode())],
        }
        self.task = asyncio.create_task(server.invoke(Request(scope, self._receive)))

    async def _receive(self) -> Any:
        if self.body is not None and not self.asked:
            self.asked = True
            return {"type": "http.request", "body": self.body, "more_body": False}
        self.asked = True
        await self.gone.wait()
        return {"type": "http.disconnect"}

    def hang_up(self) -> None:
        """Leave without an answer."""
        self.gone.set()

    async def answer(self) -> Response:
        """What the server says."""
        return await asyncio.wait_for(self.task, 10)


def wait(condition: Callable[[], bool], limit_s: float = 5) -> None:
    """Wait in a thread of its own for something to become true."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something to become true, 10 s at most."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
