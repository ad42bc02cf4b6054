"""What was heard on each channel -> who said what and when, and what was not talk.

Turns of all channels stand in order of their beginning. People talk at once: each keeps its own
times, and nothing is cut or moved to make room.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from model_image.speech.activity import Kind, Span, seconds_of, union

#: A speaker who goes on within this pause, while nobody else begins, is still in the same turn.
TURN_GAP_S = 2.0
#: A shorter stretch of music is a jingle, not a hold.
HOLD_S = 5.0
#: Text that gets this much smaller when it is compressed repeats itself: a model that lost the
#: thread (Radford et al. 2022, section 4.5).
REPEATS = 2.4


class Role(StrEnum):
    """Who speaks on a channel."""

    CUSTOMER = "customer"
    AGENT = "agent"
    UNKNOWN = "unknown"  # a mixed recording, or nobody told which channel is whose


@dataclass(frozen=True)
class Turn:
    """Words of one speaker; seconds from the beginning of the recording; `p` is 0..1."""

    start_s: float
    end_s: float
    role: Role
    channel: int
    text: str
    language: str
    p: float


@dataclass(frozen=True)
class Measures:
    """Seconds of a recording. `talk_s` of a role is its own; two may talk at once."""

    duration_s: float
    talk_s: Mapping[Role, float]
    hold_s: float
    silence_s: float
    music_s: float
    ringing_s: float


def roles(channels: int, customer: int | None) -> tuple[Role, ...]:
    """The role of each channel, given which one is the customer's."""
    if customer is None:
        return (Role.UNKNOWN,) * channels
    return tuple(Role.CUSTOMER if n == customer else Role.AGENT for n in range(channels))


def joined(said: Iterable[Turn]) -> list[Turn]:
    """Turns in order of time: sentences of one speaker in a row are one."""
    turns: list[Turn] = []
    for one in sorted(said, key=lambda turn: (turn.start_s, turn.end_s, turn.channel)):
        last = turns[-1] if turns else None
        if last and last.channel == one.channel and one.start_s - last.end_s <= TURN_GAP_S:
            turns[-1] = _together(last, one)
        else:
            turns.append(one)
    return turns


def _together(first: Turn, second: Turn) -> Turn:
    lengths = len(first.text), len(second.text)
    p = (first.p * lengths[0] + second.p * lengths[1]) / max(1, sum(lengths))
    return replace(
        first, end_s=max(first.end_s, second.end_s), text=f"{first.text} {second.text}", p=p
    )


def repeats(text: str) -> bool:
    """True for text that goes round in circles, which nobody said."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) > REPEATS if raw else False


def measures(
    duration_s: float, channels: Sequence[Sequence[Span]], roles: Sequence[Role]
) -> Measures:
    """How the time of a recording was spent; `channels` are the spans of each."""
    busy = [
        [replace(span, kind=Kind.SPEECH) for span in spans if span.kind is not Kind.SILENCE]
        for spans in channels
    ]
    return Measures(
        duration_s=duration_s,
        talk_s={
            role: seconds_of(
                Kind.SPEECH,
                [spans for spans, own in zip(channels, roles, strict=True) if own is role],
            )
            for role in Role
            if role in roles
        },
        hold_s=_hold_s(channels),
        silence_s=max(0.0, duration_s - seconds_of(Kind.SPEECH, busy)),
        music_s=seconds_of(Kind.MUSIC, channels),
        ringing_s=seconds_of(Kind.RINGING, channels),
    )


def _hold_s(channels: Sequence[Sequence[Span]]) -> float:
    """Music between the first and the last words; before them it is a queue's."""
    talk = union(Kind.SPEECH, channels)
    if not talk:
        return 0.0
    return sum(
        end - start
        for start, end in union(Kind.MUSIC, channels)
        if end - start >= HOLD_S and talk[0][0] < start and end < talk[-1][1]
    )
