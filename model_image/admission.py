"""Who may wait, and in what order the model reads: a bounded queue and one worker.

Requests that arrive while the model is busy are read together, so that many callers with one
text each cost little more than one caller with many.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from model_image.backends import Backend
from model_image.wire import Request, Result, Text

log = logging.getLogger("model_image")

MAX_WAITING_CHARS = 8_000_000  # about two full request bodies and a few seconds of work
MAX_JOINED_CHARS = 200_000  # read together at most: bounds a small request's wait


class Busy(Exception):
    """The queue is full: come back after `retry_after_s`."""

    retry_after_s = 2


class Draining(Busy):
    """The server is shutting down; another copy will answer."""


@dataclass
class _Job:
    request: Request
    answer: asyncio.Future[list[Result]]
    chars: int


@dataclass
class Worker:
    """Feeds a backend from a bounded queue. Lives on one event loop."""

    backend: Backend
    max_waiting_chars: int = MAX_WAITING_CHARS
    waiting_chars: int = 0
    draining: bool = False
    _jobs: deque[_Job] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="model")
    )

    def start(self) -> None:
        """Begin to read; call once, on the loop that will submit."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def understand(self, request: Request) -> list[Result]:
        """The results, in order; raises Busy when too much waits already."""
        if self.draining:
            raise Draining("the server is shutting down")
        chars = sum(len(text.text) + 50 for text in request.texts)
        # An empty queue takes any request, or one larger than the bound would never be read.
        if self._jobs and self.waiting_chars + chars > self.max_waiting_chars:
            raise Busy("too much work is waiting")
        job = _Job(request, asyncio.get_running_loop().create_future(), chars)
        self._jobs.append(job)
        self.waiting_chars += chars
        self._wake.set()
        return await job.answer

    async def drain(self, limit_s: float) -> None:
        """Finish what was accepted, accept nothing more."""
        self.draining = True
        deadline = time.monotonic() + limit_s
        while self.waiting_chars and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if self._task:
            self._task.cancel()
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            jobs = self._take()
            if not jobs:
                self._wake.clear()
                continue
            texts = [text for job in jobs for text in job.request.texts]
            began = time.perf_counter()
            try:
                taxonomy = jobs[0].request.taxonomy
                results = await loop.run_in_executor(
                    self._thread, self.backend.understand, texts, taxonomy
                )
                _answer(jobs, results)
            except Exception as error:
                # One caller's failure must not stop the worker; each caller gets a 500.
                log.error("understanding failed: %s, %d texts", type(error).__name__, len(texts))
                for job in jobs:
                    if not job.answer.done():
                        job.answer.set_exception(error)
            finally:
                self.waiting_chars -= sum(job.chars for job in jobs)
            log.info("%s", _account(jobs, texts, time.perf_counter() - began))

    def _take(self) -> list[_Job]:
        """The oldest job and those behind it with the same taxonomy, up to the bound."""
        taken: list[_Job] = []
        chars = 0
        while self._jobs:
            job = self._jobs[0]
            if job.answer.cancelled():  # the caller has gone
                self._jobs.popleft()
                self.waiting_chars -= job.chars
                continue
            same = not taken or job.request.taxonomy == taken[0].request.taxonomy
            if taken and (not same or chars + job.chars > MAX_JOINED_CHARS):
                break
            taken.append(self._jobs.popleft())
            chars += job.chars
        return taken


def _answer(jobs: Sequence[_Job], results: Sequence[Result]) -> None:
    place = 0
    for job in jobs:
        count = len(job.request.texts)
        if not job.answer.done():
            job.answer.set_result(list(results[place : place + count]))
        place += count


def _account(jobs: Sequence[_Job], texts: Sequence[Text], seconds: float) -> str:
    chars = sum(len(text.text) for text in texts)
    return f"requests={len(jobs)} texts={len(texts)} chars={chars} ms={seconds * 1000:.1f}"
