"""Any rate -> 16 kHz by a polyphase filter, block by block: scipy.signal.resample_poly's numbers.

The filter is a sinc in a Kaiser window (beta 5), ten zero crossings to each side of the lower rate,
as there. Each of the `up` phases is a short dot product, so nothing is computed between samples.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 16_000
_HALF_CROSSINGS = 10
_BETA = 5.0
#: Rows that are copied out at once: the windows of a block stay in the processor's cache.
_BLOCK = 8192
#: The filter's table has about up * down numbers: 282,240 for 11,025 Hz, gigabytes for 44,101.
_MOST_PHASES = 300_000


def is_simple(rate_hz: int) -> bool:
    """Whether the rate's ratio to 16 kHz is that of small numbers, as every usual rate's is."""
    up, down = _ratio(rate_hz)
    return up * down <= _MOST_PHASES


def length_at_16k(samples: int, rate_hz: int) -> int:
    """How many samples become of so many: ceil(n * 16000 / rate_hz)."""
    up, down = _ratio(rate_hz)
    return -(-samples * up // down)


class Resampler:
    """The channels of one recording in blocks of any size; the first sample keeps its moment."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self._up, self._down = _ratio(rate_hz)
        self._kernel, before = _kernel(self._up, self._down)
        self._held = np.zeros((channels, before), np.float32)  # what the next output begins with
        self._taken = self._given = 0

    def feed(self, block: Samples) -> Samples:
        """(channels, n) more samples -> (channels, m) at 16 kHz, as far as they can be told."""
        self._taken += block.shape[1]
        if self._up == self._down:
            return block
        return self._made(block, self._rows_of(self._held.shape[1] + block.shape[1]))

    def rest(self) -> Samples:
        """The last ones, once all is fed: in all `length_at_16k` of what was fed."""
        if self._up == self._down:
            return self._held[:, :0]
        left = length_at_16k(self._taken, self._rate_hz) - self._given
        rows = -(-left // self._up)
        needed = max(0, rows - 1) * self._down + len(self._kernel)
        missing = max(0, needed - self._held.shape[1])
        return self._made(np.zeros((len(self._held), missing), np.float32), rows)[:, :left]

    def _rows_of(self, samples: int) -> int:
        return max(0, (samples - len(self._kernel)) // self._down + 1)

    def _made(self, block: Samples, rows: int) -> Samples:
        """`rows` outputs of each of the `up` phases, from what is held and the block behind it."""
        held = np.concatenate([self._held, block], axis=1)
        made = np.empty((len(held), rows, self._up), np.float32)
        for channel, samples in enumerate(held if rows else ()):
            windows = sliding_window_view(samples, len(self._kernel))[:: self._down]
            for start in range(0, rows, _BLOCK):
                part = slice(start, min(start + _BLOCK, rows))
                np.matmul(
                    np.ascontiguousarray(windows[part]), self._kernel, out=made[channel, part]
                )
        self._held = held[:, rows * self._down :].copy()
        self._given += rows * self._up
        return made.reshape(len(held), -1)


def to_16k(samples: Samples, rate_hz: int) -> Samples:
    """One channel at 16 kHz, whole."""
    resampler = Resampler(rate_hz, 1)
    begun = resampler.feed(samples[None])
    made: Samples = np.concatenate([begun, resampler.rest()], axis=1)[0]
    return made


def _ratio(rate_hz: int) -> tuple[int, int]:
    common = gcd(RATE_HZ, rate_hz)
    return RATE_HZ // common, rate_hz // common


@lru_cache(maxsize=8)
def _kernel(up: int, down: int) -> tuple[Samples, int]:
    """Column r makes output r of every `up`, from the window that begins `before` samples early.

    Output r lies at r * down / up input samples behind the window's own sample.
    """
    widest = max(up, down)
    half = _HALF_CROSSINGS * widest  # in steps of the common rate, `up` of them to an input sample
    steps = np.arange(-half, half + 1)
    filter_ = np.sinc(steps / widest) * np.kaiser(2 * half + 1, _BETA)
    filter_ *= up / filter_.sum()
    before = half // up
    width = before + (half + (up - 1) * down) // up + 1
    kernel = np.zeros((width, up), np.float32)
    for phase in range(up):
        # Input sample k - before lies this many steps from the output.
        away = phase * down - (np.arange(width) - before) * up + half
        inside = (away >= 0) & (away <= 2 * half)
        kernel[inside, phase] = filter_[away[inside]]
    return kernel, before
