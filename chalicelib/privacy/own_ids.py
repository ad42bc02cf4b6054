"""Identities that are themselves an address or a telephone number, as a source may map them.

An identity outlives what is erased: it names the tombstone, and stands in the lines of the log. So
one that is personal is replaced by its hash. By a plain one: under a key, the same conversation
would have another identity once the key is changed, and what comes again would be counted twice.
Whoever has a number can test it; nobody reads it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from chalicelib.privacy.pseudonyms import normalised
from chalicelib.privacy.spans import Span

# Cheap signs, so that most identities need no rule.
_DIALLED = re.compile(r"\+\d|(?<![0-9A-Za-z])\(?0\d")
_CODE = re.compile(r"\d{6}[-+A-FU-Ya-fu-y]\d{3}\w|(?:\d\d)?\d{6}[-+]\d{4}")
_KIND = re.compile(r"[a-z]{1,20}:")


def impersonal(source: str, identity: str) -> str:
    """The identity, or its hash where it holds an address, a telephone number or an identity code.

    The same address in another case, and the same number in other groups, is the same identity.
    Cards and names are not looked for: one in ten of long numbers passes a card's check, and an
    identity that is changed without need is counted again.
    """
    bare = _KIND.sub("", identity, count=1)
    for kind, span in _found(bare):
        whole = (span.start, span.end) == (0, len(bare))
        plain = normalised(f"{kind}:{bare}") if whole else identity
        told = f"{source}\0{plain}".encode("utf-8", "surrogatepass")
        return "p_" + hashlib.sha256(told).hexdigest()[:32]
    return identity


def _found(bare: str) -> Iterator[tuple[str, Span]]:
    # The rules are loaded when they are needed: a webhook's cold start seldom is one of these.
    if "@" in bare or _DIALLED.search(bare):
        from chalicelib.privacy import contacts

        yield from (("email", span) for span in contacts.emails(bare))
        yield from (("phone", span) for span in contacts.phones(bare, bare.lower()))
    if _CODE.fullmatch(bare):
        from chalicelib.privacy import identifiers

        yield from (("id", span) for span in identifiers.identity_codes(bare))
