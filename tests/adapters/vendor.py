"""A vendor's server on this machine."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Vendor(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    asked: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked.append((self.command, self.path, headers, self.rfile.read(length)))
        path = self.path.partition("?")[0]
        if path == "/dripping":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"." * 70_000)
                time.sleep(0.05)
            return
        status, more, body = {
            "/large": (200, {}, b"x" * 2000),
            "/packed": (200, {"content-encoding": "gzip"}, gzip.compress(b"x" * 1_000_000)),
            "/moved": (302, {"location": "/plain?a=1"}, b""),
            "/away": (302, {"location": "https://files.example/x"}, b""),
            "/round": (302, {"location": "/round"}, b""),
            "/missing": (404, {}, b"no"),
            "/key": (200, {}, b"-----BEGIN PUBLIC KEY-----"),
            "/binary": (200, {}, b"\xff\xfe"),
        }.get(path, (200, {"X-Reset": "7"}, b"\xc3\xa4"))
        self.send_response(status)
        for name, value in {**more, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A vendor at 127.0.0.1, or with a context one that speaks TLS; gives its host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    Vendor.asked = []
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
