"""Themes by likeness of embeddings: an organisation's wordings are read once and kept.

The score is that of `layout.ThemeScale`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model_image.encoder.layout import ThemeScale
from model_image.linear import Floats
from model_image.reading import hints
from model_image.themes import choose, rivals
from model_image.wire import Taxonomy, Text, Theme


def wordings(taxonomy: Taxonomy) -> list[Text]:
    """What to embed: each text's id is the place of its theme."""
    return [
        Text(str(place), text, None)
        for place, theme in enumerate(taxonomy.themes)
        for text in _of(theme)
    ]


def _of(theme: Theme) -> list[str]:
    listed = (theme.name, theme.description, theme.examples)
    texts = [text for words in listed for said in words.values() for text in said]
    return texts + [", ".join(said) for said in theme.keywords.values() if said]


@dataclass(frozen=True)
class Prototypes:
    """A taxonomy's wordings as vectors."""

    ids: tuple[str, ...]
    hint: NDArray[np.int64]  # (themes,) 1 failure, 0 value, -1 neither
    vectors: Floats  # (wordings, dimensions), each of length 1, theme by theme
    first: NDArray[np.int64]  # each worded theme's first wording
    worded: NDArray[np.int64]  # places of the themes that have a wording

    @classmethod
    def of(cls, taxonomy: Taxonomy, vectors: Floats) -> Self:
        """`vectors` are those of `wordings(taxonomy)`, in order."""
        owner = np.array([int(text.id) for text in wordings(taxonomy)], np.int64)
        worded, first = np.unique(owner, return_index=True)
        return cls(
            ids=tuple(theme.id for theme in taxonomy.themes),
            hint=hints(taxonomy),
            vectors=vectors,
            first=first,
            worded=worded,
        )

    def likeness(self, texts: Floats, scale: ThemeScale) -> Floats:
        """(texts, worded themes), cosines -1..1; `texts` (texts, dimensions) of length 1."""
        cosines = texts @ self.vectors.T
        count = np.diff(self.first, append=len(self.vectors))
        nearest = np.maximum.reduceat(cosines, self.first, axis=1)
        mean = np.add.reduceat(cosines, self.first, axis=1) / count
        return np.asarray(scale.nearest * nearest + (1 - scale.nearest) * mean)

    def scores(self, texts: Floats, scale: ThemeScale) -> tuple[Floats, Floats | None]:
        """((texts, themes) probabilities, 0 for a theme without wordings; (texts,) of news).

        The second is None where there is no theme that could fit.
        """
        scores = np.zeros((len(texts), len(self.ids)))
        if not len(self.first):
            return scores, None
        likeness = self.likeness(texts, scale)
        lead = likeness - rivals(likeness)[:, None]
        odds = scale.intercept + scale.likeness * likeness + scale.lead * lead
        scores[:, self.worded] = _sigmoid(odds)
        return scores, _sigmoid(scale.new_intercept - scale.new_likeness * likeness.max(axis=1))

    def told(self, scores: Floats, floor: float, scale: ThemeScale) -> list[tuple[str, float]]:
        """The themes to report of one text, best first; none when all are below `floor`."""
        return choose(self.ids, scores, floor, scale.min_share)


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))))


def normalised(vectors: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))


def mean_of_windows(rows: Sequence[Floats], weights: Sequence[int]) -> Floats:
    """One text's vector from its windows'."""
    if len(rows) == 1:
        return rows[0]
    return np.asarray(np.average(np.stack(rows), axis=0, weights=weights))
