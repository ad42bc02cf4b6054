"""Features of a batch and the linear heads that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_image.features import BUCKET_BITS, Layout, char_grams, word_grams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Family(NamedTuple):
    """Hashed features of one kind: parallel arrays, and each text's share of one feature."""

    buckets: Ints  # 0..2**BUCKET_BITS-1
    row: Ints
    share: Floats  # (rows,) 1/sqrt(count): a long text does not shout


class Features(NamedTuple):
    """What the heads read of a batch: n-grams of characters and of words."""

    rows: int
    chars: Family
    words: Family


def read_features(layout: Layout) -> Features:
    """All n-grams of a batch, as buckets."""
    families = []
    for grams in (char_grams(layout), word_grams(layout)):
        count = np.bincount(grams.row, minlength=layout.rows)
        families.append(Family(grams.buckets(), grams.row, 1 / np.sqrt(np.maximum(count, 1))))
    return Features(layout.rows, families[0], families[1])


@dataclass(frozen=True)
class LinearHead:
    """Linear classifiers in int8: several variants (languages) of the same labels.

    Sums of int8 weights are exact, so a text's scores cannot depend on its neighbours.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.int8]  # (variants, labels, 2**bits)
    concepts: NDArray[np.float64]  # (variants, labels, concepts), zero columns if unused
    scale: Floats  # (variants, labels): weight = int8 * scale
    intercept: Floats  # (variants, labels)

    @property
    def bits(self) -> int:
        """log2 of the number of buckets."""
        return int(self.weights.shape[2]).bit_length() - 1

    def logits(
        self,
        features: Features,
        variant: Ints | None = None,
        concepts: NDArray[np.bool_] | None = None,
    ) -> Floats:
        """(rows, labels) scores; `variant` (rows,) chooses each text's classifier.

        A head with a single variant serves every text.
        """
        chosen = np.zeros(features.rows, np.int64)
        if variant is not None and len(self.weights) > 1:
            chosen = variant
        drop = BUCKET_BITS - self.bits
        logits = np.empty((features.rows, len(self.labels)))
        indices = [
            (family, (chosen[family.row] << self.bits) + (family.buckets >> drop))
            for family in (features.chars, features.words)
        ]
        for label in range(len(self.labels)):
            table = np.ascontiguousarray(self.weights[:, label]).ravel()
            total = np.zeros(features.rows)
            for family, index in indices:
                sums = np.bincount(family.row, table[index], features.rows)
                total += sums * family.share
            logits[:, label] = total
        logits = logits * self.scale[chosen] + self.intercept[chosen]
        if concepts is not None and self.concepts.shape[2]:
            # einsum over one text at a time: a BLAS product may round by batch size
            logits += np.einsum("rk,rlk->rl", concepts.astype(np.float64), self.concepts[chosen])
        return logits


def softmax(logits: Floats) -> Floats:
    """Rows of probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def load_head(arrays: Mapping[str, NDArray[np.generic]], name: str) -> LinearHead:
    """The head saved under `name` by `save_head`."""
    return LinearHead(
        labels=tuple(str(label) for label in arrays[f"{name}.labels"]),
        weights=arrays[f"{name}.weights"].astype(np.int8),
        concepts=arrays[f"{name}.concepts"].astype(np.float64),
        scale=arrays[f"{name}.scale"].astype(np.float64),
        intercept=arrays[f"{name}.intercept"].astype(np.float64),
    )


def save_head(head: LinearHead, name: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of a head, ready for np.savez."""
    return {
        f"{name}.labels": np.array(head.labels),
        f"{name}.weights": head.weights,
        f"{name}.concepts": head.concepts.astype(np.float32),
        f"{name}.scale": head.scale,
        f"{name}.intercept": head.intercept,
    }


def quantise(
    labels: Sequence[str], weights: Floats, concepts: Floats, intercept: Floats
) -> LinearHead:
    """A head in int8 from float weights (variants, labels, buckets).

    The scale follows the 99.9th percentile of non-zero weights: a few extreme weights are
    clipped so that the many small ones keep their digits.
    """
    variants, count, _ = weights.shape
    scale = np.ones((variants, count))
    for v in range(variants):
        for label in range(count):
            size = np.abs(weights[v, label][weights[v, label] != 0])
            scale[v, label] = (np.quantile(size, 0.999) if len(size) else 1.0) / 127
    rounded = np.clip(np.round(weights / scale[:, :, None]), -127, 127).astype(np.int8)
    return LinearHead(tuple(labels), rounded, concepts, scale, intercept)
