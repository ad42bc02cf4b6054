"""Customer reasons: why a customer stands on a list, in the reader's language."""

from __future__ import annotations

from datetime import date

from chalicelib.digest.speech import N_, Speech
from chalicelib.insights.silent import Silent
from chalicelib.interaction import Rating

_TONES = {
    "negative": N_("Their last message was negative."),
    "positive": N_("Their last message was positive."),
}


def silent(speech: Speech, one: Silent, tone: str | None, resolved: bool | None) -> str:
    """Why to get in touch: the pause, and how the last contact went."""
    told = [
        speech.say(
            "Used to get in touch about every {usual} days, now silent for {silent} days.",
            usual=max(1, round(one.usual_gap_days)),
            silent=one.silent_days,
        )
    ]
    if tone in _TONES:
        told.append(speech.say(_TONES[tone]))
    if resolved is False:
        told.append(speech.say("It was left unresolved."))
    return " ".join(told)


def rated(speech: Speech, rating: Rating, on: date) -> str:
    """Why not to ask: an answer was given."""
    return speech.say(
        "Answered on {date}: {value} on the scale {low}–{high}.",
        date=speech.day(on),
        value=_plain(speech, rating.value),
        low=_plain(speech, rating.scale_min),
        high=_plain(speech, rating.scale_max),
    )


def told(speech: Speech, satisfied: bool, on: date) -> str:
    """Why not to ask: the words were clear."""
    message = (
        N_("Wrote on {date}, clearly satisfied by the words.")
        if satisfied
        else N_("Wrote on {date}, clearly dissatisfied by the words.")
    )
    return speech.say(message, date=speech.day(on))


def _plain(speech: Speech, value: float) -> str:
    return speech.number(value, 0 if value == int(value) else 1)
