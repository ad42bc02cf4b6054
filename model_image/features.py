"""Texts -> hashed n-grams, a whole batch at once.

All texts of a batch are laid out in one array of code points. A running polynomial hash modulo
2**64 then gives the hash of any stretch of characters in two look-ups, so that every n-gram of
every text is hashed by a few numpy operations and no Python loop over words or characters.
The hash is exact integer arithmetic: a text has the same n-grams in any batch, at any place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

BUCKET_BITS = 18
BUCKETS = 1 << BUCKET_BITS

CHAR_ORDERS = (2, 3, 4, 5)
WORD_ORDERS = (1, 2)
# Finnish words carry their endings behind them, so their first letters stand for the stem
# (docs/training.md, Limits, says why no lemmatiser does).
STEM_LETTERS = 5

# An odd multiplier is invertible modulo 2**64, which lets a hash forget its position.
BASE = 0x9E3779B97F4A7C15
BASE_INVERSE = pow(BASE, -1, 1 << 64)
FINALISER = np.uint64(0xD6E8FEB86659FD93)

NEWLINE, SPACE = 10, 32
PLACEHOLDER = "\ue000"  # [name], [phone], ...: one letter, so that it weighs as one word
LINK = "\ue001"

_LINKS = re.compile(r"(?:https?://|www\.)\S+")
_PLACEHOLDERS = re.compile(r"\[[a-z][a-z_ -]{1,18}\]")
_NUMBERS = re.compile(r"\d+")
_MARKS = re.compile(r"([^\w\s])")
_STRETCHED = re.compile(r"([^\s])\1{2,}")
_SPACES = re.compile(r"[^\S\n]+")
# Line ends part the texts of a batch; controls and lone surrogates carry no words.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Layout(NamedTuple):
    """A batch of `rows` normalised texts as code points, each line ` word word `."""

    rows: int
    codes: NDArray[np.uint32]  # (n,) code points; lines end with NEWLINE
    row: I64  # (n,) which text each character belongs to
    hashes: U64  # (n + 1,) running hash
    unwind: U64  # (n,) BASE ** -i
    spaces: I64  # (n + 1,) spaces and line ends before position i
    starts: I64  # (w,) where each word begins
    ends: I64  # (w,) one past its last character

    def hash(self, start: I64, end: I64) -> U64:
        """The hash of the characters [start, end), the same wherever they stand."""
        with np.errstate(over="ignore"):
            raw = (self.hashes[end] - self.hashes[start]) * self.unwind[start]
            return (raw ^ (raw >> np.uint64(29))) * FINALISER

    def one_line(self, start: I64, end: I64) -> NDArray[np.bool_]:
        """Whether [start, end) stays inside one text."""
        return np.asarray(self.row[start] == self.row[end - 1])


class Grams(NamedTuple):
    """One family of n-grams: parallel arrays of hash (uint64) and text index."""

    hashes: U64
    row: I64

    def buckets(self, bits: int = BUCKET_BITS) -> I64:
        """Indices 0..2**bits-1, from the high bits, which are the well-mixed ones."""
        return (self.hashes >> np.uint64(64 - bits)).astype(np.int64)


def normalise(texts: Sequence[str]) -> str:
    """One line ` word word , word ` for each text, lower case, numbers as 0.

    Marks are set apart by spaces, so that nothing can be learnt from how a source spaced them.
    """
    joined = "\n".join([_UNPRINTABLE.sub(" ", text) for text in texts])
    joined = unicodedata.normalize("NFC", joined).lower()
    if "[" in joined:
        joined = _PLACEHOLDERS.sub(PLACEHOLDER, joined)
    if "://" in joined or "www." in joined:
        joined = _LINKS.sub(LINK, joined)
    joined = _NUMBERS.sub("0", joined)
    joined = _STRETCHED.sub(r"\1\1", joined)
    joined = _MARKS.sub(r" \1 ", joined)
    return _SPACES.sub(" ", " " + joined.replace("\n", " \n ") + " ") + "\n"


def lay_out(texts: Sequence[str]) -> Layout:
    """Normalise and hash a batch; the caller bounds its size."""
    codes = np.frombuffer(normalise(texts).encode("utf-32-le"), dtype=np.uint32)
    line_end = codes == NEWLINE
    row = np.cumsum(line_end) - line_end
    gap = line_end | (codes == SPACE)
    spaces = np.concatenate(([0], np.cumsum(gap)))
    starts = np.flatnonzero(~gap[1:] & gap[:-1]) + 1
    ends = np.flatnonzero(~gap[:-1] & gap[1:]) + 1
    n = len(codes)
    with np.errstate(over="ignore"):
        scrambled = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9)
        scrambled ^= scrambled >> np.uint64(27)
        running = np.cumsum(scrambled * _powers(BASE, n), dtype=np.uint64)
    return Layout(
        rows=len(texts),
        codes=codes,
        row=row.astype(np.int64),
        hashes=np.concatenate((np.zeros(1, np.uint64), running)),
        unwind=_powers(BASE_INVERSE, n),
        spaces=spaces.astype(np.int64),
        starts=starts,
        ends=ends,
    )


def char_grams(layout: Layout) -> Grams:
    """Character n-grams that may touch, but not cross, a word's edges."""
    n = len(layout.codes)
    hashes, rows = [], []
    for order in CHAR_ORDERS:
        start = np.arange(n - order + 1)
        inner = layout.spaces[start + order - 1] - layout.spaces[start + 1]
        edges = layout.spaces[start + order] - layout.spaces[start] - inner
        start = start[(inner == 0) & (edges < min(order, 3) - (order == 2))]
        start = start[layout.one_line(start, start + order)]
        hashes.append(layout.hash(start, start + order))
        rows.append(layout.row[start])
    return Grams(np.concatenate(hashes), np.concatenate(rows))


def word_grams(layout: Layout) -> Grams:
    """Runs of one or two whole words (a mark counts as a word)."""
    hashes, rows = [], []
    for order in WORD_ORDERS:
        start = layout.starts[: len(layout.starts) - order + 1]
        end = layout.ends[order - 1 :]
        same = layout.one_line(start, end)
        # A word of three letters is a character n-gram too: the flip keeps their buckets apart.
        hashes.append(~layout.hash(start[same], end[same]))
        rows.append(layout.row[start[same]])
    return Grams(np.concatenate(hashes), np.concatenate(rows))


def stem_grams(layout: Layout) -> Grams:
    """The first letters of every word: its inflections meet, whatever its ending."""
    end = np.minimum(layout.ends, layout.starts + STEM_LETTERS)
    with np.errstate(over="ignore"):
        # Another multiplier keeps a stem apart from the same characters as an n-gram.
        mixed = layout.hash(layout.starts, end) * np.uint64(BASE)
        hashes = (mixed ^ (mixed >> np.uint64(31))) * FINALISER
    return Grams(hashes, layout.row[layout.starts])


_CACHE: dict[int, U64] = {}


def _powers(base: int, n: int) -> U64:
    """base ** 0 .. base ** (n-1) modulo 2**64, kept because every batch needs them."""
    known = _CACHE.get(base)
    if known is None or len(known) < n:
        factors = np.full(max(n, 1 << 17), base, np.uint64)
        factors[0] = 1
        with np.errstate(over="ignore"):
            known = np.cumprod(factors, dtype=np.uint64)
        _CACHE[base] = known
    return known[:n]
