"""Texts -> windows of token ids; long texts become windows that overlap, and nothing is cut off.

Every token belongs to exactly one window: where two overlap, the border is the overlap's middle,
so that what is decided of a token has words on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

_UNKNOWN = ("<unk>", "[UNK]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A run of a text's tokens with the model's special tokens around it.

    `first`..`last`: places in `ids` of the tokens that belong to it. `spans` (tokens, 2): the code
    points of the text that each token covers, (0, 0) for special ones; None when nobody asked.
    """

    ids: NDArray[np.int32]
    first: int
    last: int  # excluded
    spans: NDArray[np.int32] | None = None

    @property
    def own(self) -> int:
        """Tokens that belong to it; an empty text's window weighs 1."""
        return max(1, self.last - self.first)


@dataclass(frozen=True)
class Tokeniser:
    """A tokenizer.json and the size of windows, special tokens included."""

    tokenizer: Tokenizer
    before: tuple[int, ...]  # special tokens
    after: tuple[int, ...]
    max_tokens: int
    overlap: int
    plain: NDArray[np.int32]  # each token's id, the unknown one's in place of special ones

    @classmethod
    def load(cls, path: Path, max_tokens: int, overlap: int) -> Self:
        """Read the file; which special tokens go around a text is asked of the tokenizer."""
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        # A customer who writes "</s>" has written four characters, and ends no text.
        tokenizer.encode_special_tokens = True
        bare = tokenizer.encode("a", add_special_tokens=False).ids
        full = tokenizer.encode("a").ids
        places = range(len(full) - len(bare) + 1)
        at = next(i for i in places if full[i : i + len(bare)] == bare)
        before, after = tuple(full[:at]), tuple(full[at + len(bare) :])
        return cls(tokenizer, before, after, max_tokens, overlap, _plain(tokenizer))

    def windows(self, texts: Sequence[str], with_spans: bool) -> list[list[Window]]:
        """Each text's windows, at least one; `with_spans` costs about twice as much."""
        clean = [_LONE_SURROGATE.sub("�", text) for text in texts]
        encode = self.tokenizer.encode_batch if with_spans else self.tokenizer.encode_batch_fast
        encodings = encode(clean, add_special_tokens=False)
        return [list(self._parts(encoding, with_spans)) for encoding in encodings]

    def _parts(self, encoding: Any, with_spans: bool) -> Iterator[Window]:
        ids = self.plain[np.array(encoding.ids, np.int32)]
        spans = np.array(encoding.offsets, np.int32).reshape(-1, 2) if with_spans else None
        head, tail = len(self.before), len(self.after)
        for start, end, first, last in part(len(ids), self.max_tokens - head - tail, self.overlap):
            inner = [*self.before, *ids[start:end].tolist(), *self.after]
            yield Window(
                ids=np.array(inner or [0], np.int32),  # a tokenizer without special tokens
                first=head + first - start,
                last=head + last - start,
                spans=None if spans is None else np.pad(spans[start:end], ((head, tail), (0, 0))),
            )


def _plain(tokenizer: Tokenizer) -> NDArray[np.int32]:
    """A Unigram model (XLM-R) has the special tokens among its pieces, and finds them by itself."""
    plain = np.arange(1 + max(tokenizer.get_vocab().values()), dtype=np.int32)
    special = [i for i, one in tokenizer.get_added_tokens_decoder().items() if one.special]
    unknown = [i for i in special if tokenizer.id_to_token(i) in _UNKNOWN]
    if unknown:  # byte pairs know every character and need none
        plain[special] = unknown[0]
    return plain


def part(tokens: int, size: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, end, first own, last own) of windows of at most `size` tokens; all ends excluded.

    Neighbours share at least `overlap` tokens. The own tokens are 0..tokens, each once.
    """
    start = first = 0
    while tokens - start > size:
        border = start + size - overlap + overlap // 2
        yield start, start + size, first, border
        start, first = start + size - overlap, border
    yield start, tokens, first, tokens
