"""Which customer-service ideas a text touches, in any of the languages.

concepts.toml has what a text is about, events.toml what happened and what it took.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from model_image.features import Layout, lay_out

PATH = Path(__file__).with_name("concepts.toml")
EVENTS = Path(__file__).with_name("events.toml")


@dataclass(frozen=True)
class Concepts:
    """Patterns of every language, grouped by length so that one look-up serves them all."""

    names: tuple[str, ...]
    topics: int  # the first so many tell what a text is about; the others, what happened
    by_length: dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]]
    """Of each length: sorted keys, and (keys, n) concepts of each, the first repeated to n."""

    @classmethod
    def load(cls, languages: tuple[str, ...]) -> Self:
        """Read the patterns; each language has its own, for "fel" means nothing in Finnish."""
        about = tomllib.loads(PATH.read_text(encoding="utf-8"))
        table = about | tomllib.loads(EVENTS.read_text(encoding="utf-8"))
        found: dict[int, dict[int, list[int]]] = {}
        for concept, patterns in enumerate(table.values()):
            for language, code in enumerate(languages):
                for length, key in pattern_hashes(patterns.get(code, [])):
                    holders = found.setdefault(length, {}).setdefault(key ^ _salt(language), [])
                    holders.append(concept)
        by_length = {}
        for length, pairs in sorted(found.items()):
            keys = sorted(pairs)
            most = max(map(len, pairs.values()))
            concepts = [(pairs[key] + [pairs[key][0]] * most)[:most] for key in keys]
            by_length[length] = (np.array(keys, np.uint64), np.array(concepts, np.int64))
        return cls(tuple(table), len(about), by_length)

    def find(self, layout: Layout, language: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(rows, concepts): whether a text touches a concept.

        `language` (rows,) is the place of each text's language among the loaded ones.
        """
        hits = np.zeros((layout.rows, len(self.names)), np.bool_)
        salts = np.array([_salt(i) for i in range(16)], np.uint64)[language]
        row = layout.row[layout.starts]
        for length, (keys, concept) in self.by_length.items():
            end = layout.starts + length
            fits = end <= len(layout.codes)
            starts, rows = layout.starts[fits], row[fits]
            key = layout.hash(starts, end[fits]) ^ salts[rows]
            place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            hit = keys[place] == key
            hits[rows[hit][:, None], concept[place[hit]]] = True
        return hits


def pattern_hashes(patterns: list[str]) -> list[tuple[int, int]]:
    """(length, hash) of each pattern; a space at its end stays part of it."""
    if not patterns:
        return []
    layout = lay_out(patterns)
    lines = np.flatnonzero(layout.codes == 10)
    pairs = []
    for row, pattern in enumerate(patterns):
        start = 1 if row == 0 else int(lines[row - 1]) + 2
        end = int(lines[row]) - (0 if pattern.endswith(" ") else 1)
        key = layout.hash(np.array([start]), np.array([end]))[0]
        pairs.append((end - start, int(key)))
    return pairs


def _salt(language: int) -> int:
    return (language + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1)
