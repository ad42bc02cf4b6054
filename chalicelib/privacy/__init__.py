"""Personal data: redaction of texts, pseudonyms of customers.

A text is redacted before it is stored in an interaction or leaves for the endpoint. Rules only,
no model: a cheap scan decides which rules run. Placeholders are words in brackets, so that the
sentence stays readable: 'Nimeni on [name] ja numeroni on [phone]'.

The rules are loaded with the first text: a function that only receives webhooks never needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from chalicelib.interaction import Event, Role
from chalicelib.privacy.pseudonyms import is_pseudonym, pseudonym

__all__ = ["pseudonym", "redacted_event", "redactor"]


@lru_cache(maxsize=16)
def redactor(own_patterns: tuple[str, ...]) -> Callable[[str], str]:
    """A function that puts placeholders for the personal data of a text.

    What was redacted, redacted again, stays as it is. The organisation's own number patterns are
    regular expressions, matched in any case, and should not backtrack without bound. Raises
    Misconfigured when one of them is not a regular expression.
    """
    from chalicelib.privacy import rules

    compiled = rules.compiled(own_patterns)

    def redacts(text: str) -> str:
        return rules.redacted(text, compiled)

    return redacts


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
