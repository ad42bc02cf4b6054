"""The CPU backend: small linear heads on character and word n-grams, numpy alone."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from model_image import VERSION, concepts, effort, language, learned, satisfaction, themes
from model_image.concepts import Concepts
from model_image.effort import Effort
from model_image.emotion import LABELS, Emotion
from model_image.features import lay_out
from model_image.learned import WORDS, Heads
from model_image.linear import Family, Features, Floats, LinearHead, load_head, read_features
from model_image.manner import read_manner
from model_image.reading import Reading
from model_image.satisfaction import Satisfaction
from model_image.sentiment import Sentiment
from model_image.windows import windows
from model_image.wire import Result, Taxonomy, Text

WEIGHTS = Path(__file__).parents[1] / "weights" / "compact.npz"

# Arrays of a batch of this size stay in the processor's cache; much larger ones do not.
BATCH_CHARS = 48_000
KEPT_TAXONOMIES = 16
NO_EVIDENCE = (0.25, 0.5, 0.25)  # sentiment of a text without words
NO_FEELING = np.eye(len(LABELS))[0]
NO_EFFORT = np.eye(len(effort.LEVELS))[effort.UNKNOWN]


@dataclass
class Compact:
    """Language, sentiment, themes and demand of texts, from weights loaded once."""

    model: str
    language_head: LinearHead
    sentiment: Sentiment
    demand_head: LinearHead
    emotion: Emotion
    effort: Effort
    satisfaction: Satisfaction
    concepts: Concepts
    rarity: Floats  # (BUCKETS,) inverse document frequency of n-grams
    evidence: themes.Evidence
    _kept: OrderedDict[tuple[str, int], themes.Prototypes] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Self:
        """Read the weights; the model's name carries their hash."""
        read = [file.read_bytes() for file in (path, concepts.PATH, concepts.EVENTS)]
        digest = hashlib.sha256(b"".join(read)).hexdigest()
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        known = Concepts.load(language.LANGUAGES)
        return cls(
            model=f"compact-{VERSION}-{digest[:12]}",
            language_head=load_head(arrays, "language"),
            sentiment=Sentiment.load(arrays),
            demand_head=load_head(arrays, "demand"),
            emotion=Emotion.load(arrays),
            effort=Effort.load(arrays),
            satisfaction=Satisfaction.of(arrays["satisfaction"].astype(np.float64), known.names),
            concepts=known,
            rarity=arrays["rarity"].astype(np.float64) / 16,
            evidence=themes.Evidence(*arrays["evidence"].tolist()),
        )

    def warm_up(self) -> None:
        """Fill caches that every request needs."""
        samples = ("Missä paketti on?", "Where is my parcel?", "Var är paketet?")
        texts = [Text(str(i), sample * 50, None) for i, sample in enumerate(samples)]
        self.understand(texts, Taxonomy("warm-up", (), 0))

    def understand(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Result]:
        """One result a text, in order; windows of long texts are read apart and combined."""
        prototypes = self._prototypes(taxonomy)
        heads = learned.serving(self.model, taxonomy.heads, WORDS, len(self.concepts.names))
        results: list[Result] = []
        for batch in _batches(texts):
            results += self._results(self._pooled(batch, prototypes), prototypes, heads)
        return results

    def readings(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Reading]:
        """What an organisation's heads are fitted to; batches in the order of the texts."""
        prototypes = self._prototypes(taxonomy)
        pools = [self._pooled(batch, prototypes) for batch in _batches(texts)]
        return [self._reading(pooled, prototypes, learnt=True) for pooled in pools]

    def _prototypes(self, taxonomy: Taxonomy) -> themes.Prototypes:
        key = (taxonomy.hash, taxonomy.fingerprint)
        if key not in self._kept:
            self._kept[key] = themes.Prototypes.of(taxonomy, self.concepts, self.rarity)
            while len(self._kept) > KEPT_TAXONOMIES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _pooled(
        self, batch: Sequence[tuple[Text, list[str]]], prototypes: themes.Prototypes
    ) -> _Pooled:
        pieces = [piece for _, parts in batch for piece in parts]
        owner = np.repeat(np.arange(len(batch)), [len(parts) for _, parts in batch])
        first = np.searchsorted(owner, np.arange(len(batch)))
        layout = lay_out(pieces)
        features = read_features(layout)
        letters = language.count_letters(layout)
        size = np.maximum(letters, 1).astype(np.float64)

        spoken = language.language_scores(self.language_head, features, letters)
        spoken = _mean(spoken, size, owner, first)
        spoken = language.with_hints(spoken, [text.language for text, _ in batch])
        code = spoken[:, : len(language.LANGUAGES)].argmax(axis=1)

        found = self.concepts.find(layout, code[owner])
        # Whoever sends themes sends customers' words; without, they may be anybody's.
        customers = bool(prototypes.ids)
        manner = read_manner(pieces)
        feeling = self.sentiment.probabilities(features, code[owner], found, manner, customers)
        evidence = prototypes.evidence(layout, features, found, self.rarity)
        about = self.evidence.scores(evidence)
        cues = self.demand_head.logits(features, code[owner], found)[:, 1]
        felt = _mean(self.emotion.probabilities(features, code[owner]), size, owner, first)

        return _Pooled(
            spoken=spoken,
            code=code,
            letters=np.add.reduceat(letters, first),
            found=np.logical_or.reduceat(found, first, axis=0),
            feeling=_mean(feeling, size, owner, first),
            felt=felt,
            about=np.maximum.reduceat(about, first, axis=0),
            cues=np.maximum.reduceat(cues, first),
            features=features,
            owner=owner,
        )

    def _reading(self, pooled: _Pooled, prototypes: themes.Prototypes, learnt: bool) -> Reading:
        """The shipped scores, and what heads read when they are `learnt`."""
        silent = pooled.letters == 0
        vectors = None
        if learnt:
            features = _of_texts(pooled.features, pooled.owner, len(silent))
            vectors = learned.vectors(features, pooled.found, self.rarity)
        return Reading(
            vectors=vectors,
            about=np.where(silent[:, None], 0, pooled.about),
            cues=np.where(silent, 0.0, pooled.cues),
            positive=np.where(silent, NO_EVIDENCE[2], pooled.feeling[:, 2]),
            hint=prototypes.demand_hint,
            silent=silent,
            floor=themes.MIN_SCORE,
        )

    def _results(
        self, pooled: _Pooled, prototypes: themes.Prototypes, heads: Heads | None = None
    ) -> list[Result]:
        """What is told of each text; of one without a letter, nothing."""
        silent = pooled.letters == 0
        feeling = np.where(silent[:, None], NO_EVIDENCE, pooled.feeling)
        felt = np.where(silent[:, None], NO_FEELING, pooled.felt)
        reading = self._reading(pooled, prototypes, heads is not None)
        about, floor, failing = reading.judged(prototypes.ids, heads)
        cues = reading.cues
        trouble = self.effort.probabilities(effort.signs(pooled.found, cues, feeling))
        trouble[silent] = NO_EFFORT
        steps = self.satisfaction.steps(feeling, pooled.found)
        results = []
        for row, letters in enumerate(pooled.letters.tolist()):
            told, p = language.decide(pooled.spoken[row], letters)
            results.append(
                Result(
                    language=told,
                    language_p=round(p, 4),
                    sentiment=_rounded(feeling[row]),
                    themes=themes.choose(prototypes.ids, about[row], floor),
                    p_failure=round(float(failing[row]), 4),
                    neutral=round(float(felt[row, 0]), 4),
                    emotions=self.emotion.reported(felt[row], int(pooled.code[row])),
                    effort=effort.decide(trouble[row]),
                    satisfaction=satisfaction.decide(steps[row], float(feeling[row, 1]), letters),
                    heads=heads.hash if heads else "",
                )
            )
        return results


@dataclass(frozen=True)
class _Pooled:
    """Scores of a batch's texts, one row a text, their windows combined."""

    spoken: Floats  # by language
    code: np.ndarray[Any, Any]  # the likeliest language
    letters: np.ndarray[Any, Any]
    found: np.ndarray[Any, Any]  # which concepts
    feeling: Floats
    felt: Floats
    about: Floats  # by theme
    cues: Floats  # of failure demand
    features: Features  # of the windows
    owner: NDArray[np.int64]  # (windows,) the text of each


def _of_texts(features: Features, owner: NDArray[np.int64], rows: int) -> Features:
    """The features of windows as those of their texts."""

    def one(family: Family) -> Family:
        row = owner[family.row]
        count = np.bincount(row, minlength=rows)
        return Family(family.buckets, row, 1 / np.sqrt(np.maximum(count, 1)))

    return Features(rows, *(one(family) for family in features.families))


def _batches(texts: Sequence[Text]) -> Iterator[list[tuple[Text, list[str]]]]:
    """Texts with their windows, in groups of bearable size."""
    group: list[tuple[Text, list[str]]] = []
    chars = 0
    for text in texts:
        if group and chars + len(text.text) > BATCH_CHARS:
            yield group
            group, chars = [], 0
        group.append((text, windows(text.text)))
        chars += len(text.text) + 2
    if group:
        yield group


def _mean(
    values: Floats, size: Floats, owner: NDArray[np.int64], first: NDArray[np.int64]
) -> Floats:
    """Windows' values averaged by size: (windows, k) -> (texts, k)."""
    total = np.add.reduceat(size, first)
    return np.asarray(np.add.reduceat(values * (size / total[owner])[:, None], first, axis=0))


def _rounded(p: Floats) -> tuple[float, float, float]:
    """Four digits that still sum to 1."""
    negative, positive = round(float(p[0]), 4), round(float(p[2]), 4)
    return negative, round(1 - negative - positive, 4), positive
