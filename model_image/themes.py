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
MIN_SCORE = 0.4  # below this we are unsure and say nothing
MIN_SHARE = 0.55  # of the best theme's score: further themes must come near it

NAME, KEYWORD, DESCRIPTION, EXAMPLE = 1.0, 1.0, 0.7, 1.0  # weight of a wording's kind
INSIDE_WORD = 0.6  # "lasku" inside "sähkölasku" says less than at its beginning
CHAR_SHARE = 0.5  # of a vector's length that characters carry; words carry the rest


@dataclass(frozen=True)
class Evidence:
    """How the kinds of evidence add up, and what their lead over other themes is worth.

    p = sigmoid(intercept + scale * lead), where the lead is a theme's sum above the mean of the
    next best three: words that many themes share say little, however many they are. Fitted by
    training.
    """

    intercept: float
    scale: float
    ngrams: float = 30.0
    keywords: float = 8.0
    concepts: float = 3.0

    def total(self, evidence: Floats) -> Floats:
        """(3, rows, themes) -> (rows, themes) weighted sums."""
        ngrams, keywords, concepts = evidence
        return np.asarray(
            self.ngrams * ngrams + self.keywords * keywords + self.concepts * concepts
        )

    def scores(self, evidence: Floats) -> Floats:
        """(rows, themes) probabilities; 0 without any evidence."""
        total = self.total(evidence)
        odds = self.intercept + self.scale * (total - rivals(total)[:, None])
        return np.where(total > 0, 1 / (1 + np.exp(-odds)), 0.0)


RIVALS = 3


def rivals(total: Floats) -> Floats:
    """(rows,) mean of the second to fourth best themes; absent themes count as zero."""
    padded = np.pad(total, ((0, 0), (0, RIVALS + 1)))
    return np.asarray(-np.sort(-padded, axis=1)[:, 1 : 1 + RIVALS].mean(axis=1))


class Wording(NamedTuple):
    """One text that describes a theme, `theme` its place in the taxonomy."""

    theme: int
    language: int
    weight: float
    text: str


@dataclass(frozen=True)
class Prototypes:
    """A taxonomy of `count` themes, laid out for matching."""

    ids: tuple[str, ...]
    demand_hint: NDArray[np.int64]  # (count,) 1 failure, 0 value, -1 neither
    first: Ints  # (BUCKETS + 1,) where each bucket's postings begin
    prototype: Ints  # (postings,) the prototype whose wordings hold the bucket
    weight: Floats  # (postings,)
    theme_of: Ints  # (prototypes,) a theme has one prototype a language, side by side
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
        first, prototype, weight, theme_of = _postings(wordings, rarity)
        by_length, keyword_theme, keyword_weight = _keywords(themes)
        concept, concept_rarity = _concepts(wordings, len(themes), concepts)
        hint = {"failure": 1, "value": 0, None: -1}
        return cls(
            ids=tuple(theme.id for theme in themes),
            demand_hint=np.array([hint[theme.demand] for theme in themes], np.int64),
            first=first,
            prototype=prototype,
            weight=weight,
            theme_of=theme_of,
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

    def _ngrams(self, features: Features, rarity: Floats) -> Floats:
        """Cosine with the sum of each theme's wordings, in the language that fits best.

        The sum beats the nearest single wording by 5 points of accuracy with five examples a
        theme (BANKING77, MASSIVE, CLINC150).
        """
        themes, prototypes = len(self.ids), len(self.theme_of)
        if not prototypes:
            return np.zeros((features.rows, themes))
        bucket, row, value = _vectors(features, rarity)
        count = self.first[bucket + 1] - self.first[bucket]
        held = count > 0
        bucket, row, value, count = bucket[held], row[held], value[held], count[held]
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        posting = np.repeat(self.first[bucket], count) + step
        cell = np.repeat(row * prototypes, count) + self.prototype[posting]
        products = np.repeat(value, count) * self.weight[posting]
        cosine = np.bincount(cell, products, features.rows * prototypes)
        cosine = cosine.reshape(features.rows, prototypes)
        described, begin = np.unique(self.theme_of, return_index=True)
        best = np.zeros((features.rows, themes))
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
        vectors = found[:, : len(self.concept_rarity)] * self.concept_rarity
        length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
        unit = vectors / np.maximum(length, 1e-9)
        return np.asarray(np.einsum("rk,tk->rt", unit, self.concept))


def choose(
    ids: Sequence[str], scores: Floats, least: float = MIN_SCORE, share: float = MIN_SHARE
) -> list[tuple[str, float]]:
    """The themes to report for one text, best first; empty when none reaches `least`: unsure."""
    values = scores.tolist()  # of a few numbers, Python is faster than numpy
    best = sorted((i for i, p in enumerate(values) if p >= least), key=lambda i: -values[i])
    floor = share * values[best[0]] if best else 1.0
    return [(ids[i], round(values[i], 4)) for i in best[:MAX_THEMES] if values[i] >= floor]


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


def _postings(wordings: Sequence[Wording], rarity: Floats) -> tuple[Ints, Ints, Floats, Ints]:
    """The prototypes' vectors by bucket, and each prototype's theme.

    What many prototypes share counts less: in the vectors, as in a text's likeness to them.
    """
    if not wordings:
        nothing = np.zeros(0, np.int64)
        return np.zeros(BUCKETS + 1, np.int64), nothing, np.zeros(0), nothing
    features = read_features(lay_out([w.text for w in wordings]))
    bucket, row, value = _vectors(features, rarity)
    value = value * np.array([w.weight for w in wordings])[row]
    kinds = np.array([w.theme * len(LANGUAGES) + w.language for w in wordings])
    known, kind = np.unique(kinds, return_inverse=True)
    cell, place = np.unique(bucket * len(known) + kind[row], return_inverse=True)
    value = np.bincount(place, value).astype(np.float64)
    bucket, prototype = np.divmod(cell, len(known))
    first = np.searchsorted(bucket, np.arange(BUCKETS + 1)).astype(np.int64)
    holders = (first[1:] - first[:-1])[bucket]
    scarcity = np.log(1 + len(known) / holders) / np.log(1 + len(known))
    value = value * scarcity
    length = np.sqrt(np.bincount(prototype, value**2, len(known)))
    return first, prototype, value / length[prototype] * scarcity, known // len(LANGUAGES)


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
    weight = np.zeros((themes, concepts.topics))
    if wordings:
        language = np.array([w.language for w in wordings], np.int64)
        found = concepts.find(lay_out([w.text for w in wordings]), language)
        for wording, hits in zip(wordings, found, strict=True):
            weight[wording.theme] += wording.weight * hits[: concepts.topics]
    weight = np.sqrt(weight)
    holders = (weight > 0).sum(axis=0)
    rarity = np.log(1 + themes / np.maximum(holders, 1))
    weight *= rarity
    length = np.sqrt((weight**2).sum(axis=1, keepdims=True))
    return weight / np.maximum(length, 1e-9), rarity
