"""An organisation's labels -> its heads, and what each is worth by cross-validation.

A head is measured on messages that it was not fitted to, against the shipped model on the same
messages. It is kept when it is better there; the interval of the difference says how sure that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model_image import learned
from model_image.learned import Head, Heads
from model_image.learning import fit
from model_image.learning.score import Compared, compare, macro_f1, true_or_told
from model_image.linear import Floats, Ints
from model_image.reading import DEMAND, Readable, Reading, joined, only
from model_image.wire import Taxonomy, Text

LEAST_LABELS = 20  # fewer cannot be told apart from chance
FOLDS = 5
FLOORS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
HOLD = 4.0  # labels per unit of macro-F1 that keep the floor where it was shipped


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled message, redacted. `themes` () is 'none of them', None is not labelled."""

    text: str
    themes: tuple[str, ...] | None
    failure: bool | None = None
    language: str | None = None


@dataclass(frozen=True)
class Refit:
    """The heads that the labels give (None: too few), how they fared, and the model's name."""

    model: str
    themes: Head | None
    demand: Head | None
    compared: tuple[Compared, ...]

    @property
    def better(self) -> tuple[str, ...]:
        """Names of the heads that gained."""
        return tuple(one.head for one in self.compared if one.better)

    def bundle(self, published: Heads | None) -> str:
        """The text to publish: each better head, and beside it what is published of the other.

        What is published of another model is left out: it would correct mistakes that this one
        does not make.
        """
        kept = published if published and published.model == self.model else None
        themes, demand = (kept.themes, kept.demand) if kept else (None, None)
        return learned.dump(
            self.model,
            self.themes if "themes" in self.better else themes,
            self.demand if "demand" in self.better else demand,
        )


def refit(model: Readable, taxonomy: Taxonomy, examples: Sequence[Example]) -> Refit:
    """Fit and measure both heads. The same labels in the same order give the same heads."""
    ids = [theme.id for theme in taxonomy.themes]
    if examples:
        reading, examples = _read(model, taxonomy, examples)
    if not examples:
        return Refit(model.model, None, None, (_few("themes", 0), _few("demand", 0)))
    about, floor = reading.about, reading.floor
    themes, theme_gain, told = _themes(reading, ids, examples)
    if themes and theme_gain.better:
        about, floor = told, themes.floor
    demand, demand_gain = _demand(reading, examples, about, floor)
    return Refit(model.model, themes, demand, (theme_gain, demand_gain))


def _themes(
    reading: Reading, ids: Sequence[str], examples: Sequence[Example]
) -> tuple[Head | None, Compared, Floats]:
    """The head, its gain, and (rows, themes) scores that no row took part in."""
    target = np.zeros((len(examples), len(ids)))
    labelled = np.zeros(len(examples), np.bool_)
    for row, one in enumerate(examples):
        known = [ids.index(name) for name in one.themes or () if name in ids]
        target[row, known] = 1 / max(len(known), 1)
        labelled[row] = one.themes is not None and bool(known or not one.themes)
    rows = np.flatnonzero(labelled)
    about = reading.about.copy()
    if len(rows) < LEAST_LABELS or not ids:
        return None, _few("themes", len(rows)), about
    learnt = _Learnt.of(reading, examples, rows, learned.log_odds(about[rows]), target[rows])
    oof = learned.probability(learnt.offset + learnt.unseen())
    by_fold = {
        fold: _floor(oof[learnt.fold != fold], target[rows][learnt.fold != fold], reading.floor)
        for fold in set(learnt.fold.tolist())
    }
    floors = np.array([by_fold[fold] for fold in learnt.fold.tolist()])
    before, after = _best(about[rows], reading.floor), _best(oof, floors)
    compared = _compared(
        "themes",
        true_or_told(target[rows], before),
        before,
        true_or_told(target[rows], after),
        after,
    )
    head = learnt.head(ids, _floor(oof, target[rows], reading.floor))
    about[rows] = oof
    others = np.setdiff1d(np.arange(len(examples)), rows)
    if len(others) and reading.vectors:
        about[others] = learned.corrected(head, reading.vectors, ids, reading.about)[others]
    return head, compared, about


def _demand(
    reading: Reading, examples: Sequence[Example], about: Floats, floor: float
) -> tuple[Head | None, Compared]:
    rows = np.flatnonzero([one.failure is not None for one in examples])
    if len(rows) < LEAST_LABELS:
        return None, _few("demand", len(rows))
    truth = np.array([int(bool(one.failure)) for one in examples])[rows]
    failing = reading.failing(about, floor)[rows]
    learnt = _Learnt.of(
        reading, examples, rows, learned.log_odds(failing)[:, None], truth[:, None].astype(float)
    )
    before = (reading.failing(reading.about)[rows] > HALF).astype(int)
    after = (learned.probability(learnt.offset + learnt.unseen())[:, 0] > HALF).astype(int)
    compared = _compared("demand", truth, before, truth, after)
    return learnt.head(DEMAND, reading.floor), compared


HALF = 0.5


@dataclass(frozen=True)
class _Learnt:
    """One head's labels, laid out for fitting."""

    matrix: Floats  # (rows, buckets + columns) as fitted
    middle: Floats  # that was taken from them
    length: float  # that they were divided by
    buckets: int
    gram: Floats
    offset: Floats
    target: Floats
    fold: Ints

    @classmethod
    def of(
        cls,
        reading: Reading,
        examples: Sequence[Example],
        rows: Ints,
        offset: Floats,
        target: Floats,
    ) -> _Learnt:
        vectors = only(reading, rows).vectors
        assert vectors is not None  # noqa: S101 - readings() gives them
        middle = fit.middle(vectors)
        matrix = fit.matrix(vectors) - middle
        length = fit.length(matrix, vectors)
        matrix = matrix / length
        words = np.array([" ".join(one.text.casefold().split()) for one in examples])[rows]
        _, group = np.unique(words, return_inverse=True)
        fold, gram = fit.folds(group, FOLDS), matrix @ matrix.T
        return cls(matrix, middle, length, vectors.buckets, gram, offset, target, fold)

    def unseen(self) -> Floats:
        """(rows, labels) corrections, each by a head that the row's fold took no part in."""
        result = np.zeros_like(self.offset)
        for fold in np.unique(self.fold):
            here, there = self.fold == fold, self.fold != fold
            dual = fit.fit(self.gram[np.ix_(there, there)], self.offset[there], self.target[there])
            result[here] = fit.STRENGTH * self.gram[np.ix_(here, there)] @ dual
        return result

    def head(self, labels: Sequence[str], floor: float) -> Head:
        """The head of all labels, as it will be read back."""
        dual = fit.fit(self.gram, self.offset, self.target)
        weights = fit.weights(self.matrix, dual) / self.length
        words, dense = weights[: self.buckets], weights[self.buckets :]
        head = learned.rounded(Head(tuple(labels), words, dense, floor))
        if self.buckets:
            return head
        return replace(head, shift=np.round(-self.middle @ head.dense, 6))


def _floor(scores: Floats, target: Floats, shipped: float) -> float:
    """The score from which telling a theme pays off; few labels leave it where it was."""

    def worth(floor: float) -> float:
        said = _best(scores, floor)
        pull = HOLD * abs(floor - shipped) / max(len(scores), 1)
        return macro_f1(true_or_told(target, said), said) - pull

    return max(FLOORS, key=worth)


def _best(scores: Floats, floor: float | Floats) -> Ints:
    """(rows,) the best theme's place, or the number of themes for "unsure"."""
    return np.asarray(np.where(scores.max(axis=1) >= floor, scores.argmax(axis=1), scores.shape[1]))


def _compared(head: str, *told: Ints) -> Compared:
    return replace(compare(head, *told), needed=LEAST_LABELS)


def _few(head: str, labels: int) -> Compared:
    return Compared(head, labels, LEAST_LABELS)


def _read(
    model: Readable, taxonomy: Taxonomy, examples: Sequence[Example]
) -> tuple[Reading, list[Example]]:
    """The readings of all examples as one; those without a letter are left out."""
    texts = [Text(str(i), one.text, one.language) for i, one in enumerate(examples)]
    merged = joined(model.readings(texts, taxonomy))
    kept = np.flatnonzero(~merged.silent)
    return only(merged, kept), [examples[row] for row in kept.tolist()]
