"""Train the effort head from our own messages: concepts -> low, medium, high, unknown."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.concepts import Concepts
from model_image.effort import LEVELS
from model_image.language import LANGUAGES
from model_image.training.corpora import own_efforts
from model_image.training.feelings import find_concepts
from model_image.training.fitting import fit


def train(concepts: Concepts) -> dict[str, np.ndarray]:
    """All arrays of the effort head."""
    rows = own_efforts()
    spoken = np.array([LANGUAGES.index(code) for code, _, _ in rows])
    found = find_concepts(concepts, [text for _, _, text in rows], spoken)
    labels = np.array([LEVELS.index(level) for _, level, _ in rows])
    weights, intercept = fit(sp.csr_matrix(found), labels, np.ones(len(rows)), 1.0)
    return {"effort": weights, "effort.intercept": intercept}
