"""Insight sentences: what an insight found, its number with its n and its uncertainty.

No cause is claimed where only a connection was shown.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.digest import sentences
from chalicelib.digest.contents import Digest, Result
from chalicelib.digest.speech import N_, Speech
from chalicelib.digest.whole import Moved
from chalicelib.digest.work_sentences import channel, duration
from chalicelib.insights.actions import Effect, Outcome
from chalicelib.insights.drivers import BANDS, Driver, Kind
from chalicelib.insights.hotspots import HotSpot
from chalicelib.insights.moved import Part as Segment
from chalicelib.insights.new_topics import NewTopic
from chalicelib.insights.priorities import Costly, Ground, Missed, Proposal
from chalicelib.insights.priorities import Kind as About
from chalicelib.insights.proportion import Z_95, Share
from chalicelib.insights.trends import Rise
from chalicelib.insights.unanswered import Estimate
from chalicelib.insights.usual import Finding
from chalicelib.summary import bin_start_s

SEGMENTS = 2
MEANS = {"nps": N_("NPS"), "csat": N_("CSAT mean"), "ces": N_("CES mean")}
#: The wait bands of `drivers`, named to the minute.
BAND_NAMES = tuple(
    zip(
        (str(round(bin_start_s(number))) for number in BANDS),
        (
            N_("Wait under a minute"),
            N_("Wait of 1–5 minutes"),
            N_("Wait of 5–11 minutes"),
            N_("Wait over 11 minutes"),
        ),
        strict=True,
    )
)
_EFFECT = {
    Outcome.HELPED: N_("{theme}: contacts fell by {change} {interval}."),
    Outcome.HURT: N_("{theme}: contacts rose by {change} {interval}."),
    Outcome.NO_EFFECT_SEEN: N_(
        "{theme}: no effect seen; the change is somewhere between {low} and {high}."
    ),
}


# --- priorities ---------------------------------------------------------------------------------


def proposal(digest: Digest, speech: Speech, one: Proposal) -> str:
    """What to do, in a few words."""
    if one.kind is About.TOUCHPOINT:
        return speech.say("Improve: {name}", name=digest.names.touchpoints[one.subject])
    name = digest.names.themes[one.subject]
    if any(isinstance(ground, Effect) for ground in one.grounds):
        return speech.say("Try another way: {name}", name=name)
    if all(isinstance(ground, Finding | Rise) for ground in one.grounds):
        return speech.say("Find out why: {name}", name=name)
    return speech.say("Remove the cause: {name}", name=name)


def about(digest: Digest, one: Proposal) -> str:
    """The name of what a proposal is about."""
    named = digest.names.touchpoints if one.kind is About.TOUCHPOINT else digest.names.themes
    return named[one.subject]


def ground(digest: Digest, speech: Speech, one: Ground, *, explained: bool = False) -> str:
    """One piece of evidence; `explained`: what failure demand is stands above already."""
    if isinstance(one, Costly):
        return _costly(digest, speech, one, explained=explained)
    if isinstance(one, Finding):
        return sentences.finding(speech, one)
    if isinstance(one, Rise):
        return rise(speech, one)
    if isinstance(one, HotSpot):
        place = digest.names.touchpoints[one.touchpoint]
        return speech.say(
            "Touchpoint {name}: {k} of {n} contacts were negative, about {excess} more than among "
            "as many elsewhere.",
            name=place,
            excess=round(one.excess),
            k=one.negative,
            n=one.n,
        )
    if isinstance(one, Missed):
        return sentences.target(speech, one.result)
    name = digest.names.actions[one.action]
    return " ".join((f"{name}.", *effect(digest, speech, one)))


def _costly(digest: Digest, speech: Speech, one: Costly, *, explained: bool) -> str:
    share = one.failures
    told = speech.say(
        N_("{share} {interval} of {n} contacts would not have been needed.")
        if explained
        else N_(
            "{share} {interval} of {n} contacts would not have been needed had things been done "
            "right first time."
        ),
        share=speech.percent(share.value),
        n=share.n,
        interval=speech.interval(share.low, share.high),
    )
    if one.minutes is None:
        return told
    price = digest.selection.price_per_minute
    spent = duration(speech, one.minutes)
    if price is None:
        cost = speech.say("The avoidable ones took about {time} to handle.", time=spent)
    else:
        cost = speech.say(
            "The avoidable ones took about {time} ({money}) to handle.",
            time=spent,
            money=speech.money(one.minutes * price, digest.selection.currency),
        )
    return f"{told} {cost}"


# --- news ---------------------------------------------------------------------------------------


def rise(speech: Speech, one: Rise) -> str:
    return speech.say(
        "Has grown over eight weeks: now about {recent} contacts a week, earlier about {before} "
        "({n} in the last three weeks).",
        recent=round(one.recent),
        before=round(one.before),
        n=sum(one.series[-3:]),
    )


def new_topic(speech: Speech, one: NewTopic, *, counted: bool) -> str:
    """From how many customers; `counted`: the contacts too, which no headline has told."""
    told = (
        speech.say("{n} contacts from {customers} customers.", n=one.now, customers=one.customers)
        if counted
        else speech.say("{customers} customers brought it up.", customers=one.customers)
    )
    earlier = (
        speech.say(
            "The eight weeks before had {before} contacts.", before=speech.published(one.before)
        )
        if one.before
        else speech.say("Nobody spoke of it in the eight weeks before.")
    )
    return f"{told} {earlier}"


def effect(digest: Digest, speech: Speech, one: Effect) -> tuple[str, ...]:
    """What may be said of a fix so far."""
    if one.outcome is Outcome.TOO_EARLY:
        return (_too_early(speech, one.weeks_after),)
    if one.change is None or one.low is None or one.high is None:
        return ()
    ends = sorted((abs(one.low), abs(one.high)))
    told = speech.say(
        _EFFECT[one.outcome],
        theme=digest.names.themes[one.theme],
        change=speech.percent(abs(one.change)),
        interval=speech.interval(*ends),
        low=_signed_percent(speech, one.low),
        high=_signed_percent(speech, one.high),
    )
    weeks = (
        N_("Preliminary: {n} weeks since the fix, final after eight.")
        if one.preliminary
        else N_("{n} weeks since the fix.")
    )
    return told, speech.say(weeks, n=one.weeks_after)


def _too_early(speech: Speech, weeks: int) -> str:
    if not weeks:
        return speech.say(
            "Too early to say: under a week since the fix, a first estimate comes after three "
            "weeks."
        )
    return speech.count(
        "Too early to say: {n} week since the fix, a first estimate comes after three.",
        "Too early to say: {n} weeks since the fix, a first estimate comes after three.",
        weeks,
    )


def _signed_percent(speech: Speech, share: float) -> str:
    told = speech.percent(abs(share))
    sign = "+" if share > 0 else "−"
    return f"{sign}{told}" if round(share, 2) else told


# --- ratings ------------------------------------------------------------------------------------


def moved(digest: Digest, speech: Speech, one: Moved) -> tuple[str, ...]:
    """Why a score changed: the scores themselves, or who answered; and where."""
    found = one.movement
    decimals = 0 if found.question == "nps" else 2
    if one.weeks > 1:
        compared = N_(
            "{measure} in four weeks {now} ({n} answers), in the four before {before} ({m})."
        )
    else:
        compared = N_("{measure} {now} ({n} answers), the week before {before} ({m}).")
    split = speech.say(
        "The change was {change} ±{margin}: {rate} comes from the scores given, {mix} from other "
        "people answering.",
        change=speech.signed(found.change, decimals),
        margin=speech.number(Z_95 * found.error, decimals),
        rate=speech.signed(found.rate, decimals),
        mix=speech.signed(found.mix, decimals),
    )
    values = speech.say(
        compared,
        measure=speech.say(MEANS[found.question]),
        now=speech.number(found.after.mean or 0, decimals),
        before=speech.number(found.before.mean or 0, decimals),
        n=found.after.n,
        m=found.before.n,
    )
    # A headline has told this week's NPS and last week's already, but of CSAT and CES the shares.
    heads = [head.now.question for head in digest.headlines if isinstance(head, Result)]
    known = one.weeks == 1 and found.question == "nps" and "nps" in heads
    told = split if known else f"{values} {split}"
    return (told, *_segments(digest, speech, one, decimals))


def _segments(digest: Digest, speech: Speech, one: Moved, decimals: int) -> tuple[str, ...]:
    """Where the scores themselves changed by more than chance."""
    named = _namer(digest, speech, one.dimension)
    sure = sorted(
        (part for part in one.movement.parts if part.confirmed and named(part)),
        key=lambda part: -abs(part.rate),
    )
    if not sure:
        return ()
    listed = [
        speech.say(
            "{name} {rate} ({n} answers)",
            name=named(part),
            rate=speech.signed(part.rate, decimals),
            n=part.after.n,
        )
        for part in sure[:SEGMENTS]
    ]
    return (speech.say("It came most from: {list}.", list=", ".join(listed)),)


def _namer(digest: Digest, speech: Speech, dimension: str) -> Callable[[Segment], str]:
    """A segment's name, or '' where it has none to tell."""
    if dimension == "channel":
        return lambda part: channel(speech, part.segment)
    names = digest.names.touchpoints if dimension == "touchpoint" else digest.names.themes
    return lambda part: names.get(part.segment, "")


def driver(digest: Digest, speech: Speech, one: Driver) -> str:
    """A driver's name."""
    if one.kind is Kind.WAIT:
        return speech.say(dict(BAND_NAMES)[one.id])
    names = digest.names.themes if one.kind is Kind.THEME else digest.names.touchpoints
    return names[one.id]


def unanswered(speech: Speech, one: Estimate) -> tuple[str, ...]:
    """Satisfaction of all, beside that of those who answered; and what cannot be known."""
    stated = one.stated
    told = [
        speech.say(
            "Of all who got in touch, an estimated {value} {interval} are satisfied; of those who "
            "answered, {stated} ({n} answers).",
            value=speech.percent(one.value),
            interval=speech.interval(one.low, one.high),
            stated=speech.percent(stated.value),
            n=stated.n,
        )
    ]
    if one.differs:
        good = stated.value > one.value
        told[0] += " " + (
            speech.say("The answers alone paint too good a picture.")
            if good
            else speech.say("The answers alone paint too bad a picture.")
        )
    told.append(
        speech.say(
            "{response} of the {n} contacts of four weeks were rated. If the share of satisfied is "
            "20 percentage points lower among the others than among similar customers who "
            "answered, {worse} of all are satisfied.",
            response=speech.percent(one.response),
            n=one.contacts,
            worse=speech.percent(one.if_worse[1]),
        )
    )
    return tuple(told)


def response(speech: Speech, negative: Share, positive: Share) -> str:
    """Who answers: those who wrote negatively beside those who wrote positively."""
    return speech.say(
        "Of those who wrote negatively {negative} rated their contact, of those who wrote "
        "positively {positive}.",
        negative=sentences.share_of(speech, negative),
        positive=sentences.share_of(speech, positive),
    )
