"""The speech model behind /invocations: one recording at a time, the rest wait or come again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from model_image.admission import Busy
from model_image.server import Medium
from model_image.speech import audio, wire
from model_image.speech.listen import Transcriber, listen
from model_image.speech.resample import RATE_HZ

log = logging.getLogger("model_image")

#: Recordings that may wait in memory behind the one in work.
MAX_WAITING = 3


@dataclass
class Speech:
    """Loads a transcriber once, and answers with it on a thread of its own: texts do not wait."""

    make: Callable[[], Transcriber]
    limits: audio.Limits = field(default_factory=audio.Limits)
    transcriber: Transcriber | None = None
    waiting: int = 0
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="speech")
    )

    def load(self) -> None:
        """Read the weights and hear a little; raises what `make` raises."""
        transcriber = self.make()
        quiet = [np.zeros(RATE_HZ, np.float32)]
        transcriber.transcribe(quiet, transcriber.languages(quiet, ()))
        self.transcriber = transcriber
        log.info("speech: %s", self.transcriber.model)

    def media(self) -> dict[str, Medium]:
        """What the server's table of media gets."""
        medium = Medium(self.answer, self.limits.bytes)
        return dict.fromkeys(sorted(audio.CONTENT_TYPES), medium)

    async def answer(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """A recording in, its transcript out. Raises Refused, or Busy when too many wait."""
        if self.transcriber is None:
            raise Busy("the speech model is loading")
        if self.waiting > MAX_WAITING:
            raise Busy("too many recordings wait")
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._thread, self._answer, self.transcriber, body, dict(headers)
            )
        finally:
            self.waiting -= 1

    def _answer(self, transcriber: Transcriber, body: bytes, headers: Mapping[str, str]) -> bytes:
        began = time.perf_counter()
        kind, said = wire.content_type(headers.get("content-type", ""))
        found = audio.read(body, kind, said, self.limits)
        options = wire.options(headers.get(wire.ATTRIBUTES, ""), said, len(found.samples))
        transcript = listen(found, options, transcriber)
        taken = time.perf_counter() - began
        log.info(
            "recording bytes=%d seconds=%.1f channels=%d turns=%d ms=%.0f",
            *(len(body), found.duration_s, len(found.samples), len(transcript.turns), taken * 1000),
        )
        return wire.write(transcript)
