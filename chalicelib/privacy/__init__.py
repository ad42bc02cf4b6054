"""Personal data: redaction of texts, pseudonyms of customers.

A text is redacted before it is stored in an interaction or leaves for the endpoint. Rules only,
no model: a cheap scan decides which rules run. Placeholders are words in brackets, so that the
sentence stays readable: 'Nimeni on [name] ja numeroni on [phone]'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from unicodedata import normalize

from chalicelib.errors import Misconfigured
from chalicelib.interaction import Event, Role
from chalicelib.privacy import addresses, contacts, identifiers, name_cues, names
from chalicelib.privacy.pseudonyms import is_pseudonym, pseudonym
from chalicelib.privacy.spans import PLACEHOLDER, Kind, Span, fill, lowered, merge, outside

__all__ = ["Kind", "Span", "find", "pseudonym", "redact", "redacted_event", "redactor"]

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
def redactor(own_patterns: tuple[str, ...]) -> Callable[[str], str]:
    """A function that redacts a text, also by the organisation's own number patterns.

    The patterns are regular expressions, matched in any case, and should not backtrack without
    bound. Raises Misconfigured when one of them is not a regular expression.
    """
    compiled = _compiled(own_patterns)

    def redacts(text: str) -> str:
        return _redacted(text, compiled, ())

    return redacts


def redact(text: str, own_patterns: tuple[str, ...] = (), known_names: Sequence[str] = ()) -> str:
    """The text with personal data replaced by placeholders; redacting it again changes nothing.

    `known_names` are names that the source told us ('Matti Virtanen'); every part of three
    letters or more is replaced, also inflected. Raises Misconfigured as `redactor` does.
    """
    return _redacted(text, _compiled(own_patterns), known_names)


def find(
    text: str, own_patterns: tuple[str, ...] = (), known_names: Sequence[str] = ()
) -> tuple[Span, ...]:
    """What the first pass of `redact` finds: disjoint spans in order of place."""
    return tuple(_find(text, _compiled(own_patterns), known_names))


def redacted_event(event: Event, own_patterns: tuple[str, ...], key: bytes) -> Event:
    """The event as it may be stored in an interaction: text redacted, customer a pseudonym.

    An internal note loses its text altogether; a tag that holds personal data is dropped, since a
    placeholder would count as a tag of its own. An event that went through before is unchanged.
    Raises Misconfigured on an empty key or a bad pattern.
    """
    redacts = redactor(own_patterns)
    customer = event.customer or None
    if customer and not is_pseudonym(customer):
        customer = pseudonym(customer, key)
    return replace(
        event,
        text="" if event.role is Role.NOTE else redacts(event.text),
        customer=customer,
        tags=tuple(tag for tag in event.tags if redacts(tag) == tag),
    )


@lru_cache(maxsize=16)
def _compiled(own_patterns: tuple[str, ...]) -> Patterns:
    try:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in own_patterns)
    except re.error as error:
        raise Misconfigured(
            f"organisation.yaml, redact: {error.pattern!r} is not a regular expression "
            f"({error.msg}); correct it and publish the file again"
        ) from error


def _redacted(text: str, own: Patterns, known_names: Sequence[str]) -> str:
    if not text.isascii() and _DECOMPOSED.search(text):
        # 'a' + U+0308 as macOS writes it; pair by pair, since normalising a long run is quadratic.
        text = _DECOMPOSED.sub(lambda pair: normalize("NFC", pair[0]), text)
    # A replaced span can uncover the next, in '09 5550 1234,09 5550 1235': again until nothing
    # is found. The bound keeps a hostile text linear; a message of 1,000 characters has 200.
    for _ in range(max(_LEAST_PASSES, _PASSED_CHARACTERS // (len(text) + 1))):
        spans = _find(text, own, known_names)
        if not spans:
            break
        text = fill(text, spans)
    return text


def _find(text: str, own: Patterns, known_names: Sequence[str]) -> list[Span]:
    spans = list(_candidates(text, own, known_names))
    if not spans:
        return spans
    spans = merge(spans)
    taken = [match.span() for match in PLACEHOLDER.finditer(text)] if "[" in text else []
    return outside(spans, taken) if taken else spans


def _candidates(text: str, own: Patterns, known_names: Sequence[str]) -> Iterator[Span]:
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
    if known_names:
        yield from names.known(text, known_names)
    if _UPPER.search(text):
        yield from names.listed(text)
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
    yield from identifiers.birthdates(text, lower)
    yield from identifiers.cued_numbers(text, lower)
    yield from identifiers.plates(text, lower)
    yield from addresses.addresses(text, lower)


def _is_long(figures: str) -> bool:
    """Whether figures can be a code, an account, a card or a telephone number."""
    return len(figures) >= 6 and not _EVERYDAY.fullmatch(figures)
