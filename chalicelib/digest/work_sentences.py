"""Work sentences: what contacts cost, how long customers wait, what to expect next week."""

from __future__ import annotations

from chalicelib.digest import sentences
from chalicelib.digest.by_channel import ChannelForecast
from chalicelib.digest.contents import Digest
from chalicelib.digest.speech import N_, Speech
from chalicelib.insights.cost import FailureCost, Range
from chalicelib.insights.forecast import Expected
from chalicelib.insights.hotspots import HotSpot
from chalicelib.insights.together import Pair, Word
from chalicelib.insights.waiting import Patience, Threshold

LEFT = 0.10  # of those who wait: the point of the curve that is told
WORDS = 3
CHANNELS = {
    "chat": N_("Chat"),
    "email": N_("Email"),
    "voice": N_("Phone"),
    "sms": N_("Text message"),
    "survey": N_("Survey"),
    "review": N_("Review"),
    "feedback": N_("Feedback form"),
}


def cost(speech: Speech, found: FailureCost, currency: str) -> tuple[str, ...]:
    """What handling failure demand took, and what of it could go."""
    minutes, money = found.minutes, found.money
    told = speech.say(
        "Handling all {n} contacts of failure demand took about {time}{range}; {measured} of them "
        "were timed.",
        time=duration(speech, minutes.value),
        range="" if minutes.low == minutes.high else f" ({_hours(speech, minutes)})",
        measured=found.measured,
        n=found.contacts,
    )
    if money is None:
        return (told,)
    about = speech.money(money.value, currency)
    ends = speech.money_range(money.low, money.high, currency)
    spread = "" if money.low == money.high else f" ({ends})"
    told += " " + speech.say("In money about {money}{range}.", money=about, range=spread)
    spare = found.avoidable
    if spare is not None and spare.high >= 1:
        ends = speech.money_range(spare.low, spare.high, currency)
        told += " " + speech.say("Fixes could save {range} of it.", range=ends)
    return (told,)


def _hours(speech: Speech, found: Range) -> str:
    """'29–31 h', in the unit of the larger end."""
    unit, decimals = _unit(found.high)
    low, high = (speech.number(end / unit, decimals) for end in (found.low, found.high))
    return _in_units(speech, f"{low}–{high}", unit)


def duration(speech: Speech, minutes: float) -> str:
    """Work: '45 min', from an hour and a half on '1,5 h', from ten hours on '12 h'."""
    unit, decimals = _unit(minutes)
    whole = round(minutes / unit, 1) % 1 == 0
    return _in_units(speech, speech.number(minutes / unit, 0 if whole else decimals), unit)


def _in_units(speech: Speech, number: str, unit: int) -> str:
    told = speech.say("{n} min", n=number) if unit == 1 else speech.say("{n} h", n=number)
    return told.replace(" ", "\u00a0")  # a line must not break inside


def _unit(minutes: float) -> tuple[int, int]:
    """Minutes to a unit, and its decimals."""
    if minutes < 90:
        return 1, 0
    return 60, 1 if minutes < 600 else 0


def hot_spot(speech: Speech, one: HotSpot) -> str:
    return speech.say(
        "About {excess} more negative contacts than among as many elsewhere.",
        excess=round(one.excess),
    )


def pair(digest: Digest, speech: Speech, theme: str, one: Pair) -> str:
    other = one.second if one.first == theme else one.first
    theme_, n = digest.names.themes[other], one.both
    return speech.say("Often in the same contact: {theme} ({n}).", theme=theme_, n=n)


def words(speech: Speech, found: tuple[Word, ...]) -> str:
    listed = ", ".join(f"{one.word} ({speech.number(one.now)})" for one in found[:WORDS])
    return speech.say("Mentioned more often than before: {list}.", list=listed)


def patience(speech: Speech, found: Patience) -> str | None:
    """How many leave within which wait; None where hardly anybody does."""
    point = next((one for one in found.curve if one.share >= LEFT), None)
    if point is None:
        return None
    return speech.say(
        "{share} {interval} of those who wait leave within {wait} ({n} waits over 13 weeks).",
        share=speech.percent(point.share),
        interval=speech.interval(point.low, point.high),
        wait=sentences.durations(speech, point.within_s)[0],
        n=found.n,
    )


def threshold(speech: Speech, found: Threshold) -> str:
    wait, low, high = sentences.durations(speech, found.wait_s, found.low_s, found.high_s)
    return speech.say(
        "Waits longer than about {wait} ({low}–{high}) are associated with lower ratings "
        "({n} answers).",
        wait=wait,
        low=low,
        high=high,
        n=found.n,
    )


def channel(speech: Speech, name: str) -> str:
    return speech.say(CHANNELS[name]) if name in CHANNELS else ""


def expected(speech: Speech, one: Expected) -> str:
    """'210–250', or '–' without an interval."""
    if one.low is None or one.high is None:
        return "–"
    return f"{speech.number(one.low)}–{speech.number(one.high)}"


def forecast_told(speech: Speech, one: ChannelForecast, week: int) -> tuple[str, ...]:
    """What to expect of all channels, and what came beside what was forecast."""
    total = one.next.total
    message = (
        N_("About {n} contacts are expected, survey answers aside.")
        if total.low is None
        else N_(
            "About {n} contacts are expected ({range}), survey answers aside. The true number "
            "falls within the range four weeks out of five."
        )
    )
    told = [speech.say(message, n=round(total.contacts), range=expected(speech, total))]
    if one.told and one.told.total.low is not None:
        told.append(
            speech.say(
                "Week {week} brought {came} contacts; the forecast was {range}.",
                week=week,
                came=one.came,
                range=expected(speech, one.told.total),
            )
        )
    return tuple(told)


def forecast(speech: Speech, one: ChannelForecast, week: int) -> tuple[str, ...]:
    """The days, and how the last forecast did where it missed."""
    told = []
    if one.next.days:
        days = ", ".join(
            f"{speech.weekday(day)} {speech.number(mean.contacts)}" for day, mean in one.next.days
        )
        told.append(speech.say("By day: {list}.", list=days))
    if one.missed and one.told:
        told.append(
            speech.say(
                "Week {week}: forecast {range}, actual {came}.",
                week=week,
                range=expected(speech, one.told.total),
                came=one.came,
            )
        )
    return tuple(told)
