"""Labels -> a head: multinomial logistic regression around the shipped model's own log-odds.

The shipped log-odds are an offset and the weights' prior is zero (a Gaussian, hence the L2
penalty), so without labels nothing is corrected and few labels correct little. Solved in the
labels' own space (the representer theorem), where a few hundred labels make a small matrix. Each
step minimises Böhning's quadratic bound (Böhning 1992) from a point ahead on the way it goes
(Nesterov 1983), and begins anew when it turns back (O'Donoghue & Candès 2015).
"""

from __future__ import annotations

import numpy as np

from model_image.learned import Vectors
from model_image.linear import Floats, Ints

STEPS = 120  # corrections of the labelled shop are then within 0.003 of their limit
STRENGTH = 30.0  # inverse of the penalty: how far labels may move a score
BOUND = 0.5  # the softmax's curvature is at most this (Böhning 1992)


def matrix(vectors: Vectors) -> Floats:
    """(rows, buckets + columns): the vectors of a few thousand texts at most."""
    words = np.zeros((len(vectors.dense), vectors.buckets))
    np.add.at(words, (vectors.row, vectors.bucket), vectors.value)
    return np.concatenate((words, vectors.dense), axis=1)


def middle(vectors: Vectors) -> Floats:
    """(buckets + columns,) what all texts share: nothing of words, much of embeddings.

    Left in, it would be the constant that heads must not see.
    """
    if vectors.embedded and len(vectors.dense):
        return np.asarray(vectors.dense.mean(axis=0))
    return np.zeros(vectors.buckets + vectors.dense.shape[1])


def length(matrix: Floats, vectors: Vectors) -> float:
    """What centred embeddings are divided by, so that the prior is as strict for every encoder."""
    if not vectors.embedded:
        return 1.0  # words and concepts are of length 1 by their making
    return float(np.sqrt((matrix**2).sum(axis=1).mean())) or 1.0


def probabilities(odds: Floats) -> Floats:
    """(rows, labels) softmax over the labels and 'none of them', whose log-odds are 0."""
    top = np.maximum(odds.max(axis=1, keepdims=True, initial=0.0), 0.0)
    powers = np.exp(odds - top)
    return np.asarray(powers / (powers.sum(axis=1, keepdims=True) + np.exp(-top)))


def fit(gram: Floats, offset: Floats, target: Floats, strength: float = STRENGTH) -> Floats:
    """(rows, labels) dual weights: the correction of a text x is strength * k(x, rows) @ them.

    `gram` (rows, rows) inner products, `offset` (rows, labels) shipped log-odds, `target` (rows,
    labels) shares that sum to 1 at most; what is missing is 'none of them'.
    """
    kernel = strength * gram
    inverse = np.linalg.inv(BOUND * kernel + np.eye(len(kernel)))
    dual = before = np.zeros_like(offset)
    pace = 0
    for _ in range(STEPS):
        ahead = dual + pace / (pace + 3) * (dual - before)
        residual = probabilities(offset + kernel @ ahead) - target
        step = inverse @ (residual + ahead)
        before, dual = dual, ahead - step
        turned = np.vdot(step, kernel @ (dual - before)) > 0
        pace = 0 if turned else pace + 1
    return dual


def weights(rows: Floats, dual: Floats, strength: float = STRENGTH) -> Floats:
    """The dual weights as (buckets + columns, labels); `rows` as they were fitted."""
    return strength * (rows.T @ dual)


def folds(groups: Ints, count: int, seed: int = 0) -> Ints:
    """(rows,) the fold of each row; rows of one group (the same words) share theirs."""
    names, place = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[place] % count)
