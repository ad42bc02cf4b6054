"""Any rate -> 16 kHz by a polyphase filter; what scipy.signal.resample_poly computes.

The filter is a sinc in a Kaiser window (beta 5), ten zero crossings to each side of the lower rate,
as there. Each of the `up` phases is a short dot product, so nothing is computed between samples.
"""

from __future__ import annotations

from functools import cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from model_image.speech.audio import Samples

RATE_HZ = 16_000
_HALF_CROSSINGS = 10
_BETA = 5.0
#: Rows that are copied out at once: the windows of a block stay in the processor's cache.
_BLOCK = 8192


def to_16k(samples: Samples, rate_hz: int) -> Samples:
    """One channel at 16 kHz: ceil(n * 16000 / rate_hz) samples, the first at the same moment."""
    common = gcd(RATE_HZ, rate_hz)
    up, down = RATE_HZ // common, rate_hz // common
    if up == down:
        return samples
    kernel, before = _kernel(up, down)
    rows = -(-len(samples) // down)
    padded = np.zeros(before + rows * down + kernel.shape[0], np.float32)
    padded[before : before + len(samples)] = samples
    windows = sliding_window_view(padded, kernel.shape[0])[: rows * down : down]
    made = np.empty((rows, up), np.float32)
    for start in range(0, rows, _BLOCK):
        part = slice(start, start + _BLOCK)
        np.matmul(np.ascontiguousarray(windows[part]), kernel, out=made[part])
    return made.reshape(-1)[: -(-len(samples) * up // down)]


@cache
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
