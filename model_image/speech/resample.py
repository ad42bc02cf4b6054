"""Any rate -> 16 kHz by libsoxr, block by block."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 16_000


def most_at_16k(samples: int, rate_hz: int) -> int:
    """No more samples than this become of so many: n * 16000 / rate_hz, rounded up."""
    return -(-samples * RATE_HZ // rate_hz)


class Resampler:
    """The channels of one recording in blocks of any size; the first sample keeps its moment."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._stream = soxr.ResampleStream(rate_hz, RATE_HZ, channels, dtype="float32")
        self._nothing = np.zeros((0, channels), np.float32)

    def feed(self, block: Samples) -> Samples:
        """(n, channels) more samples -> (channels, m) at 16 kHz, as far as they can be told."""
        made: Samples = self._stream.resample_chunk(block).T
        return made

    def rest(self) -> Samples:
        """The last ones, once all is fed."""
        made: Samples = self._stream.resample_chunk(self._nothing, last=True).T
        return made


def to_16k(samples: Samples, rate_hz: int) -> Samples:
    """One channel at 16 kHz, whole."""
    made: Samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return made
