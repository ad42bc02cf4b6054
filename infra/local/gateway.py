"""API Gateway's twin: real HTTP in front of the Chalice app.

Chalice's own local server gives handlers another event than API Gateway does (bodies as bytes,
no path, path parameters not decoded, no chunked bodies) and delays each kept-alive request by
44 ms. This one follows the REST API's proxy event and limits:
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chalice.local import RouteMatcher

from infra.local.clock import Clock
from infra.local.functions import API, FunctionFailed, Functions

#: The moment at which a delivery of a replayed history comes. Ours: AWS would pass it on unread.
NOW_HEADER = "X-Hub-Now"

#: API Gateway takes bodies of 10 MB; Lambda takes events of 6 MB, which base64 fills at 4.5 MB.
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_EVENT_BYTES = 6 * 1024 * 1024


class Gateway:
    """Serves one app on 127.0.0.1 while entered.

    With `replaying`, a delivery may say when it comes (NOW_HEADER); else all come now.
    """

    def __init__(
        self, functions: Functions, stage: str, clock: Clock, port: int, *, replaying: bool
    ) -> None:
        own = {
            "functions": functions,
            "stage": stage,
            "clock": clock,
            "replaying": replaying,
            "matcher": RouteMatcher(list(functions.app.routes)),
        }
        handler = type("Handler", (_Handler,), own)
        self._server = _Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Gateway:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="gateway"
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    functions: Functions
    stage: str
    clock: Clock
    replaying: bool
    matcher: RouteMatcher
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, each answer waits 40 ms
    disable_nagle_algorithm = True
    timeout = 60

    def handle_method(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.close_connection = True
            return self._answer(400, {}, b'{"message": "Bad Request"}')
        if body is None:
            self.close_connection = True
            return self._answer(413, {}, b'{"message": "Request Entity Too Large"}')
        try:
            route = self.matcher.match_route(self.path)
        except ValueError:
            # What API Gateway says where it has no route.
            return self._answer(403, {}, b'{"message": "Missing Authentication Token"}')
        event = self._event(route.route, route.captured, body)
        if len(event["body"] or "") > MAX_EVENT_BYTES:
            return self._answer(413, {}, b'{"message": "Request Entity Too Large"}')
        try:
            with self.clock.at(self._told_now()):
                reply = self.functions.invoke(API, event)
        except FunctionFailed:
            return self._answer(502, {}, b'{"message": "Internal server error"}')
        return self._answer(*_unwrapped(reply))

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_method

    def _body(self) -> bytes | None:
        """The body; None when it is too large. Raises ValueError for broken framing."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked_body()
        length = int(self.headers.get("Content-Length") or 0)
        if length < 0:
            raise ValueError("negative Content-Length")
        if length <= MAX_BODY_BYTES:
            return self.rfile.read(length)
        left = min(length, 10 * MAX_BODY_BYTES)
        while left > 0:  # a client that still sends would not see the answer
            left -= len(self.rfile.read(min(left, 65536))) or left
        return None

    def _chunked_body(self) -> bytes | None:
        parts: list[bytes] = []
        total = 0
        while size := int(self.rfile.readline(1024).split(b";")[0], 16):
            total += size
            if total > MAX_BODY_BYTES:
                return None
            parts.append(self.rfile.read(size))
            self.rfile.readline(3)
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return b"".join(parts)

    def _told_now(self) -> datetime | None:
        told = self.headers.get(NOW_HEADER) if self.replaying else None
        try:
            moment = datetime.fromisoformat(told) if told else None
        except ValueError:
            return None
        return moment if moment and moment.tzinfo else None

    def _event(self, route: str, captured: Mapping[str, str], body: bytes) -> dict[str, Any]:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True) or None
        text, encoded = self._as_text(body)
        return {
            "resource": route,
            "path": url.path,
            "httpMethod": self.command,
            "headers": dict(self.headers.items()),
            "multiValueHeaders": {k: self.headers.get_all(k) for k in self.headers},
            "queryStringParameters": query and {k: v[-1] for k, v in query.items()},
            "multiValueQueryStringParameters": query,
            "pathParameters": {k: unquote(v) for k, v in captured.items()} or None,
            "stageVariables": None,
            "requestContext": {
                "httpMethod": self.command,
                "resourcePath": route,
                # As behind a custom domain: its mapping takes the stage out of the path.
                "path": url.path,
                "stage": self.stage,
                "protocol": self.request_version,
                "domainName": self.headers.get("Host", "").partition(":")[0],
                "requestId": str(uuid.uuid4()),
                "identity": {
                    "sourceIp": self.client_address[0],
                    "userAgent": self.headers.get("User-Agent"),
                },
            },
            "body": text,
            "isBase64Encoded": encoded,
        }

    def _as_text(self, body: bytes) -> tuple[str | None, bool]:
        """The body as API Gateway hands it over: base64 for binary media types, else text."""
        if not body:
            return None, False
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type in self.functions.app.api.binary_types:
            return base64.b64encode(body).decode(), True
        # Bytes that are not UTF-8 are lost, there as here.
        return body.decode("utf-8", "replace"), False

    def _answer(self, status: int, headers: Mapping[str, list[str]], body: bytes) -> None:
        self.send_response(status)
        for name, values in headers.items():
            for value in values:
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _unwrapped(reply: Mapping[str, Any]) -> tuple[int, dict[str, list[str]], bytes]:
    """A proxy response as (status, headers, body)."""
    headers = {name: [str(value)] for name, value in (reply.get("headers") or {}).items()}
    headers |= {name: list(of) for name, of in (reply.get("multiValueHeaders") or {}).items()}
    body = reply.get("body") or ""
    if not isinstance(body, str):
        body = json.dumps(body)
    content = base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode()
    return reply["statusCode"], headers, content
