"""Examples -> sparse matrices -> logistic regressions. Needs scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp  # type: ignore[import-not-found,import-untyped,unused-ignore]
from scipy.optimize import minimize  # type: ignore[import-not-found,import-untyped,unused-ignore]

from model_image.features import BUCKET_BITS, lay_out
from model_image.linear import Floats, Ints, read_features
from model_image.training.corpora import Example

BATCH = 1000


def matrix(texts: Sequence[str], bits: int, stems: bool = True) -> sp.csr_matrix:
    """(texts, 2**bits) features exactly as LinearHead reads them."""
    blocks = []
    for first in range(0, len(texts), BATCH):
        layout = lay_out(texts[first : first + BATCH])
        features = read_features(layout)
        if not stems:
            features = features.without_stems()
        shape = (layout.rows, 1 << bits)
        block = sp.csr_matrix(shape)
        for family in features.families:
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
    # here, for whoever trains an encoder needs no scikit-learn
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fmt: skip

    factor = rarity(features) if rare else np.ones(features.shape[1])
    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
    model.fit(features @ sp.diags(factor), labels, sample_weight=weights)
    coefficients, intercept = model.coef_ * factor, model.intercept_
    if len(model.classes_) == 2:  # one score: give the other label the zero
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.array([0.0, intercept[0]])
    return np.asarray(coefficients), np.asarray(intercept)


def tellingness(features: sp.csr_matrix, targets: Floats, smoothing: float = 2.0) -> Floats:
    """(columns,) largest |log-count ratio| of the labels: what a column's presence tells.

    Wang & Manning (2012), "Baselines and Bigrams", with one factor for all labels.
    """
    present = features.copy()
    present.data[:] = 1
    counts = present.T @ targets + smoothing
    others = counts.sum(axis=1, keepdims=True) - counts
    ratio = np.log(counts / counts.sum(axis=0)) - np.log(others / others.sum(axis=0))
    return np.asarray(np.abs(ratio).max(axis=1))


def fit_shares(
    features: sp.csr_matrix, targets: Floats, weights: Floats, strength: float, rounds: int = 80
) -> tuple[Floats, Floats]:
    """As `fit`, for targets (rows, labels) that are shares: annotators may disagree."""
    labels = targets.shape[1]
    size = features.shape[1] * labels
    narrow, across = features.astype(np.float32), features.T.tocsr().astype(np.float32)

    def loss(point: Floats) -> tuple[float, Floats]:
        held = point[:size].reshape(-1, labels)
        logits = narrow @ held.astype(np.float32) + point[size:]
        top = logits.max(axis=1, keepdims=True)
        total = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        entropy = -(weights[:, None] * targets * (logits - total)).sum()
        pull = strength * weights[:, None] * (np.exp(logits - total) - targets)
        slope = across @ pull.astype(np.float32) + held
        value = strength * entropy + (held**2).sum() / 2
        return float(value), np.concatenate([slope.ravel(), pull.sum(axis=0)]).astype(np.float64)

    options = {"maxiter": rounds, "maxcor": 6, "ftol": 1e-7}
    found = minimize(loss, np.zeros(size + labels), jac=True, method="L-BFGS-B", options=options).x
    return found[:size].reshape(-1, labels).T, found[size:]


def folds(rows: int, parts: int, seed: int = 20261123) -> list[tuple[Ints, Ints]]:
    """(learn, held out) as often as there are parts, so that each row is held out once."""
    order = np.random.default_rng(seed).permutation(rows)
    cuts = [rows * part // parts for part in range(1, parts)]
    held_out = [np.sort(part) for part in np.split(order, cuts)]
    return [(np.setdiff1d(order, part), part) for part in held_out]


def columns(examples: Sequence[Example]) -> tuple[list[str], Ints, Floats]:
    """Texts, labels and weights as parallel columns."""
    return (
        [example.text for example in examples],
        np.array([example.label for example in examples]),
        np.array([example.weight for example in examples]),
    )
