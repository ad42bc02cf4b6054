"""Inferred satisfaction, 1 (very dissatisfied) to 5, with an interval; None when little is said.

Not a survey answer: a reading of the sentiment's probabilities. Each of the three sentiments
stands for a spread over the five steps, fitted so that on FinnSentiment the mixture gives the
shares of its five-step scale (annotators' votes, Lindén et al. 2020); words that make a feeling
stronger (concepts) move half of the inner step outwards.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from model_image.linear import Floats

MIN_LETTERS = 12  # about two words: less does not tell how satisfied a customer is
MAX_NEUTRAL = 0.6  # a text without a feeling says nothing of satisfaction
MAX_WIDTH = 3  # an interval from 1 to 5 says nothing either
INTERVAL = 0.8
STRONG = 0.5  # share of an inner step that strong words move outwards
BLAME = ("anger", "rude", "many_times", "passed_around", "explain_again")
PRAISE = ("praise", "recommend", "friendly")


@dataclass(frozen=True)
class Satisfaction:
    """The spread of each sentiment and the concepts that make it stronger."""

    spread: Floats  # (3, 5) rows sum to 1
    blame: NDArray[np.int64]  # places among the concepts
    praise: NDArray[np.int64]

    @classmethod
    def of(cls, spread: Floats, names: tuple[str, ...]) -> Satisfaction:
        """With the concepts' places among `names`."""
        return cls(
            spread,
            np.array([names.index(name) for name in BLAME]),
            np.array([names.index(name) for name in PRAISE]),
        )

    def steps(self, sentiment: Floats, found: NDArray[np.bool_]) -> Floats:
        """(rows, 5) probabilities of the steps."""
        p = np.einsum("rs,sk->rk", sentiment, self.spread)
        for rows, inner, outer in (
            (found[:, self.blame].any(axis=1), 1, 0),
            (found[:, self.praise].any(axis=1), 3, 4),
        ):
            moved = np.where(rows, STRONG * p[:, inner], 0.0)
            p[:, inner] -= moved
            p[:, outer] += moved
        return np.asarray(p)


def decide(
    steps: Floats,
    neutral: float,
    letters: int,
    max_neutral: float = MAX_NEUTRAL,
    max_width: float = MAX_WIDTH,
) -> tuple[float, int, int] | None:
    """(score, low, high): the mean step and its central interval; None to abstain.

    The interval is of whole steps, so it holds INTERVAL of the probability or more.
    """
    if letters < MIN_LETTERS or neutral > max_neutral:
        return None
    values = steps.tolist()  # of five numbers, Python is faster than numpy
    whole = sum(values)
    running = [part / whole for part in accumulate(values)]
    tail = (1 - INTERVAL) / 2
    low = 1 + bisect_left(running, tail + 1e-9)
    high = 1 + min(bisect_left(running, 1 - tail - 1e-9), len(values) - 1)
    if high - low > max_width:
        return None
    mean = sum(step * p for step, p in enumerate(values, start=1)) / whole
    return round(mean, 2), low, high
