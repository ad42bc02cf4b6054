"""How much a customer had to do to be helped: low, medium, high, or unknown.

Read from concepts (events.toml tells of repeated contacts, waits, being passed around, and of
ease), the cues of failure demand and the sentiment, so a lesson in one language serves all three.
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
    """One linear classifier on `signs`."""

    weights: Floats  # (levels, signs)
    intercept: Floats  # (levels,)

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """From the arrays of a weights file."""
        return cls(
            weights=arrays["effort"].astype(np.float64),
            intercept=arrays["effort.intercept"].astype(np.float64),
        )

    def probabilities(self, signs: Floats) -> Floats:
        """(rows, 4) of LEVELS."""
        # einsum over one text at a time: a BLAS product may round by batch size
        return softmax(np.einsum("rk,lk->rl", signs, self.weights) + self.intercept)


def signs(found: NDArray[np.bool_], failure_log_odds: Floats, sentiment: Floats) -> Floats:
    """(rows, 3 + concepts): what effort is read from, of whole texts.

    `found` (rows, concepts), `failure_log_odds` (rows,) of the text alone, `sentiment` (rows, 3).
    """
    failing = np.tanh(failure_log_odds / 2)
    return np.column_stack([failing, sentiment[:, 0], sentiment[:, 2], found])


def decide(p: Floats, min_p: float = MIN_P) -> tuple[str, float]:
    """The level of one text and the probability that it is right."""
    values = p.tolist()  # of a few numbers, Python is faster than numpy
    best = max(range(len(values)), key=values.__getitem__)
    if values[best] < min_p:
        return LEVELS[UNKNOWN], round(1 - max(values[:UNKNOWN]), 4)
    return LEVELS[best], round(values[best], 4)
