"""Features of a batch and the linear heads that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_image.features import BUCKET_BITS, Layout, char_grams, stem_grams, word_grams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Family(NamedTuple):
    """Hashed features of one kind: parallel arrays, and each text's share of one feature."""

    buckets: Ints  # 0..2**BUCKET_BITS-1
    row: Ints
    share: Floats  # (rows,) 1/sqrt(count): a long text does not shout


class Features(NamedTuple):
    """What the heads read of a batch: n-grams of characters, of words, and beginnings of words."""

    rows: int
    chars: Family
    words: Family
    stems: Family

    @property
    def families(self) -> tuple[Family, Family, Family]:
        """All three."""
        return self.chars, self.words, self.stems

    def without_stems(self) -> Features:
        """For telling languages: their endings are what sets them apart."""
        nothing = np.zeros(0, np.int64)
        return self._replace(stems=Family(nothing, nothing, np.ones(self.rows)))


def read_features(layout: Layout) -> Features:
    """All n-grams of a batch, as buckets."""
    families = []
    for grams in (char_grams(layout), word_grams(layout), stem_grams(layout)):
        count = np.bincount(grams.row, minlength=layout.rows)
        families.append(Family(grams.buckets(), grams.row, 1 / np.sqrt(np.maximum(count, 1))))
    return Features(layout.rows, *families)


LEVELS = 127


@dataclass(frozen=True)
class LinearHead:
    """Linear classifiers in whole numbers: several variants (languages) of the same labels.

    Sums of whole numbers are exact, so a text's scores cannot depend on its neighbours.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.int16]  # (variants, labels, 2**bits), each a signed square
    concepts: NDArray[np.float64]  # (variants, labels, concepts), zero columns if unused
    scale: Floats  # (variants, labels): weight = square * scale
    intercept: Floats  # (variants, labels)

    @property
    def bits(self) -> int:
        """log2 of the number of buckets."""
        return int(self.weights.shape[2]).bit_length() - 1

    @cached_property
    def tables(self) -> list[NDArray[np.int16]]:
        """Each label's weights of all variants in one row: one look-up serves a mixed batch."""
        return [
            np.ascontiguousarray(self.weights[:, label]).ravel()
            for label in range(len(self.labels))
        ]

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
            for family in features.families
        ]
        for label, table in enumerate(self.tables):
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
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def load_head(arrays: Mapping[str, NDArray[np.generic]], name: str) -> LinearHead:
    """The head saved under `name` by `save_head`."""
    roots = arrays[f"{name}.roots"].astype(np.int16)
    return LinearHead(
        labels=tuple(str(label) for label in arrays[f"{name}.labels"]),
        weights=np.sign(roots) * roots**2,
        concepts=arrays[f"{name}.concepts"].astype(np.float64),
        scale=arrays[f"{name}.scale"].astype(np.float64),
        intercept=arrays[f"{name}.intercept"].astype(np.float64),
    )


def save_head(head: LinearHead, name: str) -> dict[str, NDArray[np.generic]]:
    """The arrays of a head, ready for np.savez."""
    return {
        f"{name}.labels": np.array(head.labels),
        f"{name}.roots": (np.sign(head.weights) * np.sqrt(np.abs(head.weights))).astype(np.int8),
        f"{name}.concepts": head.concepts.astype(np.float32),
        f"{name}.scale": head.scale,
        f"{name}.intercept": head.intercept,
    }


def quantise(
    labels: Sequence[str], weights: Floats, concepts: Floats, intercept: Floats
) -> LinearHead:
    """A head from float weights (variants, labels, buckets), each rounded to one signed byte.

    Bytes stand for squares: few weights are large and many small, and a square law keeps both
    (linear steps, or clipping the few, cost FinnSentiment 3 points of macro-F1).
    """
    top = np.maximum(np.abs(weights).max(axis=2), 1e-12)
    levels = np.round(LEVELS * np.sqrt(np.abs(weights) / top[:, :, None])).astype(np.int16)
    squares = np.sign(weights).astype(np.int16) * levels**2
    return LinearHead(tuple(labels), squares, concepts, top / LEVELS**2, intercept)
