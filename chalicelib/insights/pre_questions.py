"""Pre-questions: what agents ask for again and again, which a form or a bot could ask before.

Of the contacts in which an agent wrote: in how many the customer was asked for basics (order
number, address, date ...), which ones, and how many minutes the questions waited for an answer in
chat. Counts, not a claim of change; told where it is surely more than one contact in ten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.basics import BASICS
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.solicited import asked
from chalicelib.interaction import Channel
from chalicelib.summary import Summary

WEEKS = 4
ASKED_FROM = 20  # contacts in which basics were asked for
LEAST = 0.1  # the share's lower bound must exceed it
KINDS = 3  # most frequent ones told
#: Channels where both are there at once: elsewhere the time of an answer is nobody's waiting.
LIVE = frozenset({Channel.CHAT.value})


@dataclass(frozen=True)
class PreQuestions:
    """Four weeks. `every` is of contacts that an agent wrote in, `long` of those of six or more
    customer messages (None under five). `kinds` is (basic, contacts), the most frequent first.

    `minutes` is the mean time to the answer in `answered` chats, None under 20 of them.
    """

    every: Share
    long: Share | None
    kinds: tuple[tuple[str, int], ...]
    answered: int
    minutes: float | None

    @property
    def weekly_minutes(self) -> float | None:
        """Minutes of chats that went to these answers, a week."""
        return None if self.minutes is None else self.minutes * self.answered / WEEKS


def pre_questions(weeks: Summary) -> PreQuestions | None:
    """What four weeks of conversations ask for; None where it is rare or too few."""
    sums: dict[str, int] = {}
    live = [0, 0]
    for cell, measures in weeks:
        if asked(cell.channel) or "agent:n" not in measures:
            continue
        for name, count in measures.items():
            if name.startswith(("agent:", "basics:")):
                sums[name] = sums.get(name, 0) + count
        if cell.channel in LIVE:
            live[0] += measures.get("basics:answered", 0)
            live[1] += measures.get("basics:answer_s", 0)
    every = share(sums.get("basics:n", 0), sums.get("agent:n", 0))
    if every is None or every.k < ASKED_FROM or every.low <= LEAST:
        return None
    long = share(sums.get("basics:long", 0), sums.get("agent:long", 0))
    return PreQuestions(
        every,
        long if long and long.n >= ASKED_FROM else None,
        _kinds(sums),
        live[0],
        live[1] / live[0] / 60 if live[0] >= ASKED_FROM else None,
    )


def _kinds(sums: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    told = [(kind, sums.get(f"basics:{kind}", 0)) for kind in BASICS]
    common = sorted((one for one in told if one[1] >= ASKED_FROM), key=lambda one: -one[1])
    return tuple(common[:KINDS])
