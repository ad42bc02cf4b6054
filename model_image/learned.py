"""An organisation's own heads: what its corrections add to the shipped model's scores.

A head is a linear correction of log-odds, read from the words of a text and the concepts that it
touches. It sees neither the shipped scores nor a constant: corrections are made where the shipped
model was wrong, and such a head would learn to distrust it everywhere. No head, no correction.
`model_image/learning` fits heads; this module reads and applies them.

A head travels with the taxonomy of a request, as text: the container keeps nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_image.features import BUCKET_BITS
from model_image.linear import Features, Floats, Ints

FORM = "oivallus.heads.1"
MAX_BYTES = 8_000_000  # of a bundle unpacked

BITS = 12  # words of a text fall into 4096 buckets: few labels cannot tell more of them apart
WORDS = 1 << BITS
LEVELS = 31  # of a weight, as signed squares: finer ones change no answer and double the size

WORD_SHARE = 0.8  # of the square of a text's length; concepts have the rest
LEAST_RARITY = 0.1  # of a word that every text has
LEAST_P, MOST_P = 0.02, 0.9999  # of a shipped score whose log-odds are corrected
SURE = 8.0  # the log-odds that corrected ones approach and never pass
MOST_TANH = 0.995


class BadHeads(ValueError):
    """The heads are not of this release's form; the text says what is wrong."""


class Vectors(NamedTuple):
    """Texts as the heads read them: sparse words, and dense columns beside them."""

    bucket: Ints  # 0..WORDS-1
    row: Ints
    value: Floats
    concepts: Floats  # (rows, concepts)


@dataclass(frozen=True)
class Head:
    """Corrections of `labels`. A label that a taxonomy no longer has is not used."""

    labels: tuple[str, ...]
    words: Floats  # (WORDS, labels)
    concepts: Floats  # (concepts, labels)
    names: tuple[str, ...]  # of the concepts: another release may know others
    floor: float  # a label is told from this score on; below it the answer is "unsure"

    def correction(self, vectors: Vectors) -> Floats:
        """(rows, labels) to add to the shipped log-odds."""
        rows = len(vectors.concepts)
        # One label after another: a sum must not depend on the batch that a text is in.
        told = [
            np.bincount(vectors.row, vectors.value * column[vectors.bucket], rows)
            for column in self.words.T
        ]
        return np.asarray(
            np.stack(told, axis=1) + np.einsum("rc,cl->rl", vectors.concepts, self.concepts)
        )

    def knowing(self, names: Sequence[str]) -> Head:
        """The same head for a model whose concepts are `names`, in their order."""
        place = {name: index for index, name in enumerate(self.names)}
        rows = [
            self.concepts[place[name]] if name in place else np.zeros(len(self.labels))
            for name in names
        ]
        return replace(self, concepts=np.stack(rows), names=tuple(names))


@dataclass(frozen=True)
class Heads:
    """A published bundle; a head that was refused or never learnt is None."""

    hash: str  # of the bundle, 12 hex characters
    themes: Head | None
    demand: Head | None

    def knowing(self, names: Sequence[str]) -> Heads:
        """The same heads for a model whose concepts are `names`."""
        themes = self.themes and self.themes.knowing(names)
        return replace(self, themes=themes, demand=self.demand and self.demand.knowing(names))


def vectors(features: Features, found: NDArray[np.bool_], rarity: Floats) -> Vectors:
    """What heads read of texts, each of length 1 at most.

    `found` (rows, concepts) is what texts touch, `rarity` (BUCKETS,) as in `themes.Prototypes`.
    """
    bucket, row, value = [], [], []
    for family in (features.words, features.stems):
        weight = rarity[family.buckets] + LEAST_RARITY
        square = np.bincount(family.row, weight**2, features.rows)
        unit = np.sqrt(WORD_SHARE / 2 / np.maximum(square, 1e-9))
        bucket.append(family.buckets >> (BUCKET_BITS - BITS))
        row.append(family.row)
        value.append(weight * unit[family.row])
    share = (1 - WORD_SHARE) / np.maximum(found.sum(axis=1, keepdims=True), 1)
    return Vectors(
        np.concatenate(bucket), np.concatenate(row), np.concatenate(value), found * np.sqrt(share)
    )


def log_odds(p: Floats) -> Floats:
    """Shipped log-odds as heads correct them: 0 is LEAST_P, and beyond SURE nothing grows surer.

    The shipped scores of many keywords run to 0.9999 and more; no handful of labels could say
    anything against that. The order of scores stays.
    """
    held = np.clip(p, LEAST_P, MOST_P)
    return np.asarray(SURE * np.tanh(np.log(held / (1 - held)) / SURE))


def probability(odds: Floats) -> Floats:
    """The inverse of `log_odds`, for any number."""
    held = SURE * np.arctanh(np.clip(odds / SURE, -MOST_TANH, MOST_TANH))
    return np.asarray(1 / (1 + np.exp(-held)))


def corrected(head: Head, vectors: Vectors, ids: Sequence[str], scores: Floats) -> Floats:
    """(rows, len(ids)) scores after the correction; a label that the head lacks keeps its own."""
    place = {label: index for index, label in enumerate(head.labels)}
    known = [(column, place[name]) for column, name in enumerate(ids) if name in place]
    if not known:
        return scores
    mine, theirs = (np.array(column) for column in zip(*known, strict=True))
    result = scores.copy()
    moved = head.correction(vectors)[:, theirs]
    result[:, mine] = probability(log_odds(scores[:, mine]) + moved)
    return result


def dump(themes: Head | None, demand: Head | None) -> str:
    """The bundle as it travels: the same heads give the same text."""
    content = {"form": FORM, "themes": _plain(themes), "demand": _plain(demand)}
    packed = zlib.compress(json.dumps(content, sort_keys=True).encode(), 9)
    return base64.b64encode(packed).decode()


def load(text: str) -> Heads:
    """Heads from `dump`. Raises BadHeads."""
    try:
        opened = zlib.decompressobj()
        content = json.loads(opened.decompress(base64.b64decode(text, validate=True), MAX_BYTES))
        if content["form"] != FORM:
            raise BadHeads(f"heads of form {str(content['form'])[:40]}, not {FORM}")
        themes, demand = _head(content["themes"]), _head(content["demand"])
    except BadHeads:
        raise
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise BadHeads(f"heads that cannot be read ({type(error).__name__})") from None
    return Heads(name_of(text), themes, demand)


def name_of(text: str) -> str:
    """The hash that names a bundle in the model's name: 12 hex characters."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def rounded(head: Head) -> Head:
    """The head as it will be read back: a byte a weight, standing for its signed square."""
    found = _head(_plain(head))
    assert found is not None  # noqa: S101 - a head was given
    return found


def _plain(head: Head | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "labels": list(head.labels),
        "names": list(head.names),
        "floor": round(head.floor, 4),
        "words": _bytes(head.words),
        "concepts": _bytes(head.concepts),
    }


def _bytes(weights: Floats) -> dict[str, Any]:
    top = float(max(np.abs(weights).max(initial=0.0), 1e-9))
    roots = np.sign(weights) * np.round(LEVELS * np.sqrt(np.abs(weights) / top))
    return {
        "rows": weights.shape[0],
        "top": float(np.float32(top)),
        "roots": base64.b64encode(roots.astype(np.int8).tobytes()).decode(),
    }


def _head(plain: Any) -> Head | None:
    if plain is None:
        return None
    labels = tuple(str(label) for label in plain["labels"])
    floor = float(plain["floor"])
    if not 0 < floor < 1:
        raise BadHeads("a floor outside 0..1")
    words = _floats(plain["words"], len(labels))
    if len(words) != WORDS:
        raise BadHeads(f"{len(words)} rows of words, not {WORDS}")
    concepts = _floats(plain["concepts"], len(labels))
    names = tuple(str(name) for name in plain["names"])
    if len(concepts) != len(names):
        raise BadHeads(f"{len(concepts)} rows of {len(names)} concepts")
    return Head(labels, words, concepts, names, floor)


def _floats(plain: Any, labels: int) -> Floats:
    roots = np.frombuffer(base64.b64decode(plain["roots"], validate=True), np.int8)
    top = float(plain["top"])
    if not np.isfinite(top):
        raise BadHeads("a weight that is no number")
    levels = roots.reshape(int(plain["rows"]), labels).astype(np.float64)
    return np.asarray(np.sign(levels) * levels**2 * (top / LEVELS**2))
