"""Negative, neutral or positive: what corpora teach, corrected for customer service.

Corpora are forums and film subtitles, where a plain report of trouble ("the parcel has not
come") is neutral; from a customer it is not. So two readers are mixed by how much a text sounds
like customer service: the general one, from the corpora, and one that corrects it by the
customer-service concepts and words in the text, from our own messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model_image.linear import Features, Floats, Ints, LinearHead, load_head, softmax

LABELS = ("negative", "neutral", "positive")
NEUTRAL = 1
# Twenty to one that a text sent with a taxonomy is a customer's; chosen, not fitted.
CUSTOMERS_LOG_ODDS = 3.0


@dataclass(frozen=True)
class Sentiment:
    """The two readers and what chooses between them."""

    general: LinearHead  # on n-grams, concepts and manner; one variant a language
    domain: LinearHead  # (elsewhere, customer service)
    service: LinearHead  # on n-grams and concepts, the same in every language
    leaning: Floats  # (labels, 2) on contrasts() of the general reader

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """From the arrays of a weights file."""
        return cls(
            general=load_head(arrays, "sentiment"),
            domain=load_head(arrays, "domain"),
            service=load_head(arrays, "service"),
            leaning=arrays["service.leaning"].astype(np.float64),
        )

    def probabilities(
        self,
        features: Features,
        language: Ints,
        found: NDArray[np.bool_],
        manner: NDArray[np.bool_],
        customers: bool,
    ) -> Floats:
        """(rows, 3); `language` (rows,) and `found` (rows, concepts) as everywhere.

        `manner` (rows, cues) from `read_manner`.
        `customers`: the texts are likely customers' words, as those sent with a taxonomy are;
        others are read by the general reader alone.
        """
        general = self.read(features, language, found, manner)
        if not customers:
            return softmax(general)
        odds = self.domain.logits(features, None, found)
        share = 1 / (1 + np.exp(odds[:, 0] - odds[:, 1] - CUSTOMERS_LOG_ODDS))[:, None]
        # einsum over one text at a time: a BLAS product may round by batch size
        service = np.einsum("rk,lk->rl", contrasts(general), self.leaning)
        service += self.service.logits(features, None, found)
        return np.asarray(share * softmax(service) + (1 - share) * softmax(general))

    def read(
        self,
        features: Features,
        language: Ints,
        found: NDArray[np.bool_],
        manner: NDArray[np.bool_],
    ) -> Floats:
        """(rows, 3) logits of the general reader."""
        return self.general.logits(features, language, np.hstack([found, manner]))


def contrasts(logits: Floats) -> Floats:
    """(rows, 2): negative and positive against neutral."""
    return np.delete(logits, NEUTRAL, axis=1) - logits[:, NEUTRAL : NEUTRAL + 1]
