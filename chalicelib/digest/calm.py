"""Calm: whether a week has news, and what is told of one that has none."""

from __future__ import annotations

from chalicelib.digest.contents import Digest, Top
from chalicelib.digest.sentences import change, share_change, share_of
from chalicelib.digest.speech import Speech
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.verdict import Verdict

_CLEAR = frozenset({Verdict.MORE, Verdict.LESS})


def has_news(digest: Digest) -> bool:
    """Whether anything changed, grew or is new."""
    chosen = digest.selection
    changed = any(not isinstance(head, Top) for head in digest.headlines)
    return changed or bool(chosen.rises or chosen.moved)


def is_calm(digest: Digest, speech: Speech) -> bool:
    """Whether the week may be called one without clear changes."""
    if not digest.judged or digest.contacts.now < PUBLISHED_FROM or has_news(digest):
        return False
    return not (digest.falls_withheld or clear_change(digest, speech))


def told(digest: Digest, speech: Speech) -> str:
    """What is told of a week with contacts but without news; no claim that fails its n."""
    n = speech.published(digest.contacts.now)
    if digest.falls_withheld or (digest.silent and digest.contacts.verdict is Verdict.LESS):
        return speech.say(
            "{n} contacts arrived. While a source is silent, a fall cannot be judged.", n=n
        )
    clear = clear_change(digest, speech)
    if clear:
        return clear
    if not digest.judged:
        return speech.say("{n} contacts.", n=n)
    if digest.silent:
        return speech.say("No clear changes in the contacts that arrived ({n}).", n=n)
    return speech.say("No clear changes this week.")


def clear_change(digest: Digest, speech: Speech) -> str:
    """The first of the week's own numbers that changed clearly, or ''."""
    if digest.contacts.verdict in _CLEAR:
        now, told = speech.published(digest.contacts.now), change(speech, digest.contacts)
        return " ".join((f"{speech.say('Contacts')}: {now}.", *told))
    for label, compared in (
        (speech.say("Negative"), digest.negative),
        (speech.say("Failure demand"), digest.failure_change),
    ):
        if compared.verdict in _CLEAR and compared.now:
            now = share_of(speech, compared.now)
            return " ".join((f"{label}: {now}.", *share_change(speech, compared)))
    return ""
