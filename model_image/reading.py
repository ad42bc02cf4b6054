"""What a shipped model makes of texts, and what an organisation's heads read of them.

Every backend that heads can correct gives readings; heads judge them, fits and commands read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model_image import demand, learned
from model_image.learned import Heads, Vectors
from model_image.linear import Floats, Ints
from model_image.wire import Taxonomy, Text, Told

DEMAND = ("failure",)  # the one label of a demand head
HINT = {"failure": 1, "value": 0, None: -1}


class Readable(Protocol):
    """A model whose heads can be fitted, wherever it runs."""

    @property
    def model(self) -> str:
        """Name, version and weights hash: the only model that the heads will be applied to."""

    def readings(self, texts: Sequence[Text], taxonomy: Taxonomy) -> list[Reading]:
        """Readings in batches, in the order of the texts, without any heads."""


@dataclass(frozen=True)
class Reading:
    """One row a text. Rows without a letter are `silent`, and their numbers say nothing."""

    vectors: Vectors | None  # None where no head asks
    about: Floats  # (rows, themes) scores, 0..1; 0 where there is not a letter
    cues: Floats  # (rows,) log-odds of failure demand, from the words alone
    positive: Floats  # (rows,) probability of positive sentiment
    hint: NDArray[np.int64]  # (themes,) 1 failure, 0 value, -1 neither
    silent: NDArray[np.bool_]  # (rows,) not a letter
    floor: float  # the score from which the shipped model tells a theme

    def failing(self, about: Floats, floor: float | None = None) -> Floats:
        """(rows,) probabilities of failure demand, with these scores of themes."""
        reported = np.where(about >= (self.floor if floor is None else floor), about, 0)
        return demand.p_failure(self.cues, reported, self.hint, self.positive)

    def judged(self, ids: Sequence[str], heads: Heads | None) -> tuple[Floats, float, Floats]:
        """(scores, the score from which a theme is told, p_failure), as the heads correct them."""
        about, floor = self.about, self.floor
        if self.vectors is None or heads is None:
            return about, floor, self.failing(about)
        spoken = ~self.silent
        if heads.themes:
            floor = heads.themes.floor
            about = learned.corrected(heads.themes, self.vectors, ids, about) * spoken[:, None]
        failing = self.failing(about, floor)
        if heads.demand:
            moved = learned.corrected(heads.demand, self.vectors, DEMAND, failing[:, None])
            failing = np.where(spoken, moved[:, 0], failing)
        return about, floor, failing

    def told(self, row: int) -> Told:
        """A row as it leaves the endpoint, beside the text's embedding."""
        about = [round(score, 6) for score in self.about[row].tolist()]
        numbers = float(self.cues[row]), float(self.positive[row])
        return Told(about, round(numbers[0], 6), round(numbers[1], 6), self.floor)


def hints(taxonomy: Taxonomy) -> NDArray[np.int64]:
    """(themes,) the kind of demand that a theme always is, as `Reading.hint` has it."""
    return np.array([HINT[theme.demand] for theme in taxonomy.themes], np.int64)


def joined(readings: Sequence[Reading]) -> Reading:
    """Readings of batches, one after another."""
    parts: list[Vectors] = []
    start = 0
    for reading in readings:
        assert reading.vectors is not None  # noqa: S101 - readings() gives them
        parts.append(reading.vectors._replace(row=reading.vectors.row + start))
        start += len(reading.silent)
    bucket, row, value, dense = (
        np.concatenate([part[place] for part in parts]) for place in range(4)
    )
    return Reading(
        vectors=Vectors(bucket, row, value, dense, parts[0].buckets),
        about=np.concatenate([reading.about for reading in readings]),
        cues=np.concatenate([reading.cues for reading in readings]),
        positive=np.concatenate([reading.positive for reading in readings]),
        hint=readings[0].hint,
        silent=np.concatenate([reading.silent for reading in readings]),
        floor=readings[0].floor,
    )


def only(reading: Reading, rows: Ints) -> Reading:
    """Some rows of a reading, in their order."""
    held = reading.vectors
    assert held is not None  # noqa: S101 - readings() gives them
    place = np.full(len(reading.silent), -1)
    place[rows] = np.arange(len(rows))
    kept = place[held.row] >= 0
    return Reading(
        vectors=held._replace(
            bucket=held.bucket[kept],
            row=place[held.row[kept]],
            value=held.value[kept],
            dense=held.dense[rows],
        ),
        about=reading.about[rows],
        cues=reading.cues[rows],
        positive=reading.positive[rows],
        hint=reading.hint,
        silent=reading.silent[rows],
        floor=reading.floor,
    )
