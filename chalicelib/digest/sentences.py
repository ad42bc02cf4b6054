"""Sentences: each says one plain, true thing with its number.

Counts pass `Speech.published`, so what they stand beside is always a plural.
"""

from __future__ import annotations

import re
from dataclasses import replace

from chalicelib.digest.contents import Digest, Headline, Quote, Result, ShareChange, ThemeRow
from chalicelib.digest.speech import N_, Speech
from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.last_week import Change
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.proportion import Share
from chalicelib.insights.ratings import Score
from chalicelib.insights.sources import SourceState
from chalicelib.insights.touchpoints import Standing, TargetResult
from chalicelib.insights.usual import Finding
from chalicelib.insights.verdict import Verdict

QUESTIONS = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}

#: What stands in a text where personal data was: the kinds of `privacy.spans`.
REDACTED = {
    "name": N_("name"),
    "phone": N_("phone number"),
    "email": N_("email address"),
    "address": N_("address"),
    "birthdate": N_("date of birth"),
    "id": N_("id number"),
    "iban": N_("account number"),
    "card": N_("card number"),
    "plate": N_("number plate"),
    "cut": N_("removed"),
}

_MORE, _LESS = Verdict.MORE, Verdict.LESS
_CLEAR = frozenset({_MORE, _LESS})

_HOUSE = {
    _MORE: N_("{n} contacts in all – clearly more than usual (about {usual})."),
    _LESS: N_("{n} contacts in all – clearly fewer than usual (about {usual})."),
}
_THIS_WEEK = {
    _MORE: N_("{theme}: {n} contacts – clearly more than usual (about {usual})."),
    _LESS: N_("{theme}: {n} contacts – clearly fewer than usual (about {usual})."),
}
_FOUR_WEEKS = {
    _MORE: N_("{theme}: {n} contacts in four weeks – clearly more than usual (about {usual})."),
    _LESS: N_("{theme}: {n} contacts in four weeks – clearly fewer than usual (about {usual})."),
}
_IN_A_ROW = {
    (_MORE, False): N_("{n} contacts, clearly more than usual (about {usual})."),
    (_LESS, False): N_("{n} contacts, clearly fewer than usual (about {usual})."),
    (_MORE, True): N_("Still more contacts than usual: {n}, usually about {usual}."),
    (_LESS, True): N_("Still fewer contacts than usual: {n}, usually about {usual}."),
}
_IN_A_ROW_FOUR_WEEKS = {
    (_MORE, False): N_("{n} contacts in four weeks, clearly more than usual (about {usual})."),
    (_LESS, False): N_("{n} contacts in four weeks, clearly fewer than usual (about {usual})."),
    (_MORE, True): N_("Still more contacts than usual: {n} in four weeks, usually about {usual}."),
    (_LESS, True): N_("Still fewer contacts than usual: {n} in four weeks, usually about {usual}."),
}
#: Below a row whose finding a headline has told with its numbers.
_AS_TOLD = {
    (_MORE, 1): N_("Contacts: clearly more than usual."),
    (_LESS, 1): N_("Contacts: clearly fewer than usual."),
    (_MORE, 4): N_("Contacts in four weeks: clearly more than usual."),
    (_LESS, 4): N_("Contacts in four weeks: clearly fewer than usual."),
}
_TOP = {
    "negative": N_("Most negative feedback: {theme} – {k} of {n} contacts were negative."),
    "positive": N_("Most praise: {theme} – {k} of {n} contacts were positive."),
}
_SCORE = {
    _MORE: N_("{question} rose: {now}, the week before {before}."),
    _LESS: N_("{question} fell: {now}, the week before {before}."),
}
_SCORE_FACT = {
    _MORE: N_("{question} rose: {now} (was {before})"),
    _LESS: N_("{question} fell: {now} (was {before})"),
}
_TOP_FACT = {
    "negative": N_("{theme}: {k} negative contacts"),
    "positive": N_("{theme}: {k} positive contacts"),
}
_CHANGE = {
    _MORE: N_("The week before: {before} – a clear rise."),
    _LESS: N_("The week before: {before} – a clear fall."),
    Verdict.SAME: N_("The week before: {before} – no clear change."),
    Verdict.UNJUDGED: N_("The week before: {before}."),
}
_TARGET = {
    Standing.MET: N_("{measure} {value} ({n} answers): the target {target} was met."),
    Standing.MISSED: N_("{measure} {value} ({n} answers): the target {target} was not met."),
    Standing.NEAR: N_(
        "{measure} {value} ({n} answers): the target {target} is within the margin of error."
    ),
}
_TARGET_MEASURE = {"nps": N_("NPS"), "csat": N_("CSAT mean"), "ces": N_("CES mean")}
_WAIT_TARGET = {
    Standing.MET: N_("Average wait {value} ({n} waits): the target {target} was met."),
    Standing.MISSED: N_("Average wait {value} ({n} waits): the target {target} was not met."),
}


def headline(digest: Digest, speech: Speech, head: Headline) -> str:
    """One headline as a sentence."""
    if isinstance(head, Finding):
        house = head.theme is None
        table = _HOUSE if house else _THIS_WEEK if head.weeks == 1 else _FOUR_WEEKS
        theme = digest.names.themes.get(head.theme or "", "")
        return speech.say(table[head.verdict], theme=theme, **_counts(speech, head))
    if isinstance(head, Result):
        return speech.say(_SCORE[head.verdict], **_scores_with_n(speech, head))
    if isinstance(head, NewTopic):
        return speech.say("New topic: {topic} – {n} contacts.", **_topic(speech, head))
    theme = digest.names.themes[head.theme.theme]
    return speech.say(_TOP[head.sentiment], theme=theme, k=head.theme.k, n=head.theme.n)


def finding(speech: Speech, found: Finding) -> str:
    """A theme's finding under its own name."""
    table = _IN_A_ROW if found.weeks == 1 else _IN_A_ROW_FOUR_WEEKS
    return speech.say(table[found.verdict, found.repeated], **_counts(speech, found))


def quoted(speech: Speech, quote: Quote) -> Quote:
    """A customer's words between the reader's quotation marks, placeholders in their language."""

    def named(placeholder: re.Match[str]) -> str:
        return f"[{speech.say(REDACTED[placeholder[1]])}]"

    text = re.sub(rf"\[({'|'.join(REDACTED)})\]", named, quote.text)
    return replace(quote, text=speech.say("“{quote}”", quote=text))


def topic_name(speech: Speech, one: NewTopic) -> str:
    """The words that customers use, as a quotation."""
    return speech.say("“{quote}”", quote=", ".join(one.words))


def _topic(speech: Speech, one: NewTopic) -> dict[str, object]:
    return {"topic": topic_name(speech, one), "n": speech.published(one.now)}


def _counts(speech: Speech, found: Finding) -> dict[str, object]:
    return {"n": speech.published(found.count), "usual": round(found.usual)}


def _scores(speech: Speech, result: Result) -> dict[str, object]:
    before = result.before
    return {
        "question": QUESTIONS[result.now.question],
        "now": score_value(speech, result.now),
        "before": score_value(speech, before) if before else "",
    }


def _scores_with_n(speech: Speech, result: Result) -> dict[str, object]:
    before = result.before
    return {
        "question": QUESTIONS[result.now.question],
        "now": _with_answers(speech, result.now),
        "before": _with_answers(speech, before) if before else "",
    }


def _with_answers(speech: Speech, score: Score) -> str:
    value = score_value(speech, score)
    return speech.say("{value} ({n} answers)", value=value, n=score.n)


def score_value(speech: Speech, score: Score) -> str:
    """NPS as points, CSAT and CES as the share of good answers; '–' under ten answers."""
    if score.good is not None:
        return speech.percent(score.good.value)
    return "–" if score.value is None else speech.number(score.value)


def change(speech: Speech, compared: Change) -> tuple[str, ...]:
    """A count beside the week before; nothing where there is none."""
    if compared.before is None:
        return ()
    before = speech.published(compared.before)
    return (speech.say(_CHANGE[compared.verdict], before=before),)


def row_change(speech: Speech, row: ThemeRow) -> tuple[str, ...]:
    """A theme's count beside the week before, and how its contacts differ from usual."""
    compared, found = change(speech, row.change), row.finding
    if found is None or (row.told and row.change.verdict is found.verdict):
        return compared
    if not row.told:
        return (*compared, finding(speech, found))
    return (" ".join((*compared, speech.say(_AS_TOLD[found.verdict, found.weeks]))),)


def calm(digest: Digest, speech: Speech) -> str:
    """What is told of a week with contacts but without a headline; no claim that fails its n."""
    n = speech.published(digest.contacts.now)
    if digest.falls_withheld or (digest.silent and digest.contacts.verdict is _LESS):
        return speech.say(
            "{n} contacts arrived. While a source is silent, a fall cannot be judged.", n=n
        )
    clear = _clear_change(digest, speech)
    if clear:
        return clear
    if not digest.judged:
        return speech.say("{n} contacts.", n=n)
    if digest.silent:
        return speech.say("No clear changes in the contacts that arrived ({n}).", n=n)
    return speech.say("The week had no clear changes: {n} contacts.", n=n)


def _clear_change(digest: Digest, speech: Speech) -> str:
    """The first of the week's own numbers that changed clearly, or ''."""
    if digest.contacts.verdict in _CLEAR:
        now, told = speech.published(digest.contacts.now), change(speech, digest.contacts)
        return " ".join((f"{speech.say('Contacts')}: {now}.", *told))
    for label, compared in (
        (speech.say("Negative"), digest.negative),
        (speech.say("Failure demand"), digest.failure_change),
    ):
        if compared.verdict in _CLEAR and compared.now:
            now = f"{speech.percent(compared.now.value)} ({_of(speech, compared.now)})"
            return " ".join((f"{label}: {now}.", *share_change(speech, compared)))
    return ""


def _of(speech: Speech, part: Share) -> str:
    return f"{speech.published(part.k)}/{speech.number(part.n)}"


def share_change(speech: Speech, compared: ShareChange) -> tuple[str, ...]:
    """A share beside the week before; nothing where either is missing."""
    if compared.before is None or compared.now is None:
        return ()
    last = compared.before
    before = f"{speech.percent(last.value)} ({_of(speech, last)})"
    return (speech.say(_CHANGE[compared.verdict], before=before),)


def score_change(speech: Speech, result: Result) -> tuple[str, ...]:
    """A score beside the week before; nothing where either had too few answers."""
    if result.before is None or None in (result.before.value, result.now.value):
        return ()
    before = _with_answers(speech, result.before)
    return (speech.say(_CHANGE[result.verdict], before=before),)


def target(speech: Speech, result: TargetResult) -> str:
    """A touchpoint's result beside its target."""
    if result.kind == "wait_s":
        value, wanted = durations(speech, result.value, result.target)
        return speech.say(_WAIT_TARGET[result.standing], value=value, target=wanted, n=result.n)
    decimals = 0 if result.kind == "nps" else 1
    margin = speech.number(result.margin or 0, decimals)
    return speech.say(
        _TARGET[result.standing],
        measure=speech.say(_TARGET_MEASURE[result.kind]),
        value=f"{speech.number(result.value, decimals)} ±{margin}",
        target=speech.number(result.target, 0 if result.target % 1 == 0 else decimals),
        n=result.n,
    )


def durations(speech: Speech, *seconds: float) -> tuple[str, ...]:
    """Durations to be compared, all in seconds where each is under two minutes: '99 s', '90 s'.

    Otherwise each in its two largest units: '3 min 2 s', '1 min 30 s'.
    """
    whole = [round(one) for one in seconds]
    if max(whole) < 120:
        return tuple(speech.say("{n} s", n=one) for one in whole)
    return tuple(_largest_units(speech, one) for one in whole)


def _largest_units(speech: Speech, seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    units = [
        (hours, speech.say("{n} h", n=hours)),
        (minutes, speech.say("{n} min", n=minutes)),
        (0 if hours else rest, speech.say("{n} s", n=rest)),
    ]
    told = [words for n, words in units if n] or [units[-1][1]]
    # A line must not break inside.
    return "\u00a0".join(told).replace(" ", "\u00a0")


def source(speech: Speech, state: SourceState, zone: str) -> str:
    """When a source was last heard from, and whether that is silence."""
    if not state.watched:
        return speech.say("No fixed rhythm.")
    if state.last is None:
        return speech.say("Silent: nothing has arrived yet.")
    last = speech.moment(state.last, zone)
    if not state.silent:
        return speech.say("Last heard from on {moment}.", moment=last)
    hours = round(state.expected_every_h)
    return speech.count(
        "Silent since {moment}; expected at least every {n} hour.",
        "Silent since {moment}; expected at least every {n} hours.",
        hours,
        moment=last,
    )


def subject(digest: Digest, speech: Speech) -> str:
    """The most useful fact and the week, on one line."""
    # Names come from a file that may fold lines; a header must not.
    fact = " ".join(_fact(digest, speech).split())
    return speech.say("{fact} · week {week}", fact=fact, week=digest.week.number)


def _empty_fact(digest: Digest, speech: Speech) -> str:
    silent = len(digest.silent)
    if not silent:
        return speech.say("No contacts")
    return speech.count("No contacts, {n} source silent", "No contacts, {n} sources silent", silent)


def _fact(digest: Digest, speech: Speech) -> str:
    if not digest.contacts.now:
        return _empty_fact(digest, speech)
    if not digest.headlines:
        return _calm_fact(digest, speech)
    head = digest.headlines[0]
    if isinstance(head, Finding):
        return _finding_fact(digest, speech, head)
    if isinstance(head, Result):
        return speech.say(_SCORE_FACT[head.verdict], **_scores(speech, head))
    if isinstance(head, NewTopic):
        return speech.say("New topic {topic}: {n} contacts", **_topic(speech, head))
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
    if small or not digest.judged or _clear_change(digest, speech):
        return speech.say("{n} contacts", n=n)
    return speech.say("{n} contacts, no clear changes", n=n)


def _finding_fact(digest: Digest, speech: Speech, found: Finding) -> str:
    values = _counts(speech, found)
    if found.theme is None:
        return speech.say("{n} contacts, usually about {usual}", **values)
    theme = digest.names.themes[found.theme]
    if found.weeks == 1:
        return speech.say("{theme}: {n} contacts, usually about {usual}", theme=theme, **values)
    return speech.say(
        "{theme}: {n} contacts in four weeks, usually about {usual}", theme=theme, **values
    )
