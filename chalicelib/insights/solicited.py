"""Solicited beside unsolicited: what customers say when asked, and what they say by themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from chalicelib.insights.proportion import Share, share
from chalicelib.insights.themes import judged
from chalicelib.interaction import Channel
from chalicelib.summary import Summary


@dataclass(frozen=True)
class Voice:
    """Contacts of one kind, and the negative and positive shares of those with text."""

    contacts: int
    negative: Share | None
    positive: Share | None


@dataclass(frozen=True)
class Voices:
    solicited: Voice
    unsolicited: Voice


_ASKED = frozenset(channel.value for channel in Channel if channel.solicited)


def asked(channel: str) -> bool:
    """True for channels where the company asked first; an unknown channel is not one."""
    return channel in _ASKED


def voices(week: Summary) -> Voices:
    """The two kinds of one week's summary; together they hold every contact."""
    return Voices(
        _voice(week.where(lambda cell: asked(cell.channel)).totals()),
        _voice(week.where(lambda cell: not asked(cell.channel)).totals()),
    )


def _voice(measures: Counter[str]) -> Voice:
    n = judged(measures)
    return Voice(
        measures["contacts"], share(measures["negative"], n), share(measures["positive"], n)
    )
