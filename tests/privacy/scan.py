"""The rules on one text: what they find, and what redaction leaves of it."""

from __future__ import annotations

from chalicelib.privacy import redactor, rules
from chalicelib.privacy.spans import Span


def redact(text: str, own_patterns: tuple[str, ...] = ()) -> str:
    return redactor(own_patterns)(text)


def find(text: str, own_patterns: tuple[str, ...] = ()) -> list[Span]:
    """What the first pass of `redact` finds: disjoint spans in order of place."""
    return rules.found(text, rules.compiled(own_patterns))
