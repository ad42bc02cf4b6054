"""How much a customer had to do to be helped: low, medium, high, or unknown.

Read from the concepts alone (events.toml tells of repeated contacts, waits, being passed around,
and of ease), so a lesson in one language serves all three. A text that touches none is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model_image.linear import Floats, softmax

LEVELS = ("low", "medium", "high", "unknown")
UNKNOWN = LEVELS.index("unknown")
MIN_P = 0.45  # below this the text does not tell


@dataclass(frozen=True)
class Effort:
    """One linear classifier on concepts."""

    weights: Floats  # (levels, concepts)
    intercept: Floats  # (levels,)

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """From the arrays of a weights file."""
        return cls(
            weights=arrays["effort"].astype(np.float64),
            intercept=arrays["effort.intercept"].astype(np.float64),
        )

    def probabilities(self, found: NDArray[np.bool_]) -> Floats:
        """(rows, 4) of LEVELS; `found` (rows, concepts) of whole texts."""
        # einsum over one text at a time: a BLAS product may round by batch size
        logits = np.einsum("rk,lk->rl", found.astype(np.float64), self.weights) + self.intercept
        p = softmax(logits)
        p[~found.any(axis=1)] = np.eye(len(LEVELS))[UNKNOWN]
        return p


def decide(p: Floats) -> tuple[str, float]:
    """The level of one text and the probability that it is right."""
    best = int(p.argmax())
    if p[best] < MIN_P:
        return LEVELS[UNKNOWN], round(1 - float(p[:UNKNOWN].max()), 4)
    return LEVELS[best], round(float(p[best]), 4)
