"""The speech model behind /invocations: one recording at a time, the rest wait or come again."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from model_image.admission import Busy
from model_image.server import Medium
from model_image.speech import activity, audio, wire
from model_image.speech.listen import Transcriber, listen
from model_image.speech.resample import RATE_HZ

log = logging.getLogger("model_image")

#: Recordings in memory: one in work, and some that are received and wait meanwhile.
MOST_HELD = 4
RETRY_AFTER_S = 30  # a recording takes minutes


@dataclass
class Speech:
    """Loads a transcriber once, and answers with it on a thread of its own: texts do not wait."""

    make: Callable[[], Transcriber]
    limits: audio.Limits = field(default_factory=audio.Limits)
    transcriber: Transcriber | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="speech")
    )
    #: Who waits here and leaves takes the recording along; in the thread's queue it would stay.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def load(self) -> None:
        """Read the weights and hear a little; raises what `make` raises."""
        transcriber = self.make()
        quiet = [np.zeros(RATE_HZ, np.float32)]
        activity.spans(quiet[0])
        transcriber.transcribe(quiet, transcriber.languages(quiet, ()))
        self.transcriber = transcriber
        log.info("speech: %s", self.transcriber.model)

    def media(self) -> dict[str, Medium]:
        """What the server's table of media gets; what is held is counted over all types."""
        medium = Medium(self.answer, self.limits.bytes, MOST_HELD, RETRY_AFTER_S)
        return dict.fromkeys(sorted(audio.CONTENT_TYPES), medium)

    async def answer(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """A recording in, its transcript out. Raises Refused.

        Cancelled, it ends once the windows in work are heard.
        """
        if self.transcriber is None:
            raise Busy("the speech model is loading")
        left = threading.Event()
        async with self._turn:
            work = asyncio.get_running_loop().run_in_executor(
                self._thread, self._answer, self.transcriber, body, dict(headers), left.is_set
            )
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                left.set()
                await asyncio.wait({work})
                work.exception()  # nobody is left to read it
                raise

    def _answer(
        self,
        transcriber: Transcriber,
        body: bytes,
        headers: Mapping[str, str],
        left: Callable[[], bool],
    ) -> bytes:
        began = time.perf_counter()
        kind, said = wire.content_type(headers.get("content-type", ""))
        found = audio.read(body, kind, said, self.limits)
        options = wire.options(headers.get(wire.ATTRIBUTES, ""), said, len(found.samples))
        transcript = listen(found, options, transcriber, left)
        taken = time.perf_counter() - began
        log.info(
            "recording bytes=%d seconds=%.1f channels=%d turns=%d ms=%.0f",
            *(len(body), found.duration_s, len(found.samples), len(transcript.turns), taken * 1000),
        )
        return wire.write(transcript)
