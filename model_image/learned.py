"""An organisation's own heads: what its corrections add to the shipped model's scores.

A head is a linear correction of log-odds. Of the compact model it is read from the words of a text
and the concepts that it touches, of the encoder from the text's embedding. It sees neither the
shipped scores nor a constant: corrections are made where the shipped model was wrong, and such a
head would learn to distrust it everywhere. No head, no correction.
`model_image/learning` fits heads; this module reads and applies them.

A head travels with the taxonomy of a request, as text: the container keeps nothing. It names the
model that it was fitted for, and no other applies it: what it corrects are that model's mistakes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_image.features import BUCKET_BITS
from model_image.linear import Features, Floats, Ints

log = logging.getLogger("model_image")

FORM = "oivallus.heads.2"
KEPT = 16  # bundles that a container keeps unpacked
MAX_BYTES = 8_000_000  # of a bundle unpacked

BITS = 12  # words of a text fall into 4096 buckets: few labels cannot tell more of them apart
WORDS = 1 << BITS
# Of a weight, as signed squares. Finer ones of words change no answer and double the size.
WORD_LEVELS, DENSE_LEVELS = 31, 127

WORD_SHARE = 0.8  # of the square of a text's length; concepts have the rest
LEAST_RARITY = 0.1  # of a word that every text has
LEAST_P, MOST_P = 0.02, 0.9999  # of a shipped score whose log-odds are corrected
SURE = 8.0  # the log-odds that corrected ones approach and never pass
MOST_TANH = 0.995


class BadHeads(ValueError):
    """Heads of another form or of another model; the text says what is wrong."""


class Vectors(NamedTuple):
    """Texts as the heads read them: sparse words, and dense columns beside them.

    An encoder's texts have no words, and their embedding is the columns.
    """

    bucket: Ints  # 0..buckets-1
    row: Ints
    value: Floats
    dense: Floats  # (rows, columns): concepts, or an embedding
    buckets: int = WORDS

    @property
    def embedded(self) -> bool:
        """Whether the columns are an embedding: any two of them are alike, and centred to learn."""
        return self.buckets == 0


@dataclass(frozen=True)
class Head:
    """Corrections of `labels`. A label that a taxonomy no longer has is not used."""

    labels: tuple[str, ...]
    words: Floats  # (buckets, labels)
    dense: Floats  # (columns, labels)
    floor: float  # a label is told from this score on; below it the answer is "unsure"
    #: (labels,) is added, so that a text in the middle of all texts is not corrected: embeddings
    #: share most of their length, and that would be a constant. Empty for the compact model's.
    shift: Floats = field(default_factory=lambda: np.zeros(0))

    def correction(self, vectors: Vectors) -> Floats:
        """(rows, labels) to add to the shipped log-odds."""
        rows = len(vectors.dense)
        # One label after another: a sum must not depend on the batch that a text is in.
        told = [
            np.bincount(vectors.row, vectors.value * column[vectors.bucket], rows)
            for column in self.words.T
        ]
        moved = np.stack(told, axis=1) + np.einsum("rc,cl->rl", vectors.dense, self.dense)
        return np.asarray(moved + self.shift if len(self.shift) else moved)


@dataclass(frozen=True)
class Heads:
    """A published bundle; a head that was refused or never learnt is None."""

    hash: str  # of the bundle, 12 hex characters
    model: str  # that they correct
    themes: Head | None
    demand: Head | None


def embedding(rows: Floats) -> Vectors:
    """What heads of an encoder read; `rows` (texts, dimensions) of length 1."""
    nothing = np.zeros(0, np.int64)
    return Vectors(nothing, nothing, np.zeros(0), rows, 0)


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


def dump(model: str, themes: Head | None, demand: Head | None) -> str:
    """The bundle as it travels: the same heads give the same text."""
    content = {"form": FORM, "model": model, "themes": _plain(themes), "demand": _plain(demand)}
    packed = zlib.compress(json.dumps(content, sort_keys=True).encode(), 9)
    return base64.b64encode(packed).decode()


def load(text: str) -> Heads:
    """Heads from `dump`. Raises BadHeads."""
    try:
        opened = zlib.decompressobj()
        content = json.loads(opened.decompress(base64.b64decode(text, validate=True), MAX_BYTES))
        if content["form"] != FORM:
            raise BadHeads(f"heads of form {str(content['form'])[:40]}, not {FORM}")
        model = str(content["model"])
        themes, demand = _head(content["themes"]), _head(content["demand"])
    except BadHeads:
        raise
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise BadHeads(f"heads that cannot be read ({type(error).__name__})") from None
    return Heads(name_of(text), model, themes, demand)


def load_for(model: str, text: str, buckets: int, columns: int) -> Heads:
    """Heads from `dump`, for the model that applies them to `Vectors` of this size.

    Raises BadHeads where they were fitted for another model or are of another size.
    """
    heads = load(text)
    if heads.model != model:
        raise BadHeads(f"they are of {heads.model[:60]}, and this is {model}")
    for head in filter(None, (heads.themes, heads.demand)):
        size = len(head.words), len(head.dense)
        if size != (buckets, columns):
            raise BadHeads(f"heads of {size[0]} + {size[1]} numbers, not {buckets} + {columns}")
    return heads


@lru_cache(maxsize=KEPT)
def serving(model: str, text: str, buckets: int, columns: int) -> Heads | None:
    """The same for a server: None without heads, and with a warning where they cannot be used.

    Texts are then understood as shipped, and the model's name in the answer says so.
    """
    if not text:
        return None
    try:
        return load_for(model, text, buckets, columns)
    except BadHeads as error:
        log.warning("the organisation's heads are not used: %s; run hub learn", error)
        return None


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
        "floor": round(head.floor, 4),
        "words": _bytes(head.words, WORD_LEVELS),
        "dense": _bytes(head.dense, DENSE_LEVELS),
        "shift": head.shift.tolist(),
    }


def _bytes(weights: Floats, levels: int) -> dict[str, Any]:
    top = float(max(np.abs(weights).max(initial=0.0), 1e-9))
    roots = np.sign(weights) * np.round(levels * np.sqrt(np.abs(weights) / top))
    return {
        "rows": weights.shape[0],
        "top": float(np.float32(top)),
        "levels": levels,
        "roots": base64.b64encode(roots.astype(np.int8).tobytes()).decode(),
    }


def _head(plain: Any) -> Head | None:
    if plain is None:
        return None
    labels = tuple(str(label) for label in plain["labels"])
    floor = float(plain["floor"])
    if not 0 < floor < 1:
        raise BadHeads("a floor outside 0..1")
    shift = np.array(plain["shift"], np.float64)
    if not (np.isfinite(shift).all() and shift.shape in ((0,), (len(labels),))):
        raise BadHeads("a shift that is no number for each label")
    words, dense = (_floats(plain[part], len(labels)) for part in ("words", "dense"))
    return Head(labels, words, dense, floor, shift)


def _floats(plain: Any, labels: int) -> Floats:
    roots = np.frombuffer(base64.b64decode(plain["roots"], validate=True), np.int8)
    top, levels = float(plain["top"]), int(plain["levels"])
    if not (np.isfinite(top) and levels > 0):
        raise BadHeads("a weight that is no number")
    rows = roots.reshape(int(plain["rows"]), labels).astype(np.float64)
    return np.asarray(np.sign(rows) * rows**2 * (top / levels**2))
