"""Themes of a text, from the organisation's own descriptions, examples and keywords.

Three kinds of evidence for each theme: n-grams shared with its wordings (rare ones count
more), its keywords in any inflection, and customer-service concepts in common, which also carry
over from one language to another. Nothing is trained here: a taxonomy is laid out once and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from model_image.concepts import Concepts, pattern_hashes
from model_image.features import BUCKETS, Layout, lay_out
from model_image.keywords import SHORT, patterns
from model_image.language import LANGUAGES
from model_image.linear import Features, Floats, Ints, read_features
from model_image.wire import Taxonomy, Theme

MAX_THEMES = 5
MIN_SCORE = 0.5  # below this we are unsure and say nothing
MIN_SHARE = 0.55  # of the best theme's score: further themes must come near it

NAME, KEYWORD, DESCRIPTION, EXAMPLE = 1.0, 1.0, 0.7, 1.0  # weight of a wording's kind
INSIDE_WORD = 0.6  # "lasku" inside "sähkölasku" says less than at its beginning
CHAR_SHARE = 0.5  # of a vector's length that characters carry; words carry the rest


@dataclass(frozen=True)
class Evidence:
    """How the three kinds of evidence add up to log-odds; fitted by training."""

    intercept: float = -5.2
    ngrams: float = 9.0
    keywords: float = 2.6
    concepts: float = 4.2


class Wording(NamedTuple):
    """One text that describes a theme."""

    theme: int
    language: int
    weight: float
    text: str


@dataclass(frozen=True)
class Prototypes:
    """A taxonomy laid out for matching. `count` themes."""

    ids: tuple[str, ...]
    demand_hint: NDArray[np.int64]  # (count,) 1 failure, 0 value, -1 neither
    first: Ints  # (BUCKETS + 1,) where each bucket's postings begin
    wording: Ints  # (postings,) the wording that holds the bucket
    weight: Floats  # (postings,)
    theme_of: Ints  # (wordings,) themes, in order
    keyword_by_length: dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]]
    keyword_theme: Ints  # (keywords,)
    keyword_weight: Floats  # (keywords,) halved when two themes share it
    concept: Floats  # (count, concepts) unit rows
    concept_rarity: Floats  # (concepts,)

    @classmethod
    def of(cls, taxonomy: Taxonomy, concepts: Concepts, rarity: Floats) -> Self:
        """Lay out a taxonomy. `rarity` (BUCKETS,) is each bucket's inverse document frequency."""
        themes = taxonomy.themes
        wordings = [w for index, theme in enumerate(themes) for w in _wordings(index, theme)]
        first, wording, weight = _postings(wordings, rarity)
        by_length, keyword_theme, keyword_weight = _keywords(themes)
        concept, concept_rarity = _concepts(wordings, len(themes), concepts)
        hint = {"failure": 1, "value": 0, None: -1}
        return cls(
            ids=tuple(theme.id for theme in themes),
            demand_hint=np.array([hint[theme.demand] for theme in themes], np.int64),
            first=first,
            wording=wording,
            weight=weight,
            theme_of=np.array([w.theme for w in wordings], np.int64),
            keyword_by_length=by_length,
            keyword_theme=keyword_theme,
            keyword_weight=keyword_weight,
            concept=concept,
            concept_rarity=concept_rarity,
        )

    def evidence(
        self, layout: Layout, features: Features, found: NDArray[np.bool_], rarity: Floats
    ) -> Floats:
        """(3, rows, themes): n-gram similarity, keyword hits, concept similarity, each >= 0.

        `found` (rows, concepts) is what Concepts.find saw in the same layout.
        """
        return np.stack(
            [
                self._ngrams(features, rarity),
                self._keywords(layout),
                self._concepts(found),
            ]
        )

    def scores(self, evidence: Floats, weights: Evidence) -> Floats:
        """(rows, themes) probabilities."""
        ngrams, keywords, concepts = evidence
        odds = (
            weights.intercept
            + weights.ngrams * ngrams
            + weights.keywords * keywords
            + weights.concepts * concepts
        )
        odds[(evidence == 0).all(axis=0)] = -20.0
        return np.asarray(1 / (1 + np.exp(-odds)))

    def _ngrams(self, features: Features, rarity: Floats) -> Floats:
        """Cosine with the nearest wording of each theme."""
        themes, wordings = len(self.ids), len(self.theme_of)
        if not wordings:
            return np.zeros((features.rows, themes))
        bucket, row, value = _vectors(features, rarity)
        count = self.first[bucket + 1] - self.first[bucket]
        held = count > 0
        bucket, row, value, count = bucket[held], row[held], value[held], count[held]
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        posting = np.repeat(self.first[bucket], count) + step
        cell = np.repeat(row * wordings, count) + self.wording[posting]
        products = np.repeat(value, count) * self.weight[posting]
        cosine = np.bincount(cell, products, features.rows * wordings)
        cosine = cosine.reshape(features.rows, wordings)
        best = np.zeros((features.rows, themes))
        described, begin = np.unique(self.theme_of, return_index=True)
        best[:, described] = np.maximum.reduceat(cosine, begin, axis=1)
        return best

    def _keywords(self, layout: Layout) -> Floats:
        """Distinct keywords found, at most 2, shared and word-inner ones counted in part."""
        rows, themes, count = layout.rows, len(self.ids), len(self.keyword_theme)
        found = np.zeros((rows, count))
        starts = np.zeros(len(layout.codes), np.bool_)
        starts[layout.starts] = True
        for length, (keys, keyword) in self.keyword_by_length.items():
            position = np.arange(max(len(layout.codes) - length, 0))
            if length <= SHORT:
                position = position[starts[: len(position)]]
            key = layout.hash(position, position + length)
            place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            hit = np.flatnonzero(keys[place] == key)
            for begin in hit:  # few: only true finds
                which = np.flatnonzero(keys == key[begin])
                row = layout.row[position[begin]]
                share = 1.0 if starts[position[begin]] else INSIDE_WORD
                found[row, keyword[which]] = np.maximum(found[row, keyword[which]], share)
        total = np.zeros((rows, themes))
        for theme in range(themes):
            mine = self.keyword_theme == theme
            total[:, theme] = (found[:, mine] * self.keyword_weight[mine]).sum(axis=1)
        return np.minimum(total, 2.0)

    def _concepts(self, found: NDArray[np.bool_]) -> Floats:
        """Cosine of concept sets, rare concepts counting more."""
        vectors = found * self.concept_rarity
        length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
        return np.einsum("rk,tk->rt", vectors / np.maximum(length, 1e-9), self.concept)


def choose(ids: Sequence[str], scores: Floats) -> list[tuple[str, float]]:
    """The themes to report for one text, best first; empty when unsure."""
    order = np.argsort(-scores, kind="stable")[:MAX_THEMES]
    floor = max(MIN_SCORE, MIN_SHARE * float(scores[order[0]])) if len(order) else 1.0
    return [(ids[i], round(float(scores[i]), 4)) for i in order if scores[i] >= floor]


def _wordings(index: int, theme: Theme) -> list[Wording]:
    kinds = (
        (theme.name, NAME),
        (theme.description, DESCRIPTION),
        (theme.examples, EXAMPLE),
        (theme.keywords, KEYWORD),
    )
    return [
        Wording(index, LANGUAGES.index(code) if code in LANGUAGES else 0, weight, text)
        for words, weight in kinds
        for code, texts in words.items()
        for text in texts
    ]


def _vectors(features: Features, rarity: Floats) -> tuple[Ints, Ints, Floats]:
    """(bucket, row, value) of unit vectors: half characters, half words."""
    parts = []
    for family, share in ((features.chars, CHAR_SHARE), (features.words, 1 - CHAR_SHARE)):
        value = rarity[family.buckets]
        square = np.bincount(family.row, value**2, features.rows)
        value = value * np.sqrt(share / np.maximum(square, 1e-9))[family.row]
        parts.append((family.buckets, family.row, value))
    (a, b, c), (d, e, f) = parts
    return np.concatenate((a, d)), np.concatenate((b, e)), np.concatenate((c, f))


def _postings(wordings: Sequence[Wording], rarity: Floats) -> tuple[Ints, Ints, Floats]:
    """The wordings' vectors by bucket, common buckets of the taxonomy left light."""
    if not wordings:
        return np.zeros(BUCKETS + 1, np.int64), np.zeros(0, np.int64), np.zeros(0)
    features = read_features(lay_out([w.text for w in wordings]))
    bucket, row, value = _vectors(features, rarity)
    value = value * np.array([w.weight for w in wordings])[row]
    order = np.argsort(bucket, kind="stable")
    first = np.searchsorted(bucket[order], np.arange(BUCKETS + 1))
    return first, row[order], value[order]


def _keywords(
    themes: Sequence[Theme],
) -> tuple[dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]], Ints, Floats]:
    found: dict[int, list[tuple[int, int]]] = {}
    owner: list[int] = []
    sharing: dict[str, set[int]] = {}
    stems: list[str] = []
    for index, theme in enumerate(themes):
        for code, words in theme.keywords.items():
            for word in words:
                forms = patterns(word, code)
                for length, key in pattern_hashes(forms):
                    found.setdefault(length, []).append((key, len(owner)))
                stem = forms[0] if forms else word
                sharing.setdefault(stem, set()).add(index)
                stems.append(stem)
                owner.append(index)
    by_length = {}
    for length, pairs in sorted(found.items()):
        pairs.sort()
        keys = np.array([key for key, _ in pairs], np.uint64)
        by_length[length] = (keys, np.array([keyword for _, keyword in pairs], np.int64))
    weight = np.array([1 / len(sharing[stem]) for stem in stems])
    return by_length, np.array(owner, np.int64), weight


def _concepts(
    wordings: Sequence[Wording], themes: int, concepts: Concepts
) -> tuple[Floats, Floats]:
    """(themes, concepts) unit rows and (concepts,) rarity among the themes."""
    weight = np.zeros((themes, len(concepts.names)))
    if wordings:
        language = np.array([w.language for w in wordings], np.int64)
        found = concepts.find(lay_out([w.text for w in wordings]), language)
        for wording, hits in zip(wordings, found, strict=True):
            weight[wording.theme] += wording.weight * hits
    weight = np.sqrt(weight)
    holders = (weight > 0).sum(axis=0)
    rarity = np.log(1 + themes / np.maximum(holders, 1))
    weight *= rarity
    length = np.sqrt((weight**2).sum(axis=1, keepdims=True))
    return weight / np.maximum(length, 1e-9), rarity
