"""Tags of tokens -> personal data, as code points of the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_image.wire import Found

LEAST_P = 0.5  # of a span, where the model gives no threshold
JOINERS = "‍️"  # zero-width joiner and emoji presentation belong to what stands before


class Tags(NamedTuple):
    """A text's own tokens in order: their label, its probability, the code points they cover."""

    labels: NDArray[np.uint8]
    p: NDArray[np.float32]
    spans: NDArray[np.int32]  # (tokens, 2)


def joined(windows: Sequence[Tags]) -> Tags:
    """The tokens of a text's windows, which follow one another."""
    if len(windows) == 1:
        return windows[0]
    labels, p, spans = (np.concatenate(part) for part in zip(*windows, strict=True))
    return Tags(labels, p, spans)


def find(text: str, tags: Tags, names: Sequence[str], least: Mapping[str, float]) -> list[Found]:
    """The spans of a text, in order of place. `names`: labels; `least` p of a span by kind."""
    places = np.flatnonzero(tags.labels).tolist()
    if not places:
        return []
    p, spans = tags.p.tolist(), tags.spans.tolist()
    told = [(place, names[tags.labels[place]]) for place in places]
    found = []
    for start, end, kind in _runs(text, told, spans):
        mean = sum(p[start:end]) / (end - start)
        if mean < least.get(kind, LEAST_P):
            continue
        first, last = _trimmed(text, spans[start][0], spans[end - 1][1])
        if first < last:
            found.append(Found(first, last, kind, round(mean, 4)))
    return found


def _runs(
    text: str, told: Sequence[tuple[int, str]], spans: Sequence[Sequence[int]]
) -> Iterator[tuple[int, int, str]]:
    """(first token, end, kind) of neighbouring tokens of a kind; `told`: (token, its label).

    "B-" begins another span unless it stands inside a word: words are tagged by their pieces.
    """
    start, last, kind = 0, -2, ""
    for place, label in told:
        first = spans[place][0]
        inside = bool(place) and first == spans[place - 1][1] and not text[first].isspace()
        goes_on = place == last + 1 and label[2:] == kind and (label[0] == "I" or inside)
        if not goes_on:
            if kind:
                yield start, last + 1, kind
            start, kind = place, label[2:]
        last = place
    if kind:
        yield start, last + 1, kind


def _trimmed(text: str, first: int, last: int) -> tuple[int, int]:
    """Without space at its ends, and with the marks that belong to its last letter."""
    while last < len(text) and (unicodedata.combining(text[last]) or text[last] in JOINERS):
        last += 1
    inner = text[first:last]
    return first + len(inner) - len(inner.lstrip()), last - len(inner) + len(inner.rstrip())
