"""The process: uvicorn around the application, and how both end."""

from __future__ import annotations

from socket import socket
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from model_image.server import Server

#: For answers that are still being sent once all work is done.
SENDING_S = 2


class _Process(uvicorn.Server):
    """On SIGTERM refuses with 503 and finishes its work before it closes the port.

    uvicorn closes the port first: whoever asked then would meet a closed door instead of a word
    to ask elsewhere, and what outlasts its patience a bare 500.
    """

    def __init__(self, config: uvicorn.Config, served: Server) -> None:
        super().__init__(config)
        self.served = served

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.served.draining = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        await self.served.drain()
        await super().shutdown(sockets)


def run(app: Starlette, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,  # a line a request says nothing that the worker's line does not
        log_level="warning",
        timeout_graceful_shutdown=SENDING_S,
    )
    _Process(config, app.state.server).run()
