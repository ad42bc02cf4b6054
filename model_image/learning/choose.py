"""Which messages to label next: those that the model is least sure of, and unlike one another.

Uncertainty alone asks the same question again and again. Here messages are taken one by one, each
by its uncertainty and its distance to what was taken before (a greedy k-centre in the head's own
space, weighted by uncertainty), in turns from every language and channel.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from model_image.learning import fit
from model_image.linear import Floats, Ints
from model_image.reading import Reading
from model_image.themes import MIN_SCORE

LARGEST_POOL = 2000  # compared with each other
DEMAND_SHARE = 0.3  # of the uncertainty; the rest is of the theme


def uncertainty(about: Floats, failing: Floats, floor: float = MIN_SCORE) -> Floats:
    """(rows,) 0..1: how near the best theme is to the next one or to "unsure", and demand to ½."""
    ordered = -np.sort(-np.pad(about, ((0, 0), (0, 2))), axis=1)
    lead = np.minimum(ordered[:, 0] - ordered[:, 1], np.abs(ordered[:, 0] - floor))
    demand = 1 - 2 * np.abs(failing - 0.5)
    return np.asarray((1 - DEMAND_SHARE) * (1 - np.clip(lead, 0, 1)) + DEMAND_SHARE * demand)


def choose(
    reading: Reading,
    doubts: Floats,
    count: int,
    strata: Sequence[Hashable] | None = None,
    known: Floats | None = None,
) -> Ints:
    """(count,) rows of `reading` to label, the most useful first.

    `doubts` as `uncertainty` gives; `strata` says what each row must be spread over, such as its
    language and channel; `known` are the vectors (`fit.matrix`) of what is labelled already.
    """
    assert reading.vectors is not None  # noqa: S101 - readings() gives them
    space = fit.matrix(reading.vectors)
    middle = fit.middle(reading.vectors)
    space = space - middle
    length = np.sqrt((space**2).sum(axis=1))
    space = space / np.maximum(length, 1e-9)[:, None]
    groups = list(strata) if strata is not None else [None] * len(space)
    far = np.ones(len(space))
    if known is not None and len(known):
        unit = known - middle
        unit = unit / np.maximum(np.sqrt((unit**2).sum(axis=1, keepdims=True)), 1e-9)
        far = np.minimum(far, 1 - (space @ unit.T).max(axis=1))
    left = np.flatnonzero(~reading.silent)
    left = left[np.argsort(-doubts[left], kind="stable")][:LARGEST_POOL]
    taken: list[int] = []
    used: dict[Hashable, int] = {}
    while len(taken) < count and len(left):
        fewest = min(used.get(groups[row], 0) for row in left.tolist())
        turn = [row for row in left.tolist() if used.get(groups[row], 0) == fewest]
        worth = doubts[turn] * np.maximum(far[turn], 0.0)
        best = turn[int(worth.argmax())]
        taken.append(best)
        used[groups[best]] = fewest + 1
        far = np.minimum(far, 1 - space @ space[best])
        left = left[left != best]
    return np.array(taken, np.int64)
