"""What an encoder takes at best: its products at the machine's measured rate and bandwidth."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch

CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
REPEATS = 50 if CUDA else 5  # between two looks at the clock, for which CUDA must be waited for


def clock() -> float:
    """CPU seconds of this process; on CUDA wall seconds once the device is done."""
    if CUDA:
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


@dataclass(frozen=True)
class Floor:
    """The least that an encoder's products ask for, and what the machine gives.

    `matrices` and `attention` FLOP a token; `weights` numbers read once a step; `moved` numbers
    that a token brings to and takes from the matrix products; `rates` FLOP/s by type, of the
    fastest of the encoder's own products; `copy` bytes/s.
    """

    matrices: float
    attention: float
    weights: int
    moved: int
    rates: dict[str, float]
    copy: float

    @classmethod
    def of(cls, encoder: Any, lengths: Sequence[int], step: int) -> Self:
        """Of windows of these lengths, measured at steps of `step` tokens."""
        inner = [m for m in encoder.modules() if isinstance(m, torch.nn.Linear)]
        weights = sum(module.weight.numel() for module in inner)
        config = encoder.config
        seen = sum(length * length for length in lengths) / sum(lengths)  # of a token, on average
        shapes = sorted({(module.in_features, module.out_features) for module in inner})
        rates = {
            name: max(_product(*shape, step, dtype) for shape in shapes)
            for name, dtype in TYPES.items()
        }
        return cls(
            matrices=2.0 * weights,
            attention=4.0 * seen * config.hidden_size * config.num_hidden_layers,
            weights=weights,
            moved=sum(module.in_features + module.out_features for module in inner),
            rates=rates,
            copy=_copy(),
        )

    def seconds(self, tokens: int, steps: int, dtype: str) -> float:
        """For `tokens` in `steps` passes: by FLOP or by bytes, whichever takes longer."""
        numbers = self.weights * steps + self.moved * tokens
        return max(
            tokens * (self.matrices + self.attention) / self.rates[dtype],
            numbers * TYPES[dtype].itemsize / self.copy,
        )


def _product(inputs: int, outputs: int, step: int, dtype: torch.dtype) -> float:
    """FLOP/s of one of the encoder's own matrix products at a step's size."""
    a = torch.randn(step, inputs, device=DEVICE, dtype=dtype)
    b = torch.randn(outputs, inputs, device=DEVICE, dtype=dtype)
    return 2 * step * inputs * outputs / _each(lambda: torch.nn.functional.linear(a, b))


def _copy() -> float:
    """Bytes/s of a copy, read and written."""
    source = torch.empty(2**26 if CUDA else 2**24, device=DEVICE)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _each(lambda: target.copy_(source))


def _each(work: Callable[[], object], enough_s: float = 0.5) -> float:
    """Seconds of one call, the best of several runs."""
    work()
    best, spent = float("inf"), 0.0
    while spent < enough_s:
        began = clock()
        for _ in range(REPEATS):
            work()
        taken = clock() - began
        best, spent = min(best, taken / REPEATS), spent + max(taken, 1e-6)
    return best
