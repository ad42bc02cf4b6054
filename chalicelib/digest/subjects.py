"""Subject: the line that an inbox shows of a digest."""

from __future__ import annotations

from chalicelib.digest.calm import clear_change, is_calm
from chalicelib.digest.contents import Digest, Result, Top
from chalicelib.digest.sentences import counts, scores, topic
from chalicelib.digest.speech import N_, Speech
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.themes import RankedTheme
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict

_SCORE_FACT = {
    Verdict.MORE: N_("{question} rose: {now} (was {before})"),
    Verdict.LESS: N_("{question} fell: {now} (was {before})"),
}
#: The worst theme of a week without clear changes: a reason to open its letter.
_CALM_TOP_FACT = N_("{theme}: {k} negative, no clear changes")
_TOP_FACT = {
    "negative": N_("{theme}: {k} negative contacts"),
    "positive": N_("{theme}: {k} positive contacts"),
}


def subject(digest: Digest, speech: Speech) -> str:
    """The most useful fact and the week, on one line."""
    # Names come from a file that may fold lines; a header must not.
    fact = " ".join(_fact(digest, speech).split())
    return speech.say("{fact} · week {week}", fact=fact, week=digest.week.number)


def worst_of_calm(digest: Digest, speech: Speech) -> RankedTheme | None:
    """The worst theme of a calm week, which its subject tells."""
    if digest.silent or not is_calm(digest, speech):
        return None
    tops = (head for head in digest.headlines if isinstance(head, Top))
    return next((top.theme for top in tops if top.sentiment == "negative"), None)


def _empty_fact(digest: Digest, speech: Speech) -> str:
    silent = len(digest.silent)
    if not silent:
        return speech.say("No contacts")
    return speech.count("No contacts, {n} source silent", "No contacts, {n} sources silent", silent)


def _fact(digest: Digest, speech: Speech) -> str:
    if not digest.contacts.now:
        return _empty_fact(digest, speech)
    if not digest.headlines or is_calm(digest, speech):
        return _calm_fact(digest, speech)
    head = digest.headlines[0]
    if isinstance(head, Finding):
        return _finding_fact(digest, speech, head)
    if isinstance(head, Result):
        return speech.say(_SCORE_FACT[head.verdict], **scores(speech, head))
    if isinstance(head, NewTopic):
        return speech.say("New topic {topic}: {n} contacts", **topic(speech, head))
    theme = digest.names.themes[head.theme.theme]
    return speech.say(_TOP_FACT[head.sentiment], theme=theme, k=head.theme.k)


def _calm_fact(digest: Digest, speech: Speech) -> str:
    """How many contacts; and the silence, or that nothing changed, where that may be said."""
    n, silent = speech.published(digest.contacts.now), len(digest.silent)
    if silent == 1:
        return speech.say("{contacts} contacts, a source silent", contacts=n)
    if silent:
        return speech.say("{contacts} contacts, {n} sources silent", contacts=n, n=silent)
    small = digest.contacts.now < PUBLISHED_FROM
    if small or not digest.judged or clear_change(digest, speech):
        return speech.say("{n} contacts", n=n)
    worst = worst_of_calm(digest, speech)
    if worst:
        return speech.say(_CALM_TOP_FACT, theme=digest.names.themes[worst.theme], k=worst.k)
    return speech.say("{n} contacts, no clear changes", n=n)


def _finding_fact(digest: Digest, speech: Speech, found: Finding) -> str:
    values = counts(speech, found)
    if found.theme is None:
        return speech.say("{n} contacts, usually about {usual}", **values)
    theme = digest.names.themes[found.theme]
    if found.weeks == 1:
        return speech.say("{theme}: {n} contacts, usually about {usual}", theme=theme, **values)
    return speech.say(
        "{theme}: {n} contacts in four weeks, usually about {usual}", theme=theme, **values
    )
