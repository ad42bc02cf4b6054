"""People sentences: what customers go through, who they are, and who tells us.

Judged from words, so each says what it is of; no cause is claimed.
"""

from __future__ import annotations

from chalicelib.digest import sentences
from chalicelib.digest.contents import Digest
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.work_sentences import channel, duration
from chalicelib.insights.answering import Answering, Gap
from chalicelib.insights.effort import Effort, Struggle, Where
from chalicelib.insights.personas import Apart, Aspect
from chalicelib.insights.pre_questions import PreQuestions
from chalicelib.insights.proportion import Share

BASICS = {
    "order": N_("order number"),
    "customer": N_("customer number"),
    "name": N_("name"),
    "address": N_("address"),
    "contact": N_("phone or email"),
    "date": N_("date"),
    "product": N_("product"),
    "picture": N_("picture"),
}
_APART = {
    Aspect.NEGATIVE: N_(
        "Negative: {share} {interval} of {n} contacts with text; everybody else {rest}."
    ),
    Aspect.FAILURE: N_(
        "Failure demand: {share} {interval} of {n} contacts; everybody else {rest}."
    ),
}


def place(digest: Digest, speech: Speech, one: Struggle) -> str:
    if one.where is Where.THEME:
        return digest.names.themes[one.id]
    return speech.say("Touchpoint: {name}", name=digest.names.touchpoints[one.id])


def struggles(speech: Speech, found: Effort) -> tuple[str, ...]:
    """What is counted, and how common it is everywhere."""
    share = found.whole
    return (
        speech.say(
            "{n} contacts in four weeks tell how hard it was. {share} {interval} of them asked a "
            "lot of the customer: getting in touch again, waiting or explaining once more. "
            "Software judges it from the words, so take it as a direction.",
            share=speech.percent(share.value),
            interval=speech.interval(share.low, share.high),
            n=share.n,
        ),
    )


def elsewhere(speech: Speech, rest: Share) -> str:
    return speech.say("Elsewhere {share}.", share=speech.percent(rest.value))


def basics(speech: Speech, found: PreQuestions) -> tuple[str, ...]:
    """What agents ask for, how long it takes, and what could be done."""
    every, long = found.every, found.long
    listed = [f"{speech.say(BASICS[kind])} {speech.number(n)}" for kind, n in found.kinds]
    told = [
        speech.say(
            "In {share} {interval} of the conversations that an agent took part in, the customer "
            "was asked for basics ({k}/{n} in four weeks).",
            **_shown(speech, every),
        )
    ]
    if listed:
        told[0] += " " + speech.say("Most often: {list}.", list=", ".join(listed))
    if long:
        told.append(
            speech.say(
                "In conversations of six or more customer messages: {share} {interval}, {k}/{n}.",
                **_shown(speech, long),
            )
        )
    if found.minutes is not None and found.weekly_minutes is not None:
        (mean,) = sentences.durations(speech, found.minutes * 60)
        told.append(
            speech.say(
                "In chat the customer's answer took {mean} on average, about {time} a week in all. "
                "The form or the chat's greeting could ask before an agent joins.",
                mean=mean,
                time=duration(speech, found.weekly_minutes),
            )
        )
    return tuple(told)


def apart(speech: Speech, one: Apart) -> str:
    return speech.say(
        _APART[one.aspect],
        share=speech.percent(one.share.value),
        interval=speech.interval(one.share.low, one.share.high),
        n=one.share.n,
        rest=speech.percent(one.rest.value),
    )


def rated(speech: Speech, found: Answering) -> str:
    """How many of those served rated their contact."""
    return speech.say(
        "{share} {interval} of the {n} contacts of four weeks were rated.",
        share=speech.percent(found.whole.value),
        interval=speech.interval(found.whole.low, found.whole.high),
        n=found.whole.n,
    )


def answering(speech: Speech, found: Answering) -> tuple[str, ...]:
    """Who does not answer: by channel, and by their own words."""
    told = []
    if found.channels:
        (least, low), (most, high) = found.channels
        told.append(
            speech.say(
                "Rated least often: {least}, {low} of contacts; most often: {most}, {high}.",
                least=channel(speech, least),
                low=speech.percent(low.value),
                most=channel(speech, most),
                high=speech.percent(high.value),
            )
        )
    if found.unrated:
        names = [channel(speech, one) for one in found.unrated if channel(speech, one)]
        told.append(speech.say("No ratings at all came from: {list}.", list=", ".join(names)))
    if found.gap and found.gap.surely:
        told.append(_gap(speech, found.gap))
    return tuple(told)


def _gap(speech: Speech, found: Gap) -> str:
    answered, silent = found.answered, found.silent
    told = speech.say(
        "Judged by what they wrote, satisfaction was {silent} of 5 among those who did not answer "
        "({n} contacts) and {answered} among those who did ({m}).",
        silent=speech.number(silent.value, 1),
        answered=speech.number(answered.value, 1),
        n=silent.n,
        m=answered.n,
    )
    read = speech.say(
        "Of the latter, {read} seemed satisfied and {stated} said so.",
        read=speech.percent(found.read.value),
        stated=speech.percent(found.stated.value),
    )
    return f"{told} {read}"


def _shown(speech: Speech, share: Share) -> dict[str, object]:
    return {
        "share": speech.percent(share.value),
        "interval": speech.interval(share.low, share.high),
        "k": share.k,
        "n": share.n,
    }
