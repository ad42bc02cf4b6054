"""Sentences: each says one plain, true thing with its number.

Counts pass `Speech.published`, so what they stand beside is always a plural.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.digest.contents import (
    Digest,
    Headline,
    Quote,
    Result,
    ShareChange,
    ThemeRow,
)
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

IN_LANGUAGE = {"fi": N_("in Finnish"), "sv": N_("in Swedish"), "en": N_("in English")}

_MORE, _LESS = Verdict.MORE, Verdict.LESS

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
_TOP = {
    "negative": N_("Most negative feedback: {theme} – {k} of {n} contacts were negative."),
    "positive": N_("Most praise: {theme} – {k} of {n} contacts were positive."),
}
_SCORE = {
    _MORE: N_("{question} rose: {now}, the week before {before}."),
    _LESS: N_("{question} fell: {now}, the week before {before}."),
}
#: What a row of themes counts, beside all its contacts.
_OF_TONE = {"negative": N_("{n} negative"), "positive": N_("{n} positive")}
_CHANGE = {
    _MORE: N_("The week before: {before} – a clear rise."),
    _LESS: N_("The week before: {before} – a clear fall."),
    Verdict.SAME: N_("The week before: {before}."),
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
        return speech.say(table[head.verdict], theme=theme, **counts(speech, head))
    if isinstance(head, Result):
        return speech.say(_SCORE[head.verdict], **_scores_with_n(speech, head))
    if isinstance(head, NewTopic):
        return speech.say("New topic: {topic} – {n} contacts.", **topic(speech, head))
    theme = digest.names.themes[head.theme.theme]
    return speech.say(_TOP[head.sentiment], theme=theme, k=head.theme.k, n=head.theme.n)


def finding(speech: Speech, found: Finding) -> str:
    """A theme's finding under its own name."""
    table = _IN_A_ROW if found.weeks == 1 else _IN_A_ROW_FOUR_WEEKS
    return speech.say(table[found.verdict, found.repeated], **counts(speech, found))


def chance_order(speech: Speech, names: Sequence[str], *, among: int) -> str:
    """That these may as well stand in another order; unnamed where they are all of a list."""
    if len(names) == among:
        return speech.say("The order may be chance.")
    return speech.say("The order of these may be chance: {list}.", list=", ".join(names))


def quoted(speech: Speech, quote: Quote) -> Quote:
    """A customer's words between the reader's quotation marks, placeholders in their language."""

    def named(placeholder: re.Match[str]) -> str:
        return f"[{speech.say(REDACTED[placeholder[1]])}]"

    text = re.sub(rf"\[({'|'.join(REDACTED)})\]", named, quote.text)
    return replace(quote, text=speech.say("“{quote}”", quote=text))


def topic_name(speech: Speech, one: NewTopic) -> str:
    """The words that customers use, quoted; their language where it is not the reader's."""
    voice = one.voice(speech.language)
    quoted = speech.say("“{quote}”", quote=", ".join(voice.words))
    if voice.language not in IN_LANGUAGE or voice.language == speech.language:
        return quoted
    return f"{quoted} ({speech.say(IN_LANGUAGE[voice.language])})"


def topic(speech: Speech, one: NewTopic) -> dict[str, object]:
    return {"topic": topic_name(speech, one), "n": speech.published(one.now)}


def counts(speech: Speech, found: Finding) -> dict[str, object]:
    return {"n": speech.published(found.count), "usual": round(found.usual)}


def scores(speech: Speech, result: Result) -> dict[str, object]:
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


def row_change(speech: Speech, row: ThemeRow, *, told: bool) -> tuple[str, ...]:
    """A theme's count beside the week before, and how its contacts differ from usual.

    `told`: its finding stands above already.
    """
    compared: tuple[str, ...] = ()
    if row.change.before is not None:
        n = speech.say(_OF_TONE[row.sentiment], n=speech.published(row.change.before))
        compared = (speech.say(_CHANGE[row.change.verdict], before=n),)
    if row.finding is None or told:
        return compared
    return (*compared, finding(speech, row.finding))


def share_of(speech: Speech, part: Share | None) -> str:
    """'66 % (90/137)'; 'under 5 of 12' where a percentage would tell the count; '–' without one."""
    if part is None:
        return "–"
    if is_small(part):
        return speech.say("{k} of {n}", k=speech.published(part.k), n=part.n)
    return f"{speech.percent(part.value)} ({speech.number(part.k)}/{speech.number(part.n)})"


def share_in_cell(speech: Speech, part: Share | None) -> str:
    """`share_of` beside a column of contacts, which tells what a few are of."""
    return speech.published(part.k) if part and is_small(part) else share_of(speech, part)


def is_small(part: Share) -> bool:
    """Whether a share is of too few to be told, which its percentage would."""
    return 0 < part.k < PUBLISHED_FROM


def share_change(speech: Speech, compared: ShareChange) -> tuple[str, ...]:
    """A share beside the week before; nothing where either is missing."""
    if compared.before is None or compared.now is None:
        return ()
    before = share_of(speech, compared.before)
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
    """Each in its two largest units: '3 min 2 s', '1 min 30 s', '45 s'."""
    return tuple(_largest_units(speech, round(one)) for one in seconds)


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
    """When a silent source was last heard from."""
    if state.last is None:
        return speech.say("Silent: nothing has arrived yet.")
    last = speech.moment(state.last, zone)
    hours = round(state.expected_every_h)
    return speech.count(
        "Silent since {moment}; expected at least every {n} hour.",
        "Silent since {moment}; expected at least every {n} hours.",
        hours,
        moment=last,
    )
