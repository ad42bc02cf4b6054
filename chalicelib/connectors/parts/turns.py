"""Transcripts: what a vendor wrote down of a call -> turns -> events, alike for all telephony.

Vendors write a line per sentence or per breath. Lines of one speaker in a row are one turn, and
one turn is one message: what the customer says between two answers belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record
from chalicelib.connectors.parts.reading import duration_s, number, plausible
from chalicelib.errors import Skipped
from chalicelib.interaction import Event, EventKind, Role

#: Characters after which a turn ends even if the same person goes on: a voicemail of ten minutes
#: is several messages.
LONGEST_TURN = 2_000
#: Turns kept of one call, and characters in all: four hours of talk. The rest stays at the vendor.
MOST_TURNS = 800
MOST_CHARACTERS = 200_000


@dataclass(frozen=True)
class Line:
    """One line of a transcript. `piece` is its identity inside the call: a number or an offset."""

    role: Role
    at: datetime
    piece: str
    text: str


def after(start: datetime, seconds: object, where: str) -> datetime:
    """The moment `seconds` (a number, or text that holds one) after the call's start."""
    passed = duration_s(seconds, where) or 0.0
    return plausible(start + timedelta(seconds=passed), where)


def clock(stamp: str, where: str) -> float:
    """Seconds of 'HH:MM:SS.mmm', 'MM:SS' or plain seconds. Raises Unreadable for anything else."""
    seconds = 0.0
    for part in stamp.split(":")[-3:]:
        seconds = seconds * 60 + number(part, where)
    return duration_s(seconds, where) or 0.0


def spoken(
    event: Event, source: Source, lines: Iterable[Line], *, language: str | None = None
) -> list[Event]:
    """The turns as messages of the event's interaction, with the same identity at every fetch.

    Raises Skipped when the transcript holds no words.
    """
    made: list[Event] = []
    characters = 0
    for turn in _turns(lines):
        characters += len(turn.text)
        if len(made) >= MOST_TURNS or characters > MOST_CHARACTERS:
            tags = (record.TEXT_CUT, *made[-1].tags) if made else ()
            made[-1:] = [replace(last, tags=tags) for last in made[-1:]]
            break
        piece = f"{event.interaction_id}:said:{turn.piece}"
        made.append(
            record.event(
                source,
                event.channel,
                event_id=piece,
                message_id=piece,
                interaction_id=event.interaction_id,
                kind=EventKind.MESSAGE,
                role=turn.role,
                occurred_at=turn.at,
                text=turn.text,
                language=language,
            )
        )
    if not made:
        raise Skipped("a transcript without words")
    return made


def _turns(lines: Iterable[Line]) -> Iterator[Line]:
    turn: Line | None = None
    for line in lines:
        if not line.text:
            continue
        if turn and turn.role is line.role and len(turn.text) + len(line.text) < LONGEST_TURN:
            turn = replace(turn, text=f"{turn.text} {line.text}")
            continue
        if turn:
            yield turn
        turn = line
    if turn:
        yield turn
