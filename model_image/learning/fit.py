"""Labels -> a head: multinomial logistic regression around the shipped model's own log-odds.

The shipped log-odds are an offset and the weights' prior is zero (a Gaussian, hence the L2
penalty), so without labels nothing is corrected and few labels correct little. Solved in the
labels' own space (the representer theorem), where a few hundred labels make a small matrix; each
step minimises Böhning's quadratic bound (Böhning 1992), so that the loss can only fall.
"""

from __future__ import annotations

import numpy as np

from model_image.learned import WORDS, Vectors
from model_image.linear import Floats, Ints

STEPS = 80
STRENGTH = 30.0  # inverse of the penalty: how far labels may move a score
BOUND = 0.5  # the softmax's curvature is at most this (Böhning 1992)


def matrix(vectors: Vectors) -> Floats:
    """(rows, WORDS + concepts): the vectors of a few thousand texts at most."""
    words = np.zeros((len(vectors.concepts), WORDS))
    np.add.at(words, (vectors.row, vectors.bucket), vectors.value)
    return np.concatenate((words, vectors.concepts), axis=1)


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
    dual = np.zeros_like(offset)
    for _ in range(STEPS):
        residual = probabilities(offset + kernel @ dual) - target
        dual -= inverse @ (residual + dual)
    return dual


def weights(rows: Floats, dual: Floats, strength: float = STRENGTH) -> tuple[Floats, Floats]:
    """The dual weights as (WORDS, labels) and (concepts, labels); `rows` as `matrix` gives."""
    primal = strength * (rows.T @ dual)
    return primal[:WORDS], primal[WORDS:]


def folds(groups: Ints, count: int, seed: int = 0) -> Ints:
    """(rows,) the fold of each row; rows of one group (the same words) share theirs."""
    names, place = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(order[place] % count)
