"""The HTTP of a SageMaker container: GET /ping, /metrics; POST /invocations. No model code.

Source: "Use your own inference code with hosting services", SageMaker developer guide.
`/endpoints/{name}/invocations` is the runtime API's own path, so that a boto3 client whose
AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME names this process reaches it with nothing between.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from model_image import wire
from model_image.admission import Busy, Worker
from model_image.backends import Backend
from model_image.metrics import CONTENT_TYPE, Meter

log = logging.getLogger("model_image")

MAX_BODY_BYTES = 6_291_456  # the limit of a real-time SageMaker request
MAX_OPEN_BODIES = 64  # of one medium, being read or answered at once: bounds memory before parsing
SMALL_BYTES = 65_536  # JSON of a larger body is read and written beside the loop: /ping goes on
DRAIN_S = 25.0  # SageMaker kills 30 s after SIGTERM
ENDING = "the server is shutting down"


@dataclass(frozen=True)
class Limits:
    """What the server takes on; tests make them small."""

    body_bytes: int = MAX_BODY_BYTES
    waiting_tokens: int | None = None
    drain_s: float = DRAIN_S


@dataclass(eq=False)
class Medium:
    """One kind of content: how its bodies are answered, how long they may be and how many.

    `answer(body, headers)` gives the reply's JSON; it may raise Busy or wire.BadRequest.
    When the caller leaves it is cancelled; it counts as open until it has ended.
    """

    answer: Callable[[bytes, Mapping[str, str]], Awaitable[bytes]]
    body_bytes: int
    most_open: int = MAX_OPEN_BODIES
    retry_after_s: int = 1
    open: int = 0  # bodies being read, waiting or being answered

    def closed(self, _: object) -> None:
        """One of them has ended."""
        self.open -= 1


class Server:
    """Holds the worker once the backend is loaded, and counts open requests."""

    def __init__(
        self, load: Callable[[], Backend], limits: Limits, media: Mapping[str, Medium]
    ) -> None:
        self.load, self.limits = load, limits
        texts = Medium(self.texts, limits.body_bytes)
        self.media = {"application/json": texts, **media}
        self.meter = Meter()
        self.worker: Worker | None = None
        self.failed = False
        self.draining = False
        self._open = 0
        self._over: asyncio.Future[None]  # done when who is left must be let go

    async def start(self) -> None:
        """Load and warm up off the loop, so that the port answers meanwhile."""
        self._over = asyncio.get_running_loop().create_future()
        try:
            backend = await asyncio.to_thread(self._ready_backend)
        except Exception as error:
            # /ping stays 503 and SageMaker replaces the container; the log says why.
            self.failed = True
            log.error("loading failed: %s: %s", type(error).__name__, error)
            return
        worker = Worker(backend, self.limits.waiting_tokens, self.meter)
        worker.start()
        self.worker = worker
        log.info("ready: %s", backend.model)

    def _ready_backend(self) -> Backend:
        backend = self.load()
        backend.warm_up()
        return backend

    async def ping(self, _: HttpRequest) -> Response:
        """200 once the weights are loaded and a warm-up has run, while the device answers."""
        if self.draining:
            return _retry(503, ENDING, 1)
        if self.worker is None:
            return _retry(503, "loading failed" if self.failed else "not ready", 1)
        if not self.worker.device.alive:
            return _retry(503, "the model no longer answers", 1)
        return JSONResponse({"model": self.worker.backend.model})

    async def metrics(self, _: HttpRequest) -> Response:
        """Prometheus text."""
        return Response(self.meter.text(), media_type=CONTENT_TYPE)

    async def invoke(self, http: HttpRequest) -> Response:
        """Any medium in, JSON out."""
        response = self._refusal(http) or await self._in_time(http)
        self.meter.answers.labels(str(response.status_code)).inc()
        return response

    def _refusal(self, http: HttpRequest) -> Response | None:
        """What is turned away before its body is read."""
        if self.draining:
            return self._ending()
        if self.worker is None:
            self.meter.refused.labels("loading").inc()
            return _retry(503, "the model is loading", 1)
        medium = self.media.get(_content_type(http))
        if medium is None:
            known = " or ".join(self.media)
            return _refuse(415, "unknown content type", "Content-Type", f"send {known}")
        if medium.open >= medium.most_open:
            self.meter.refused.labels("requests open").inc()
            return _retry(429, "too many requests are open", medium.retry_after_s)
        return None

    def _ending(self) -> Response:
        self.meter.refused.labels("draining").inc()
        return _retry(503, ENDING, 1)

    async def _in_time(self, http: HttpRequest) -> Response:
        """The answer; of what does not end before the server must, that it shall be asked again."""
        medium = self.media[_content_type(http)]
        medium.open += 1
        answering = asyncio.create_task(self._answer(http, medium))
        answering.add_done_callback(medium.closed)
        self._open += 1
        try:
            either: set[asyncio.Future[Any]] = {answering, self._over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return answering.result() if answering.done() else self._ending()
        finally:
            self._open -= 1
            answering.cancel()

    async def drain(self) -> None:
        """Take nothing more and finish what was taken; at the end of `drain_s` let go of the rest.

        The port shall stay open meanwhile: who asks is told 503 and asks elsewhere.
        """
        self.draining = True
        deadline = time.monotonic() + self.limits.drain_s
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if self._open and not self._over.done():
            log.warning("shutting down: %d requests did not end in time and get 503", self._open)
            self._over.set_result(None)
            await asyncio.sleep(0.1)  # they are told

    async def _answer(self, http: HttpRequest, medium: Medium) -> Response:
        try:
            body = await _body(http, medium.body_bytes)
            if body is None:
                over = f"the body exceeds {medium.body_bytes} bytes"
                return _refuse(413, over, "body", "send less a request")
            answer = await _unless_gone(http, medium.answer(body, http.headers))
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except wire.BadRequest as error:
            return _refuse(error.status, error.error, error.where, error.remedy)
        except Busy as error:
            return _retry(429, str(error), error.retry_after_s)
        except Exception as error:
            log.error("a request failed: %s", _names(error))
            return _refuse(500, "the model failed", "server", "retry; then see the server's log")
        return Response(answer, media_type="application/json")

    async def texts(self, body: bytes, _: Mapping[str, str]) -> bytes:
        """Texts and taxonomy in, enrichments out."""
        worker = self.worker
        if worker is None:
            raise Busy("the model is loading")
        small = len(body) < SMALL_BYTES
        request = wire.read(body) if small else await asyncio.to_thread(wire.read, body)
        results = await worker.understand(request)
        model = worker.backend.model
        if small:
            return wire.write(model, request, results)
        return await asyncio.to_thread(wire.write, model, request, results)


def create_app(
    load: Callable[[], Backend],
    limits: Limits | None = None,
    media: Mapping[str, Medium] | None = None,
) -> Starlette:
    """The application; loading starts with it and does not delay the port.

    `media` by content type: what is served besides texts.
    """
    server = Server(load, limits or Limits(), media or {})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        loading = asyncio.create_task(server.start())
        yield
        loading.cancel()
        await server.drain()
        if server.worker:
            server.worker.close()

    app = Starlette(
        routes=[
            Route("/ping", server.ping, methods=["GET"]),
            Route("/metrics", server.metrics, methods=["GET"]),
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


def _retry(status: int, error: str, seconds: int) -> Response:
    content = {"error": error, "where": "server", "remedy": f"retry after {seconds} s"}
    return JSONResponse(content, status, {"Retry-After": str(seconds)})


def _content_type(http: HttpRequest) -> str:
    return http.headers.get("content-type", "").split(";")[0].strip().lower()


def _names(error: BaseException) -> str:
    """The error's type, and those of a group: messages may hold a customer's words."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({_names(one) for one in error.exceptions}))
    return type(error).__name__


async def _unless_gone(http: HttpRequest, answering: Awaitable[bytes]) -> bytes:
    """The answer. When the caller hangs up the work is stopped, and ClientDisconnect follows it."""
    answer = asyncio.ensure_future(answering)
    gone = asyncio.ensure_future(_gone(http))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        await asyncio.wait({answer})
        raise ClientDisconnect
    finally:
        answer.cancel()
        gone.cancel()


async def _gone(http: HttpRequest) -> None:
    while (await http.receive())["type"] != "http.disconnect":
        pass
