"""What a text feels like: Plutchik's eight emotions, several at once, or none to speak of.

The labels are XED's (Öhman et al. 2020): annotators of film lines may name several emotions, so
each has its own floor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model_image.linear import Features, Floats, Ints, LinearHead, load_head, softmax

EMOTIONS = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")
LABELS = ("neutral", *EMOTIONS)
MOST = 3  # emotions reported of one text


@dataclass(frozen=True)
class Emotion:
    """A classifier a language and what it takes to report an emotion."""

    head: LinearHead
    floors: Floats  # (languages, 8) least share of the emotions
    calm: Floats  # (languages,) from this probability of neutral on, none is reported

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """From the arrays of a weights file."""
        return cls(
            head=load_head(arrays, "emotion"),
            floors=arrays["emotion.floors"].astype(np.float64),
            calm=arrays["emotion.calm"].astype(np.float64),
        )

    def probabilities(self, features: Features, language: Ints) -> Floats:
        """(rows, 9) of LABELS."""
        return softmax(self.head.logits(features, language))

    def reported(self, p: Floats, language: int) -> list[tuple[str, float]]:
        """The emotions of one text, `p` (9,), best first: at most MOST, none when it is calm.

        The number is the emotion's share of the eight, 0..1.
        """
        if p[0] >= self.calm[language]:
            return []
        share = shares(p[None])[0]
        order = np.argsort(-share, kind="stable")[:MOST]
        above = [i for i in order if share[i] > self.floors[language, i]]
        return [(EMOTIONS[i], round(float(share[i]), 4)) for i in above]


def shares(p: Floats) -> Floats:
    """(rows, 9) -> (rows, 8): how the eight emotions part what is not neutral."""
    return np.asarray(p[:, 1:] / np.maximum(p[:, 1:].sum(axis=1, keepdims=True), 1e-12))
