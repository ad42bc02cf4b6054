"""The one thread that runs the model: FIFO, up to a token budget a step, no waiting for more.

What has come while a step ran is read together in the next one, so that many callers with one
text each cost little more than one caller with many.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from model_image.backends import Item, Outputs, Staged
from model_image.metrics import Meter

log = logging.getLogger("model_image")

IDLE_S = 1.0  # an idle thread still says this often that it lives
STALE_S = 60.0  # a step takes seconds at most; a thread silent for longer hangs


@dataclass(eq=False)
class Piece:
    """Items that are answered together; `outputs` fill as steps are done."""

    items: Sequence[Item]
    answer: asyncio.Future[list[Any]]
    outputs: list[Any] = field(init=False)
    taken: int = 0  # items that a step has taken
    left: int = field(init=False)  # items without output
    dropped: bool = False  # nobody waits for it any more

    def __post_init__(self) -> None:
        self.outputs = [None] * len(self.items)
        self.left = len(self.items)


Slots = list[tuple[Piece, int]]  # items of a step by their place


class Device:
    """Feeds a backend's steps from a queue of pieces. `submit` belongs to one event loop."""

    def __init__(self, stages: Staged, meter: Meter) -> None:
        self.stages, self.meter = stages, meter
        self.broken = False
        self.tokens_per_s = 0.0  # of the last steps
        self._beat = time.monotonic()
        self._collected = 0.0  # when the last step was
        self._pieces: deque[Piece] = deque()
        self._change = threading.Condition()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)

    def start(self) -> None:
        """Begin; call once, on the loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread works: it has said so lately and the model still answers."""
        fresh = time.monotonic() - self._beat < STALE_S
        return fresh and not self.broken and self._thread.is_alive()

    async def submit(self, items: Sequence[Item]) -> list[Any]:
        """Each item's output, an exception where it failed. Cancelling drops what is left."""
        if not items:
            return []
        piece = Piece(items, asyncio.get_running_loop().create_future())
        with self._change:
            self._pieces.append(piece)
            self._change.notify()
        try:
            return await piece.answer
        except asyncio.CancelledError:
            piece.dropped = True
            raise

    def stop(self) -> None:
        """End after the step that runs."""
        with self._change:
            self._stopping = True
            self._change.notify()

    def _run(self) -> None:
        """Launch the next step before the last is collected, where the backend can."""
        running: tuple[Slots, Any, float] | None = None
        while True:
            slots = self._take(wait=running is None)
            self._beat = time.monotonic()
            if slots is None:
                return
            began = time.perf_counter()
            launched = (slots, self._launch(slots), began) if slots else None
            if launched and not self.stages.overlaps:
                self._collect(*launched)
                continue
            if running:
                self._collect(*running)
            running = launched

    def _take(self, wait: bool) -> Slots | None:
        """The oldest items up to the budget, at least one; None to end."""
        with self._change:
            while True:
                if self._stopping and not wait:
                    return []
                if self._stopping:
                    return None
                slots = _next_step(self._pieces, self.stages.step_tokens)
                if slots or not wait:
                    return slots
                self._change.wait(IDLE_S)
                self._beat = time.monotonic()

    def _launch(self, slots: Slots) -> Any:
        try:
            return self.stages.launch([piece.items[i] for piece, i in slots])
        except Exception as error:
            return error.with_traceback(None)  # its frames would keep the failed step's memory

    def _collect(self, slots: Slots, launched: Any, began: float) -> None:
        try:
            each, computed = self._read(slots, launched)
        except Exception as error:
            log.error("a step failed: %s, %d items", type(error).__name__, len(slots))
            each, computed = self._recovered(slots, error)
        now = time.perf_counter()
        taken = now - max(began, self._collected)  # steps may overlap
        self._collected = now
        real = sum(piece.items[i].tokens for piece, i in slots)
        self.tokens_per_s += 0.2 * (real / max(taken, 1e-6) - self.tokens_per_s)
        self.meter.seconds.labels("device").inc(taken)
        self.meter.step(real, computed)
        self._deliver(slots, each)

    def _recovered(self, slots: Slots, error: Exception) -> Outputs:
        """After a failed step: is it a text, or the device?"""
        try:
            self.stages.warm_up()  # reads texts known to be good
        except Exception as worse:
            self.broken = True  # /ping says so, and the container is replaced
            log.error("the device no longer answers: %s", type(worse).__name__)
            return Outputs([error] * len(slots), 0)
        return Outputs(self._apart(slots, error), sum(piece.items[i].tokens for piece, i in slots))

    def _apart(self, slots: Slots, error: Exception) -> list[Any]:
        """Halves of what failed, and halves of those, so that a bad text costs nobody else."""
        if len(slots) == 1:
            return [error]
        each: list[Any] = []
        middle = len(slots) // 2
        for half in (slots[:middle], slots[middle:]):
            try:
                each += self._read(half, self._launch(half)).each
            except Exception as again:
                each += self._apart(half, again)
        return each

    def _read(self, slots: Slots, launched: Any) -> Outputs:
        if isinstance(launched, Exception):
            raise launched
        outputs = self.stages.collect(launched)
        if len(outputs.each) != len(slots):
            raise RuntimeError("the backend gave another number of outputs than of items")
        return outputs

    def _deliver(self, slots: Slots, each: Sequence[Any]) -> None:
        done: list[Piece] = []
        for (piece, i), output in zip(slots, each, strict=True):
            piece.outputs[i] = output
            piece.left -= 1
            if not piece.left:
                done.append(piece)
        if done and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_answer, done)


def _next_step(pieces: deque[Piece], budget: int) -> Slots:
    """Take the oldest items until the budget is full; pieces that nobody awaits are dropped."""
    slots: Slots = []
    tokens = 0
    while pieces:
        piece = pieces[0]
        while not piece.dropped and piece.taken < len(piece.items):
            size = piece.items[piece.taken].tokens
            if slots and tokens + size > budget:
                return slots
            slots.append((piece, piece.taken))
            piece.taken += 1
            tokens += size
        pieces.popleft()
    return slots


def _answer(done: Sequence[Piece]) -> None:
    for piece in done:
        if not piece.answer.done():
            piece.answer.set_result(piece.outputs)
