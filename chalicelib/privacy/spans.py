"""What redaction finds: kinds, spans, and how spans become placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Kinds of personal data. The value is the word in the placeholder, as in '[phone]'.

    Placeholders are not numbered: inflected forms ('Virtanen', 'Virtasen') cannot be told from
    two people with certainty, and a wrong number would read as a different person.
    """

    ID = "id"  # identity codes, customer, order and invoice numbers
    IBAN = "iban"
    CARD = "card"
    EMAIL = "email"
    PHONE = "phone"
    PLATE = "plate"
    ADDRESS = "address"
    BIRTHDATE = "birthdate"
    CUT = "cut"  # query string or token of a link
    NAME = "name"


class Span(NamedTuple):
    """Characters `start` (included) to `end` (excluded) of a text hold personal data."""

    start: int
    end: int
    kind: Kind


PLACEHOLDER = re.compile(r"\[(?:" + "|".join(Kind) + r")\]")

# Of equally long overlapping finds the more specific kind names the whole.
_RANK = {kind: rank for rank, kind in enumerate(Kind)}


def merge(spans: Iterable[Span]) -> list[Span]:
    """Disjoint spans in order of place; overlapping ones become one of the longest's kind."""
    merged: list[Span] = []
    lead = (0, 0)  # (length, -rank) of the find that named the last span
    for span in sorted(spans):
        weight = (span.end - span.start, -_RANK[span.kind])
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            lead = weight
            continue
        last = merged[-1]
        kind = span.kind if weight > lead else last.kind
        lead = max(lead, weight)
        merged[-1] = Span(last.start, max(last.end, span.end), kind)
    return merged


def fill(text: str, spans: Iterable[Span]) -> str:
    """The text with each of the disjoint, ordered spans replaced by its placeholder."""
    parts: list[str] = []
    done = 0
    for start, end, kind in spans:
        parts += (text[done:start], "[", kind.value, "]")
        done = end
    parts.append(text[done:])
    return "".join(parts)


def outside(spans: Iterable[Span], taken: Sequence[tuple[int, int]]) -> list[Span]:
    """The parts of the disjoint, ordered spans that lie outside the placeholders in `taken`."""
    left: list[Span] = []
    first = 0
    for start, end, kind in spans:
        while first < len(taken) and taken[first][1] <= start:
            first += 1
        at, index = start, first
        while index < len(taken) and taken[index][0] < end:
            low, high = taken[index]
            if at < low:
                left.append(Span(at, low, kind))
            at = max(at, high)
            index += 1
        if at < end:
            left.append(Span(at, end, kind))
    return left


def lowered(text: str) -> str:
    """The text in lower case, character by character, so that places in both are the same."""
    lower = text.lower()
    if len(lower) == len(text):  # no character shrinks in lower case, so equal length is enough
        return lower
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)
