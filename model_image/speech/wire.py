"""What a caller says of a recording, and the JSON of the answer, "oivallus.transcript.1"."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from model_image.speech.audio import MAX_CHANNELS, Refused
from model_image.speech.listen import Options, Transcript

SCHEMA = "oivallus.transcript.1"
#: SageMaker takes most headers away; this one it hands on (`CustomAttributes` of the call).
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

_CHANNEL = re.compile(r"[0-9]{1,3}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MAX_LANGUAGES = 20


def content_type(header: str) -> tuple[str, dict[str, str]]:
    """The media type and its parameters, in lower case: audio/pcmu, {rate: 8000}."""
    kind, _, rest = header.partition(";")
    return kind.strip().lower(), dict(_pairs(rest))


def options(attributes: str, parameters: Mapping[str, str], channels: int) -> Options:
    """What the call says: `customer` (a channel from 0) and `languages` (fi,en,sv).

    They stand in the custom attributes ("customer=0; languages=fi,sv") or, where a caller cannot
    send those, in the content type's parameters. Raises Refused (400).
    """
    said = {**parameters, **dict(_pairs(attributes))}
    return Options(_customer(said.get("customer", ""), channels), _languages(said))


def _customer(value: str, channels: int) -> int | None:
    if not value:
        return None
    if not _CHANNEL.fullmatch(value) or int(value) >= MAX_CHANNELS:
        raise Refused(400, "customer is no channel", "customer", "send a number from 0 on")
    # A mixed recording where two were promised: nobody knows whose words they are.
    return int(value) if int(value) < channels else None


def _languages(said: Mapping[str, str]) -> tuple[str, ...]:
    named = [one.strip().lower() for one in said.get("languages", "").split(",") if one.strip()]
    if len(named) > _MAX_LANGUAGES or not all(map(_LANGUAGE.fullmatch, named)):
        raise Refused(400, "languages are not codes", "languages", "send ISO 639-1 codes: fi,en,sv")
    return tuple(dict.fromkeys(named))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """name=value; name=value, names in lower case."""
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip().lower(), value.strip().strip('"')


def write(transcript: Transcript) -> bytes:
    """The answer as JSON. Seconds to the hundredth, probabilities to the thousandth."""
    measures = transcript.measures
    answer = {
        "schema": SCHEMA,
        "model": transcript.model,
        "duration_s": _seconds(measures.duration_s),
        "talk_s": {role.value: _seconds(value) for role, value in measures.talk_s.items()},
        "hold_s": _seconds(measures.hold_s),
        "silence_s": _seconds(measures.silence_s),
        "music_s": _seconds(measures.music_s),
        "ringing_s": _seconds(measures.ringing_s),
        "left_out": transcript.left_out,
        "turns": [
            {
                "start_s": _seconds(turn.start_s),
                "end_s": _seconds(turn.end_s),
                "role": turn.role.value,
                "channel": turn.channel,
                "text": turn.text,
                "language": turn.language,
                "p": round(turn.p, 3),
            }
            for turn in transcript.turns
        ],
    }
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _seconds(value: float) -> float:
    return round(value, 2)
