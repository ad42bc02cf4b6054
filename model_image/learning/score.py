"""How two answers to the same messages compare: macro-F1, and an interval of the difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_image.linear import Floats, Ints

RESAMPLES = 1000
SEED = 7
PROBABLY = 0.9  # by its sign alone, labels drawn by lot would pass half the time


@dataclass(frozen=True, slots=True)
class Compared:
    """A head against the shipped model on the same `labels` messages; macro-F1s are 0..1.

    `low` and `high` are the 95 % interval of the difference (paired bootstrap over messages).
    """

    head: str  # "themes" or "demand"
    labels: int
    needed: int
    before: float = 0.0
    after: float = 0.0
    low: float = 0.0
    high: float = 0.0
    p_better: float = 0.0  # share of the resamples in which it is better

    @property
    def enough(self) -> bool:
        return self.labels >= self.needed

    @property
    def gain(self) -> float:
        return self.after - self.before

    @property
    def better(self) -> bool:
        """Worth publishing: better where it had not learnt, and probably not by chance."""
        return self.enough and self.gain > 0 and self.p_better >= PROBABLY

    @property
    def certain(self) -> bool:
        """Better by more than chance."""
        return self.better and self.low > 0


def compare(head: str, true_before: Ints, before: Ints, true_after: Ints, after: Ints) -> Compared:
    """Two answers to the same messages. A message with two right themes has two truths."""
    classes = int(max(part.max() for part in (true_before, before, true_after, after))) + 1
    chance = np.random.default_rng(SEED)
    n = len(before)
    differences = []
    for _ in range(RESAMPLES):
        pick = chance.integers(0, n, n)
        differences.append(
            macro_f1(true_after[pick], after[pick], classes)
            - macro_f1(true_before[pick], before[pick], classes)
        )
    low, high = np.quantile(differences, (0.025, 0.975))
    return Compared(
        head,
        n,
        0,
        macro_f1(true_before, before, classes),
        macro_f1(true_after, after, classes),
        float(low),
        float(high),
        float(np.mean(np.array(differences) > 0)),
    )


def macro_f1(true: Ints, told: Ints, classes: int | None = None) -> float:
    """Mean F1 of the classes that are true somewhere."""
    classes = classes or int(max(true.max(), told.max())) + 1
    hits = np.bincount(true[true == told], minlength=classes)
    wanted = np.bincount(true, minlength=classes)
    given = np.bincount(told, minlength=classes)
    held = wanted > 0
    return float((2 * hits[held] / (wanted[held] + given[held])).mean())


def true_or_told(target: Floats, told: Ints) -> Ints:
    """(rows,) the class that counts as true: the told one if it is among the right ones.

    `target` (rows, themes) is positive where a theme is right; the class after the last is "none".
    """
    none = target.sum(axis=1, keepdims=True) == 0
    right = np.concatenate((target > 0, none), axis=1)
    first = np.where(none[:, 0], target.shape[1], target.argmax(axis=1))
    return np.where(right[np.arange(len(told)), told], told, first)
