"""Who may wait, and how a request passes: prepare -> device -> finish, in pieces.

What waits is bounded in tokens, whatever the number of requests. A large request goes in pieces,
few of them at a time, so that small requests pass between them.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from model_image.backends import Backend, Item, Outputs, Staged
from model_image.device import Device
from model_image.metrics import Meter
from model_image.wire import Request, Result, Taxonomy, Text

log = logging.getLogger("model_image")

PIECES_AT_ONCE = 4  # of one request: one on the device, others being prepared and finished
PIECE_TEXTS = 1000
MAX_RETRY_AFTER_S = 60
CHARS_A_TOKEN = 4


class Busy(Exception):
    """Come back after `retry_after_s`."""

    def __init__(self, error: str, retry_after_s: int = 1) -> None:
        super().__init__(error)
        self.retry_after_s = retry_after_s


class Failed(Exception):
    """Texts of a request could not be read, or its taxonomy."""


@dataclass
class Whole:
    """A backend that does everything in one call, as stages of which only the device works."""

    backend: Backend
    step_tokens: int = 50_000  # bounds a small request's wait
    waiting_tokens: int = 2_000_000  # about two full request bodies and a few seconds of work
    overlaps: bool = False
    model: str = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.backend.model

    def warm_up(self) -> None:
        """The backend's."""
        self.backend.warm_up()

    def estimate(self, text: str) -> int:
        """A guess that needs no tokenizer; a text costs something even when it is empty."""
        return len(text) // CHARS_A_TOKEN + 12

    def known(self, taxonomy: Taxonomy) -> Taxonomy:
        """Backends of one call know every taxonomy."""
        return taxonomy

    def wordings(self, _: Taxonomy) -> Sequence[Text]:
        """Nothing must be read."""
        return ()

    def learn(self, taxonomy: Taxonomy, _: Sequence[Sequence[Any]]) -> Taxonomy:
        """Nothing to learn."""
        return taxonomy

    def prepare(self, texts: Sequence[Text], request: Request) -> list[list[Item]]:
        """The texts as they are."""
        return [[Item(self.estimate(text.text), (text, request.taxonomy))] for text in texts]

    def launch(self, items: Sequence[Item]) -> Outputs:
        """Texts that stand together and share a taxonomy are read together."""
        results: list[Result] = []
        for _, group in groupby((item.content for item in items), lambda pair: pair[1]):
            pairs = list(group)
            results += self.backend.understand([text for text, _ in pairs], pairs[0][1])
        return Outputs(results, sum(item.tokens for item in items))

    def collect(self, launched: Outputs) -> Outputs:
        """It is done."""
        return launched

    def finish(self, _: Sequence[Text], outputs: Sequence[Sequence[Any]], *__: Any) -> list[Result]:
        """The results as they are."""
        return [output for (output,) in outputs]


@dataclass
class _Held:
    """What a request takes of the bound: guessed when it comes, counted once it is tokenised."""

    tokens: int


@dataclass
class Worker:
    """Takes requests in, as far as the bound allows. Lives on one event loop."""

    backend: Backend
    max_waiting_tokens: int | None = None  # the backend's own bound
    meter: Meter = field(default_factory=Meter)
    waiting_tokens: int = 0

    def __post_init__(self) -> None:
        self.stages = stages_of(self.backend)
        self.device = Device(self.stages, self.meter)
        self._learning: dict[tuple[str, int], asyncio.Task[Any]] = {}
        self._threads = ThreadPoolExecutor(
            max(2, min(8, (os.cpu_count() or 2) - 1)), thread_name_prefix="host"
        )

    def start(self) -> None:
        """Begin to read; call once, on the loop that will submit."""
        self.device.start()

    async def understand(self, request: Request) -> list[Result]:
        """The results, in order; raises Busy when too much waits already, Failed if a text
        could not be read: with "partial" wanted, only if none could."""
        tokens = sum(self.stages.estimate(text.text) for text in request.texts)
        if self.stages.known(request.taxonomy) is None:
            words = self.stages.wordings(request.taxonomy)
            tokens += sum(self.stages.estimate(text.text) for text in words)
        self._admit(tokens)
        held = _Held(tokens)
        began = time.perf_counter()
        try:
            known = await self._known(request.taxonomy)
            results = await self._read_all(request, known, held)
        except asyncio.CancelledError:
            self.meter.texts.labels("cancelled").inc(len(request.texts))
            raise
        finally:
            self._wait(-held.tokens)
        self._account(request, held.tokens, results, time.perf_counter() - began)
        return results

    def close(self) -> None:
        """End after the step that runs; what waits is not read any more."""
        self.device.stop()
        self._threads.shutdown(wait=False)

    def _admit(self, tokens: int) -> None:
        bound = self.max_waiting_tokens or self.stages.waiting_tokens
        # An empty queue takes any request, or one larger than the bound would never be read.
        if self.waiting_tokens and self.waiting_tokens + tokens > bound:
            self.meter.refused.labels("queue full").inc()
            speed = self.device.tokens_per_s
            wait_s = math.ceil(self.waiting_tokens / 2 / speed) if speed else 2
            raise Busy("too much work is waiting", min(max(1, wait_s), MAX_RETRY_AFTER_S))
        self._wait(tokens)

    def _wait(self, tokens: int) -> None:
        self.waiting_tokens += tokens
        self.meter.waiting_tokens.set(self.waiting_tokens)

    async def _known(self, taxonomy: Taxonomy) -> Any:
        """The taxonomy as the backend wants it; read once however many requests bring it."""
        known = self.stages.known(taxonomy)
        if known is not None:
            return known
        key = (taxonomy.hash, taxonomy.fingerprint)
        task = self._learning.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._learn(taxonomy))
            self._learning[key] = task
            task.add_done_callback(lambda _: self._learning.pop(key, None))
        return await asyncio.shield(task)  # others may wait for it when this caller leaves

    async def _learn(self, taxonomy: Taxonomy) -> Any:
        words = Request(taxonomy, tuple(self.stages.wordings(taxonomy)))
        outputs = await self._in_pieces(words, self._outputs)
        for output in outputs:
            if isinstance(output, Exception):
                raise Failed("the taxonomy could not be read") from output
        return await self._run("format", self.stages.learn, taxonomy, outputs)

    async def _read_all(self, request: Request, known: Any, held: _Held) -> list[Result]:
        async def read(texts: Sequence[Text], request: Request) -> list[Result]:
            outputs = await self._outputs(texts, request, held)
            good = [i for i, output in enumerate(outputs) if not isinstance(output, Exception)]
            finished = await self._run(
                "format",
                self.stages.finish,
                [texts[i] for i in good],
                [outputs[i] for i in good],
                request,
                known,
            )
            results = [UNREAD] * len(texts)
            for i, result in zip(good, finished, strict=True):
                results[i] = result
            return results

        results: list[Result] = await self._in_pieces(request, read)
        unread = sum(result is UNREAD for result in results)
        # Who has not said that it looks for errors would count them as answers.
        if unread and (unread == len(results) or "partial" not in request.want):
            raise Failed(f"{unread} of {len(results)} texts could not be read")
        return results

    async def _in_pieces(
        self, request: Request, read: Callable[[Sequence[Text], Request], Any]
    ) -> list[Any]:
        pieces = list(_pieces(request.texts, self.stages.estimate, self.stages.step_tokens))
        if len(pieces) == 1:
            return list(await read(pieces[0], request))
        gate = asyncio.Semaphore(PIECES_AT_ONCE)

        async def one(texts: Sequence[Text]) -> list[Any]:
            async with gate:
                return list(await read(texts, request))

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(texts)) for texts in pieces]
        return [result for task in tasks for result in task.result()]

    async def _outputs(
        self, texts: Sequence[Text], request: Request, held: _Held | None = None
    ) -> list[Any]:
        """Each text's outputs, in the order of its items, or the exception of one of them."""
        items = await self._run("tokenise", self.stages.prepare, texts, request)
        if held:
            guessed = sum(self.stages.estimate(text.text) for text in texts)
            more = sum(item.tokens for each in items for item in each) - guessed
            held.tokens += more
            self._wait(more)
        flat = await self.device.submit([item for each in items for item in each])
        outputs: list[Any] = []
        place = 0
        for each in items:
            own = flat[place : place + len(each)]
            bad = next((output for output in own if isinstance(output, Exception)), None)
            outputs.append(own if bad is None else bad)
            place += len(each)
        return outputs

    async def _run(self, stage: str, work: Callable[..., Any], *args: Any) -> Any:
        if isinstance(self.stages, Whole):
            return work(*args)  # nothing to do: a change of threads would cost more

        def timed() -> Any:
            with self.meter.timed(stage):
                return work(*args)

        return await asyncio.get_running_loop().run_in_executor(self._threads, timed)

    def _account(
        self, request: Request, tokens: int, results: Sequence[Result], seconds: float
    ) -> None:
        failed = sum(result is UNREAD for result in results)
        self.meter.texts.labels("read").inc(len(results) - failed)
        self.meter.texts.labels("failed").inc(failed)
        log.info(
            "texts=%d tokens=%d failed=%d ms=%.1f",
            len(request.texts), tokens, failed, seconds * 1000,
        )  # fmt: skip


def stages_of(backend: Backend) -> Staged:
    """The backend's own stages, or its one call as a stage."""
    return backend if isinstance(backend, Staged) else Whole(backend)


UNREAD = Result(
    "und", 1.0, (0.25, 0.5, 0.25), error="the model could not read this text; see the server's log"
)


def _pieces(
    texts: Sequence[Text], estimate: Callable[[str], int], budget: int
) -> Iterator[Sequence[Text]]:
    """The texts in order, in runs of about a step's size."""
    first = tokens = 0
    for i, text in enumerate(texts):
        size = estimate(text.text)
        if i > first and (tokens + size > budget or i - first == PIECE_TEXTS):
            yield texts[first:i]
            first, tokens = i, 0
        tokens += size
    yield texts[first:]
