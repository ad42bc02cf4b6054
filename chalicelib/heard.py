"""What the speech endpoint heard -> events of the call: its words by turns, and its measures.

Contract: docs/speech.md, "oivallus.transcript.1". Pure: no I/O.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from chalicelib.connectors.base import Source
from chalicelib.connectors.parts import record, turns
from chalicelib.connectors.parts.reading import (
    Json,
    duration_s,
    json_value,
    language,
    number,
    sections,
    text,
)
from chalicelib.errors import Skipped, Unreadable
from chalicelib.interaction import Event, EventKind, Role

SCHEMA = "oivallus.transcript.1"
#: Words that the model is less sure of are not kept: at a mean log-probability of -1 it has failed
#: (Radford et al. 2022, section 4.5).
LEAST_P = 0.37
#: Whose channel nobody knows is nobody's voice: neither a customer's nor an agent's.
_ROLES = {"customer": Role.CUSTOMER, "agent": Role.AGENT}


def events(recorded: Event, source: Source, answer: bytes, *, timed: bool) -> list[Event]:
    """The turns as messages, and the call's talk and hold; the same whenever they are read.

    `recorded` is the event that told of the recording; it is dated when the recording began.
    `timed`: the vendor has told how long they talked, so our measures are not added. Raises
    Unreadable for anything but an answer of the endpoint.
    """
    body = json_value(answer)
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise Unreadable(f"the speech endpoint's answer is not {SCHEMA}")
    said = sections(body, "turns")
    mark = hashlib.sha256(recorded.event_id.encode()).hexdigest()[:12]
    lines = list(_lines(said, recorded.occurred_at, mark))
    made: list[Event] = []
    with suppress(Skipped):  # nobody spoke, or nobody who could be understood
        made += turns.spoken(recorded, source, lines, language=_language(said))
    if not timed:
        made += _measures(recorded, source, body, said, mark)
    return made


def _lines(said: Sequence[Json], began: datetime, mark: str) -> Iterator[turns.Line]:
    for place, turn in enumerate(said):
        if number(turn.get("p"), "turns.p") < LEAST_P:
            continue
        role = _ROLES.get(text(turn.get("role"), "turns.role"), Role.SYSTEM)
        at = turns.after(began, turn.get("start_s"), "turns.start_s")
        yield turns.Line(role, at, f"{mark}:{place}", text(turn.get("text"), "turns.text"))


def _language(said: Sequence[Json]) -> str | None:
    """The language of most of the words."""
    weights: Counter[str] = Counter()
    for turn in said:
        code = language(turn.get("language"), "turns.language")
        weights[code or ""] += len(text(turn.get("text"), "turns.text"))
    return max(sorted(weights), key=lambda code: weights[code]) or None if weights else None


def _measures(
    recorded: Event, source: Source, body: Json, said: Sequence[Json], mark: str
) -> Iterator[Event]:
    """From the first to the last word, less the hold."""
    if not said:
        return
    hold = duration_s(body.get("hold_s"), "hold_s") or 0.0
    first = min(number(turn.get("start_s"), "turns.start_s") for turn in said)
    last = max(number(turn.get("end_s"), "turns.end_s") for turn in said)
    yield record.event(
        source,
        recorded.channel,
        event_id=f"{recorded.interaction_id}:heard:{mark}",
        interaction_id=recorded.interaction_id,
        kind=EventKind.STATUS,
        role=Role.SYSTEM,
        occurred_at=recorded.occurred_at,
        talk_s=duration_s(max(0.0, last - first - hold), "turns"),
        hold_s=hold,
    )


def sound_type(head: bytes, told: str) -> str | None:
    """The content type of a recording by its first bytes, else as its sender told it.

    None for what the speech endpoint does not read: M4A, AAC, WMA, or a page that says sorry.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    for magic, kind in ((b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b".snd", "audio/basic")):
        if head.startswith(magic):
            return kind
    kind = told.partition(";")[0].strip().lower()
    # Before MP3, whose mark is eleven set bits: quiet mu-law without a header begins like that too.
    if kind in ("audio/basic", "audio/x-mulaw", "audio/pcmu"):
        return kind
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 in (0xE2, 0xE4)):
        return "audio/mpeg"
    return None
