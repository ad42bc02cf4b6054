"""Train the effort head from our own messages: signs -> low, medium, high, unknown."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.concepts import Concepts
from model_image.effort import LEVELS, signs
from model_image.features import lay_out
from model_image.language import LANGUAGES
from model_image.linear import LinearHead, read_features
from model_image.manner import read_manner
from model_image.sentiment import Sentiment
from model_image.training.corpora import own_efforts
from model_image.training.fitting import fit

STRENGTH = 1.0


def train(concepts: Concepts, demand: LinearHead, sentiment: Sentiment) -> dict[str, np.ndarray]:
    """All arrays of the effort head, from the trained heads it reads."""
    rows = own_efforts()
    spoken = np.array([LANGUAGES.index(code) for code, _, _ in rows])
    texts = [text for _, _, text in rows]
    layout = lay_out(texts)
    features = read_features(layout)
    found = concepts.find(layout, spoken)
    cues = demand.logits(features, spoken, found)[:, 1]
    manner = read_manner(texts)
    feeling = sentiment.probabilities(features, spoken, found, manner, customers=True)
    labels = np.array([LEVELS.index(level) for _, level, _ in rows])
    read = sp.csr_matrix(signs(found, cues, feeling))
    weights, intercept = fit(read, labels, np.ones(len(rows)), STRENGTH)
    return {"effort": weights, "effort.intercept": intercept}
