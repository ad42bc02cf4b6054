"""Bytes of a recording -> samples at 16 kHz, channel by channel. No model.

A few kilobytes of a packed format may hold hours, so a recording is measured before it is decoded,
and decoded in blocks: what is held is what the model hears, whatever rate it came in.

libsndfile reads WAV (PCM, mu-law, A-law, GSM), MP3, Ogg (Vorbis, Opus), FLAC and AU; mu-law without
a header is told by its content type alone (RFC 2046 `audio/basic`, RFC 4856 `audio/PCMU`).
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile

from model_image.speech.resample import RATE_HZ, Resampler, Samples, most_at_16k
from model_image.wire import BadRequest

#: Two hours in two channels of 16-bit telephone sound are 230 MB.
MAX_BYTES = 256 * 1024 * 1024
MAX_S = 7200.0
MAX_CHANNELS = 8  # a conference may have one for each of its people
MAX_CHANNEL_S = 2 * MAX_S  # of all channels together: 0.92 GB of samples at 16 kHz
RATES_HZ = range(4_000, 192_001)

CONTAINERS = frozenset(
    "audio/" + name
    for name in (
        *("wav", "x-wav", "wave", "vnd.wave", "mpeg", "mp3", "x-mp3", "ogg", "opus", "flac"),
        *("x-flac", "x-au"),
    )
)
HEADERLESS = frozenset({"audio/basic", "audio/x-mulaw", "audio/mulaw", "audio/pcmu"})
CONTENT_TYPES = CONTAINERS | HEADERLESS

_UNKNOWN = 2**62  # libsndfile tells more where a header tells no length
_BLOCK = 65_536  # samples of all channels that are decoded at once

_REMEDY = "convert it first, such as: ffmpeg -i IN -c:a pcm_mulaw -ar 8000 OUT.wav"


class Refused(BadRequest):
    """The caller must send something else: HTTP status, what is wrong, where, and the remedy."""

    def __init__(self, status: int, error: str, where: str, remedy: str) -> None:
        super().__init__(error, where, remedy)
        self.status = status


@dataclass(frozen=True)
class Audio:
    """`samples` are -1..1 at 16 kHz, one row a channel."""

    samples: Samples

    @property
    def duration_s(self) -> float:
        return float(self.samples.shape[1] / RATE_HZ)


@dataclass(frozen=True)
class Limits:
    """What is taken on; tests make them small."""

    bytes: int = MAX_BYTES
    seconds: float = MAX_S
    channel_seconds: float = MAX_CHANNEL_S


def read(
    body: bytes, content_type: str, said: Mapping[str, str], limits: Limits | None = None
) -> Audio:
    """The samples of a recording. `said` are the content type's parameters (rate, channels).

    Raises Refused: 413 when it is too large or long, 415 for a format that is not read, 400 when
    its bytes are not what they claim to be.
    """
    limits = limits or Limits()
    if len(body) > limits.bytes:
        raise too_large(limits.bytes)
    # Sound without a header may begin with anything, quiet mu-law with the mark of AAC or MP3.
    foreign = "" if content_type in HEADERLESS else _foreign(body[:16])
    if foreign or content_type not in CONTENT_TYPES:
        raise Refused(415, f"{foreign or 'this content type'} is not read", "Content-Type", _REMEDY)
    try:
        with soundfile.SoundFile(io.BytesIO(body), **_form(body, content_type, said)) as file:
            return _samples(file, limits)
    except soundfile.SoundFileError as error:
        raise Refused(
            400, f"the bytes are no {content_type} that can be read", "body", _REMEDY
        ) from error


def too_large(limit: int) -> Refused:
    """The refusal of a body that has too many bytes."""
    return Refused(
        413, f"the recording exceeds {limit} bytes", "body", "send it in parts, or as MP3 or Ogg"
    )


def _samples(file: soundfile.SoundFile, limits: Limits) -> Audio:
    channels, rate_hz = file.channels, file.samplerate
    if channels > MAX_CHANNELS or rate_hz not in RATES_HZ:
        raise Refused(
            415,
            f"{channels} channels of {rate_hz} Hz are not read",
            "body",
            f"send at most {MAX_CHANNELS} channels of {RATES_HZ[0]} to {RATES_HZ[-1]} Hz",
        )
    longest_s = min(limits.seconds, limits.channel_seconds / channels)
    longest = int(longest_s * rate_hz)
    if longest < file.frames < _UNKNOWN:
        raise _too_long(channels, longest_s)
    told = min(file.frames, longest + 1)
    samples = np.empty((channels, most_at_16k(told, rate_hz)), np.float32)
    resampler = Resampler(rate_hz, channels)
    read = length = 0
    while read < told:
        found = file.read(min(_BLOCK // channels, told - read), "float32", always_2d=True)
        if not len(found):
            break  # the header promised more
        read += len(found)
        # Sound in floating point may hold what is no number at all.
        block = np.nan_to_num(found, nan=0.0, posinf=1.0, neginf=-1.0)
        length += _put(resampler.feed(block), samples, length)
    if read > longest:
        raise _too_long(channels, longest_s)
    length += _put(resampler.rest(), samples, length)
    if not read:
        raise Refused(400, "the recording is empty", "body", "send a recording with sound")
    return Audio(samples[:, :length])


def _put(part: Samples, whole: Samples, at: int) -> int:
    whole[:, at : at + part.shape[1]] = part
    return int(part.shape[1])


def _too_long(channels: int, longest_s: float) -> Refused:
    error = f"the recording exceeds {longest_s:g} s, the most for {channels} channels"
    return Refused(413, error, "body", "send it in parts")


def _form(body: bytes, content_type: str, said: Mapping[str, str]) -> dict[str, Any]:
    """How libsndfile must be told to read it; nothing where the file has a header."""
    if content_type not in HEADERLESS or body[:4] in (b".snd", b"RIFF", b"OggS"):
        return {}
    return {
        "format": "RAW",
        "subtype": "ULAW",
        "samplerate": _whole(said, "rate", 8000),
        "channels": _whole(said, "channels", 1),
    }


def _whole(said: Mapping[str, str], name: str, usual: int) -> int:
    value = said.get(name, str(usual))
    if not re.fullmatch("[0-9]{1,6}", value) or int(value) == 0:
        raise Refused(400, f"{name} is not a whole number", "Content-Type", f"send {name}={usual}")
    return int(value)


def _foreign(head: bytes) -> str:
    """The name of a format that libsndfile does not read, by its first bytes; mostly empty."""
    if head[4:8] == b"ftyp":
        return "MP4 or M4A"
    if head[:4] == b"\x30\x26\xb2\x75":
        return "WMA"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "WebM"
    # ADTS: twelve set bits, then layer 0, which no MP3 frame has.
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "AAC"
    return ""
