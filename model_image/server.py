"""The HTTP of a SageMaker container: GET /ping, POST /invocations. No model code.

Source: "Use your own inference code with hosting services", SageMaker developer guide.
`/endpoints/{name}/invocations` is the runtime API's own path, so that a boto3 client whose
AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME names this process reaches it with nothing between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from model_image import wire
from model_image.admission import Busy, Worker
from model_image.backends import Backend

log = logging.getLogger("model_image")

MAX_BODY_BYTES = 6_291_456  # the limit of a real-time SageMaker request
MAX_OPEN_BODIES = 64  # requests being read or answered at once: bounds memory before parsing
DRAIN_S = 25.0  # SageMaker kills 30 s after SIGTERM


@dataclass(frozen=True)
class Limits:
    """What the server takes on; tests make them small."""

    body_bytes: int = MAX_BODY_BYTES
    open_bodies: int = MAX_OPEN_BODIES
    waiting_chars: int | None = None


class Server:
    """Holds the worker once the backend is loaded, and counts open requests."""

    def __init__(self, load: Callable[[], Backend], limits: Limits) -> None:
        self.load, self.limits = load, limits
        self.worker: Worker | None = None
        self.failed = False
        self.open = 0

    async def start(self) -> None:
        """Load and warm up off the loop, so that the port answers meanwhile."""
        try:
            backend = await asyncio.to_thread(self._ready_backend)
        except Exception as error:
            # /ping stays 503 and SageMaker replaces the container; the log says why.
            self.failed = True
            log.error("loading failed: %s: %s", type(error).__name__, error)
            return
        worker = Worker(backend)
        if self.limits.waiting_chars is not None:
            worker.max_waiting_chars = self.limits.waiting_chars
        worker.start()
        self.worker = worker
        log.info("ready: %s", backend.model)

    def _ready_backend(self) -> Backend:
        backend = self.load()
        backend.warm_up()
        return backend

    async def ping(self, _: HttpRequest) -> Response:
        """200 only when the weights are loaded and a warm-up has run."""
        if self.worker is None or self.worker.draining:
            return _retry("loading failed" if self.failed else "not ready", 1)
        return JSONResponse({"model": self.worker.backend.model})

    async def invoke(self, http: HttpRequest) -> Response:
        """Texts and taxonomy in, enrichments out."""
        if self.worker is None:
            return _retry("the model is loading", 1)
        if http.headers.get("content-type", "").split(";")[0].strip().lower() != (
            "application/json"
        ):
            return _refuse(415, "unknown content type", "Content-Type", "send application/json")
        if self.open >= self.limits.open_bodies:
            return _retry("too many requests are open", 1)
        self.open += 1
        try:
            return await self._invoke(http, self.worker)
        finally:
            self.open -= 1

    async def _invoke(self, http: HttpRequest, worker: Worker) -> Response:
        try:
            body = await _body(http, self.limits.body_bytes)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        if body is None:
            return _refuse(
                413,
                f"the body exceeds {self.limits.body_bytes} bytes",
                "body",
                "send fewer texts a request",
            )
        try:
            request = wire.read(body)
            results = await worker.understand(request)
        except wire.BadRequest as error:
            return _refuse(400, error.error, error.where, error.remedy)
        except Busy as error:
            return _retry(str(error), error.retry_after_s)
        except Exception:
            return _refuse(500, "the model failed", "server", "retry; then see the server's log")
        answer = wire.write(worker.backend.model, request, results)
        return Response(answer, media_type="application/json")


def create_app(load: Callable[[], Backend], limits: Limits | None = None) -> Starlette:
    """The application; loading starts with it and does not delay the port."""
    server = Server(load, limits or Limits())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(server.start())
        yield
        loading.cancel()
        if server.worker:
            await server.worker.drain(DRAIN_S)

    app = Starlette(
        routes=[
            Route("/ping", server.ping, methods=["GET"]),
            Route("/invocations", server.invoke, methods=["POST"]),
            Route("/endpoints/{name}/invocations", server.invoke, methods=["POST"]),
        ],
        lifespan=lifespan,
    )
    app.state.server = server
    return app


async def _body(http: HttpRequest, limit: int) -> bytes | None:
    """The whole body, or None as soon as it is too long."""
    declared = http.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        return None
    parts: list[bytes] = []
    size = 0
    async for part in http.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def _refuse(status: int, error: str, where: str, remedy: str) -> Response:
    return JSONResponse({"error": error, "where": where, "remedy": remedy}, status)


def _retry(error: str, seconds: int) -> Response:
    content = {"error": error, "where": "server", "remedy": f"retry after {seconds} s"}
    return JSONResponse(content, 503, {"Retry-After": str(seconds)})
