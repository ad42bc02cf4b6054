"""Long texts -> windows of whole sentences; nothing is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

WINDOW_CHARS = 400  # about four sentences: one theme rarely hides in another's words

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_BREAK = re.compile(r"\s")


def windows(text: str, size: int = WINDOW_CHARS) -> list[str]:
    """The text in order, in pieces of at most `size` characters; [text] when it is short.

    Pieces end at sentence ends; a sentence longer than a window is parted between words, and
    only a word longer than a window is parted within.
    """
    if len(text) <= size:
        return [text]
    packed: list[str] = []
    current = ""
    for piece in _pieces(text, size):
        if current and len(current) + 1 + len(piece) > size:
            packed.append(current)
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    if current:
        packed.append(current)
    return packed or [""]


def _pieces(text: str, size: int) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        start = 0
        while len(sentence) - start > size:
            end = start + size
            while end > start and not _BREAK.match(sentence, end):
                end -= 1
            if end == start:
                end = start + size
            yield sentence[start:end].strip()
            start = end
        rest = sentence[start:].strip()
        if rest:
            yield rest
