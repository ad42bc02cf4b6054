"""An organisation's labels -> its heads, and what each is worth by cross-validation.

A head is measured on messages that it was not fitted to, against the shipped model on the same
messages. It is kept when it is better there; the interval of the difference says how sure that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model_image import learned
from model_image.backends.compact import DEMAND, Compact, Reading
from model_image.learned import Head, Heads, Vectors
from model_image.learning import fit
from model_image.learning.score import Compared, compare, macro_f1, true_or_told
from model_image.linear import Floats, Ints
from model_image.themes import MIN_SCORE
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
    """The heads that the labels give (None: too few), and how they fared."""

    themes: Head | None
    demand: Head | None
    compared: tuple[Compared, ...]

    @property
    def better(self) -> tuple[str, ...]:
        """Names of the heads that gained."""
        return tuple(one.head for one in self.compared if one.better)

    def bundle(self, published: Heads | None) -> str:
        """The text to publish: each better head, and beside it what is published of the other."""
        themes, demand = (published.themes, published.demand) if published else (None, None)
        return learned.dump(
            self.themes if "themes" in self.better else themes,
            self.demand if "demand" in self.better else demand,
        )


def refit(model: Compact, taxonomy: Taxonomy, examples: Sequence[Example]) -> Refit:
    """Fit and measure both heads. The same labels in the same order give the same heads."""
    ids = [theme.id for theme in taxonomy.themes]
    reading, examples = _read(model, taxonomy, examples)
    if not examples:
        return Refit(None, None, (_few("themes", 0), _few("demand", 0)))
    about, floor = reading.about, MIN_SCORE
    themes, theme_gain, told = _themes(model, reading, ids, examples)
    if themes and theme_gain.better:
        about, floor = told, themes.floor
    demand, demand_gain = _demand(model, reading, examples, about, floor)
    return Refit(themes, demand, (theme_gain, demand_gain))


def _themes(
    model: Compact, reading: Reading, ids: Sequence[str], examples: Sequence[Example]
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
    floors = np.array(
        [_floor(oof[learnt.fold != k], target[rows][learnt.fold != k]) for k in learnt.fold]
    )
    before, after = _best(about[rows], MIN_SCORE), _best(oof, floors)
    compared = _compared(
        "themes",
        true_or_told(target[rows], before),
        before,
        true_or_told(target[rows], after),
        after,
    )
    head = replace(learnt.head(ids, model), floor=_floor(oof, target[rows]))
    about[rows] = oof
    others = np.setdiff1d(np.arange(len(examples)), rows)
    if len(others) and reading.vectors:
        about[others] = learned.corrected(head, reading.vectors, ids, reading.about)[others]
    return head, compared, about


def _demand(
    model: Compact, reading: Reading, examples: Sequence[Example], about: Floats, floor: float
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
    return learnt.head(DEMAND, model), compared


HALF = 0.5


@dataclass(frozen=True)
class _Learnt:
    """One head's labels, laid out for fitting."""

    matrix: Floats  # (rows, WORDS + concepts)
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
        assert reading.vectors is not None  # noqa: S101 - readings() gives them
        matrix = fit.matrix(reading.vectors)[rows]
        words = np.array([" ".join(one.text.casefold().split()) for one in examples])[rows]
        _, group = np.unique(words, return_inverse=True)
        return cls(matrix, matrix @ matrix.T, offset, target, fit.folds(group, FOLDS))

    def unseen(self) -> Floats:
        """(rows, labels) corrections, each by a head that the row's fold took no part in."""
        result = np.zeros_like(self.offset)
        for fold in np.unique(self.fold):
            here, there = self.fold == fold, self.fold != fold
            dual = fit.fit(self.gram[np.ix_(there, there)], self.offset[there], self.target[there])
            result[here] = fit.STRENGTH * self.gram[np.ix_(here, there)] @ dual
        return result

    def head(self, labels: Sequence[str], model: Compact) -> Head:
        words, concepts = fit.weights(self.matrix, fit.fit(self.gram, self.offset, self.target))
        return learned.rounded(
            Head(tuple(labels), words, concepts, tuple(model.concepts.names), MIN_SCORE)
        )


def _floor(scores: Floats, target: Floats) -> float:
    """The score from which telling a theme pays off; few labels leave it where it was."""

    def worth(floor: float) -> float:
        said = _best(scores, floor)
        pull = HOLD * abs(floor - MIN_SCORE) / max(len(scores), 1)
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
    model: Compact, taxonomy: Taxonomy, examples: Sequence[Example]
) -> tuple[Reading, list[Example]]:
    """The readings of all examples as one; those without a letter are left out."""
    texts = [Text(str(i), one.text, one.language) for i, one in enumerate(examples)]
    readings = model.readings(texts, taxonomy)
    if not readings:
        readings = model.readings([Text("0", "", None)], taxonomy)
    merged = joined(readings)
    kept = np.flatnonzero(~merged.silent)
    return only(merged, kept), [examples[row] for row in kept.tolist() if row < len(examples)]


def joined(readings: Sequence[Reading]) -> Reading:
    """Readings of batches, one after another."""
    parts: list[Vectors] = []
    start = 0
    for reading in readings:
        assert reading.vectors is not None  # noqa: S101 - readings() gives them
        parts.append(reading.vectors._replace(row=reading.vectors.row + start))
        start += len(reading.silent)
    return Reading(
        vectors=Vectors(*(np.concatenate(column) for column in zip(*parts, strict=True))),
        about=np.concatenate([reading.about for reading in readings]),
        cues=np.concatenate([reading.cues for reading in readings]),
        positive=np.concatenate([reading.positive for reading in readings]),
        hint=readings[0].hint,
        silent=np.concatenate([reading.silent for reading in readings]),
    )


def only(reading: Reading, rows: Ints) -> Reading:
    """Some rows of a reading, in their order."""
    held = reading.vectors
    assert held is not None  # noqa: S101 - readings() gives them
    place = np.full(len(reading.silent), -1)
    place[rows] = np.arange(len(rows))
    kept = place[held.row] >= 0
    return Reading(
        vectors=Vectors(
            held.bucket[kept], place[held.row[kept]], held.value[kept], held.concepts[rows]
        ),
        about=reading.about[rows],
        cues=reading.cues[rows],
        positive=reading.positive[rows],
        hint=reading.hint,
        silent=reading.silent[rows],
    )
