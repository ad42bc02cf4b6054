"""Windows of many texts laid end to end, without padding. Plain numbers, no torch.

Windows are ordered by length, so that those of equal length stand together and the CPU's
attention reads each such run as one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pack:
    """`rows` windows of `tokens` tokens together, shortest first.

    `ids`, `positions` and `row` (tokens,): each token's id, its place in its window counted from
    the family's first position, and its window. `bounds` (rows + 1,) where windows begin and end.
    `groups`: runs of equal length as (first token, windows, length). `order` (rows,) the place of
    each window in what was packed.
    """

    ids: Ints
    positions: Ints
    row: Ints
    bounds: Ints
    groups: tuple[tuple[int, int, int], ...]
    order: Ints

    @property
    def tokens(self) -> int:
        """Tokens computed."""
        return len(self.ids)

    @property
    def longest(self) -> int:
        """Tokens of the longest window."""
        return self.groups[-1][2]


def pack(windows: Sequence[NDArray[np.int32]], first_position: int = 0) -> Pack:
    """At least one window, each of at least one token."""
    lengths = np.fromiter((len(window) for window in windows), np.int64, len(windows))
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    row = np.repeat(np.arange(len(windows)), lengths)
    distinct, first, count = np.unique(lengths, return_index=True, return_counts=True)
    starts = bounds[first]
    groups = tuple(zip(starts.tolist(), count.tolist(), distinct.tolist(), strict=True))
    return Pack(
        ids=np.concatenate([windows[i] for i in order]).astype(np.int64),
        positions=np.arange(bounds[-1]) - bounds[row] + first_position,
        row=row,
        bounds=bounds,
        groups=groups,
        order=order,
    )
