"""Examples -> sparse matrices -> logistic regressions. Needs scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.features import BUCKET_BITS, lay_out
from model_image.linear import Floats, Ints, read_features
from model_image.training.corpora import Example

BATCH = 1000


def matrix(texts: Sequence[str], bits: int) -> sp.csr_matrix:
    """(texts, 2**bits) features exactly as LinearHead reads them."""
    blocks = []
    for first in range(0, len(texts), BATCH):
        layout = lay_out(texts[first : first + BATCH])
        features = read_features(layout)
        shape = (layout.rows, 1 << bits)
        block = sp.csr_matrix(shape)
        for family in (features.chars, features.words):
            buckets = family.buckets >> (BUCKET_BITS - bits)
            entries = (family.share[family.row], (family.row, buckets))
            block = block + sp.csr_matrix(entries, shape=shape)
        blocks.append(block)
    return sp.vstack(blocks).tocsr()


def rarity(features: sp.csr_matrix) -> Floats:
    """(buckets,) inverse document frequency, about 0.2..2: rare n-grams are trusted more."""
    seen = np.bincount(features.indices, minlength=features.shape[1])
    return np.asarray((np.log((features.shape[0] + 1) / (seen + 1)) + 1) / 5)


def fit(
    features: sp.csr_matrix, labels: Ints, weights: Floats, strength: float, rare: bool = False
) -> tuple[Floats, Floats]:
    """(labels, columns) weights and (labels,) intercepts; two rows for two labels."""
    factor = rarity(features) if rare else np.ones(features.shape[1])
    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    model.fit(features @ sp.diags(factor), labels, sample_weight=weights)
    coefficients, intercept = model.coef_ * factor, model.intercept_
    if len(model.classes_) == 2:  # one score: give the other label the zero
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.array([0.0, intercept[0]])
    return np.asarray(coefficients), np.asarray(intercept)


def columns(examples: Sequence[Example]) -> tuple[list[str], Ints, Floats]:
    """Texts, labels and weights as parallel columns."""
    return (
        [example.text for example in examples],
        np.array([example.label for example in examples]),
        np.array([example.weight for example in examples]),
    )
