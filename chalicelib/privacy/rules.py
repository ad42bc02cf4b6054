"""Which rules run on a text, and how often: the scan that redaction is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize

from chalicelib.errors import Misconfigured
from chalicelib.privacy import addresses, contacts, identifiers, name_context, name_cues, names
from chalicelib.privacy.spans import PLACEHOLDER, Kind, Span, fill, lowered, merge, outside

_DIGIT = re.compile(r"\d")
_FIGURES = re.compile(r"\d(?:[ \t\u00a0\u2009\u202f.\-–—−‐+/()]{0,3}\d)*+")
# Dates, times, ranges and thousands, which most texts with numbers hold.
_EVERYDAY = re.compile(
    r"\d{1,2}[./] ?\d{1,2}[./] ?(?:20)?\d{2}|20\d{2}-\d{2}-\d{2}"
    r"|[1-9]\d{0,2}[ \u00a0.]\d{3}"
    r"|\d{1,2}(?:[.:]\d{2})? ?[-–] ?\d{1,2}(?:[.:]\d{2})?"
    r"|\d{1,2}\.\d{1,2}\. ?[-–] ?\d{1,2}\.\d{1,2}"
)
_UPPER = re.compile(r"[A-ZÅÄÖÉ]")
_DECOMPOSED = re.compile(r"[A-Za-z][\u0300-\u030a\u0327]")
_LEAST_PASSES = 8
_PASSED_CHARACTERS = 200_000

Patterns = tuple[re.Pattern[str], ...]


@lru_cache(maxsize=16)
def compiled(own_patterns: tuple[str, ...]) -> Patterns:
    """The organisation's own patterns. Raises Misconfigured for what is no regular expression."""
    try:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in own_patterns)
    except re.error as error:
        raise Misconfigured(
            f"organisation.yaml, redact: {error.pattern!r} is not a regular expression "
            f"({error.msg}); correct it and publish the file again"
        ) from error


def redacted(text: str, own: Patterns) -> str:
    """The text with every find replaced; see `chalicelib.privacy.redactor`."""
    if not text.isascii() and _DECOMPOSED.search(text):
        # 'a' + U+0308 as macOS writes it; pair by pair, since normalising a long run is quadratic.
        text = _DECOMPOSED.sub(lambda pair: normalize("NFC", pair[0]), text)
    # A replaced span can uncover the next, in '09 5550 1234,09 5550 1235': again until nothing
    # is found. The bound keeps a hostile text linear; a message of 1,000 characters has 200.
    for _ in range(max(_LEAST_PASSES, _PASSED_CHARACTERS // (len(text) + 1))):
        spans = found(text, own)
        if not spans:
            break
        text = fill(text, spans)
    return text


def found(text: str, own: Patterns) -> list[Span]:
    """Disjoint spans in order of place, none of them in a placeholder."""
    spans = list(_candidates(text, own))
    if not spans:
        return spans
    spans = merge(spans)
    taken = [match.span() for match in PLACEHOLDER.finditer(text)] if "[" in text else []
    return outside(spans, taken) if taken else spans


def _candidates(text: str, own: Patterns) -> Iterator[Span]:
    """Every rule whose cheap sign is in the text."""
    lower = lowered(text)
    for pattern in own:
        for match in pattern.finditer(text):
            if match.end() > match.start():
                yield Span(match.start(), match.end(), Kind.ID)
    if "@" in text:
        yield from contacts.emails(text)
    if any(sign in lower for sign in _SPELT_SIGNS):
        yield from contacts.spelt_emails(text)
    if "=" in text or "www." in lower or "://" in text:
        yield from contacts.links(text)
    if "noll" in lower or "zero" in lower:
        yield from contacts.spoken_numbers(text)
    if _DIGIT.search(text):
        yield from _numbers(text, lower)
    if any(cue in lower for cue in ("osoit", "asun", "asumme", "asutaan", "muut")):
        yield from addresses.spoken_addresses(text)
    if _UPPER.search(text):
        yield from names.listed(text)
        yield from name_context.related(text)
    if "lle" in lower or "lta" in lower or "ltä" in lower:
        yield from names.given(text)
    yield from name_cues.cued(text, lower)


_SPELT_SIGNS = (
    "(at)",
    "[at]",
    "(ät)",
    "(a)",
    "ät ",
    "( at",
    "{at}",
    "miukumauku",
    " at ",
    "snabel",
)


def _numbers(text: str, lower: str) -> Iterator[Span]:
    if any(_is_long(match[0]) for match in _FIGURES.finditer(text)):
        yield from identifiers.identity_codes(text)
        yield from identifiers.accounts(text)
        yield from identifiers.cards(text)
        yield from contacts.phones(text, lower)
    if " loppu" in lower:
        yield from identifiers.identity_tails(text)
    yield from identifiers.birthdates(text, lower)
    yield from identifiers.cued_numbers(text, lower)
    yield from identifiers.plates(text, lower)
    yield from addresses.addresses(text, lower)


def _is_long(figures: str) -> bool:
    """Whether figures can be a code, an account, a card or a telephone number."""
    return len(figures) >= 6 and not _EVERYDAY.fullmatch(figures)
