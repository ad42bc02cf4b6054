"""Samples of one channel -> where somebody talks, and where it is music, ringing or silence.

Frames of 32 ms, two to a window, are judged by the telephone's band, 190-3800 Hz:

    active   the level is above the line's noise, and within 40 dB of the channel's loud frames
    tone     two narrow peaks that do not move hold nearly all energy, for 0.3 s and more: ringing,
             busy, keys
    music    over two seconds the level never falls off and the spectrum stays like itself; the
             talk of people does neither: it pauses between syllables, and moves on within 64 ms

The two measures of music are those of Scheirer and Slaney (1997), "percentage of low-energy frames"
and, for their spectral flux, the likeness of spectra 64 ms apart. Both must say music, for four
seconds: to write down a song costs a little, to lose a customer's words is worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model_image.speech.resample import RATE_HZ, Samples

_FRAME = 512
_HOP = 256
HOP_S = _HOP / RATE_HZ
_BAND = slice(6, 122)  # 190-3800 Hz in bins of 31.25 Hz
_BLOCK = 4096  # frames at once: what is in work stays small

FLOOR_DB = 9.0  # above the noise
RANGE_DB = 40.0  # below the loud frames
LEAST_RANGE_DB = 18.0  # where the loud stand out less, the quiet frames are no noise
QUIETEST_DB = -65.0  # of full scale; below it nobody talks to anybody

TONE_SHARE = 0.95
TONE_LIKENESS = 0.98  # a voice that holds a vowel still wanders by a per cent or two
TONE_S = 0.3

MUSIC_WINDOW_S = 2.0
MUSIC_LOW_SHARE = 0.15  # frames 10 dB under the window's mean; of talk a fourth and more
MUSIC_LIKENESS = 0.8  # median cosine; of talk 0.3-0.8, of noise 0.79, of music 0.8-1
MUSIC_S = 4.0
_LOW_DB = 10.0
_LAG = 4  # frames

GAP_S = 0.3  # a shorter pause is part of the talk
BLIP_S = 0.1  # a shorter sound is a click
PAD_S = 0.16  # consonants begin and end below the threshold

Flags = NDArray[np.bool_]
Levels = NDArray[np.float32]


class Kind(IntEnum):
    """What a moment of one channel is."""

    SILENCE = 0
    SPEECH = 1
    MUSIC = 2
    RINGING = 3


@dataclass(frozen=True)
class Span:
    """A stretch of one kind, seconds from the beginning of the recording."""

    start_s: float
    end_s: float
    kind: Kind

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Frames:
    """Measures of each frame: level (dB of full scale), share of two peaks, likeness 64 ms on."""

    level_db: Levels
    tone_share: Levels
    likeness: Levels


def spans(samples: Samples) -> list[Span]:
    """The stretches of a channel at 16 kHz, one after another without a gap."""
    kinds = classify(measure(samples))
    length = len(samples) / RATE_HZ
    return [
        Span(start * HOP_S, length if end == len(kinds) else end * HOP_S, Kind(kind))
        for start, end, kind in runs(kinds)
    ]


def measure(samples: Samples) -> Frames:
    """Frame k covers the 32 ms from k * HOP_S on; the last ones are filled up with silence."""
    count = max(1, -(-len(samples) // _HOP))
    padded = np.zeros((count - 1) * _HOP + _FRAME, np.float32)
    padded[: len(samples)] = samples
    windows = sliding_window_view(padded, _FRAME)[::_HOP]
    shape = np.hanning(_FRAME).astype(np.float32)
    level, share, likeness = (np.zeros(count, np.float32) for _ in range(3))
    before = np.zeros((_LAG, _BAND.stop - _BAND.start), np.float32)
    for start in range(0, count, _BLOCK):
        spectra = np.fft.rfft(windows[start : start + _BLOCK] * shape)[:, _BAND]
        power = (spectra.real**2 + spectra.imag**2).astype(np.float32)
        part = slice(start, start + len(power))
        level[part] = _level_db(power)
        share[part] = _tone_share(power)
        sizes = np.sqrt(power)
        sizes /= np.maximum(np.linalg.norm(sizes, axis=1, keepdims=True), 1e-9)
        earlier = np.concatenate([before, sizes])[: len(sizes)]
        likeness[part] = (earlier * sizes).sum(axis=1)
        before = np.concatenate([before, sizes])[-_LAG:]
    return Frames(level, share, likeness)


def _level_db(power: Levels) -> Levels:
    # Parseval: a sine at full scale is -3 dB, whatever the window.
    scale = 2 / (_FRAME * float((np.hanning(_FRAME) ** 2).sum()))
    found: Levels = 10 * np.log10(power.sum(axis=1) * scale + 1e-12)
    return found


def _tone_share(power: Levels) -> Levels:
    """What the two highest peaks hold of all energy; a Hann window spreads each to five bins."""
    left = power.copy()
    rows = np.arange(len(power))[:, None]
    held = np.zeros(len(power), np.float32)
    for _ in range(2):
        around = left.argmax(axis=1)[:, None] + np.arange(-2, 3)
        around = np.clip(around, 0, power.shape[1] - 1)
        held += left[rows, around].sum(axis=1)
        left[rows, around] = 0
    share: Levels = held / np.maximum(power.sum(axis=1), 1e-12)
    return share


def classify(frames: Frames) -> NDArray[np.uint8]:
    """The Kind of each frame."""
    active = active_frames(frames.level_db)
    ringing, music = _sorted_out(
        tone_frames(frames) & active, music_frames(frames, active), round(TONE_S / HOP_S)
    )
    other = ringing | music
    speech = _bridged(active & ~other, round(GAP_S / HOP_S)) & ~other
    speech = _held(speech, round(BLIP_S / HOP_S))
    speech = _spread(speech, round(PAD_S / HOP_S)) & ~other
    kinds = np.full(len(active), Kind.SILENCE, np.uint8)
    kinds[speech] = Kind.SPEECH
    kinds[music] = Kind.MUSIC
    kinds[ringing] = Kind.RINGING
    return kinds


def active_frames(level_db: Levels) -> Flags:
    """Frames loud enough to be somebody or something on the line."""
    noise = float(np.percentile(level_db, 10))
    loud = float(np.percentile(level_db, 98))
    # Music without an end has no noise to measure, and talk in much noise is all kept.
    above = noise + FLOOR_DB if loud - noise > LEAST_RANGE_DB else loud - RANGE_DB
    flags: Flags = level_db > max(above, loud - RANGE_DB, QUIETEST_DB)
    return flags


def tone_frames(frames: Frames) -> Flags:
    """Frames of one or two tones that stand still."""
    still = (frames.tone_share > TONE_SHARE) & (frames.likeness > TONE_LIKENESS)
    # The likeness is with the frame 64 ms before, so a tone's first frames have none.
    begun = still.copy()
    for back in range(1, _LAG + 1):
        begun[:-back] |= still[back:]
    return begun & (frames.tone_share > TONE_SHARE)


def _sorted_out(tone: Flags, music: Flags, fewest: int) -> tuple[Flags, Flags]:
    """Ringing and music, apart: a melody has still notes in it, and a long tone is no melody."""
    ringing = _held(tone, fewest)
    music = music.copy()
    for start, end, value in runs(music):
        if value and tone[start:end].mean() > 0.8:
            music[start:end] = False
    return ringing & ~music, music


def music_frames(frames: Frames, active: Flags) -> Flags:
    """Frames of music: two-second windows that both measures take for it, for four seconds.

    The windows at its ends hold up to a second of talk, which is left to be heard.
    """
    width = round(MUSIC_WINDOW_S / HOP_S)
    found = np.zeros(len(active), bool)
    if len(active) < width:
        return found
    last = len(active) - width
    for start in [*range(0, last, width // 8), last]:
        part = slice(start, start + width)
        if active[part].mean() > 1 - MUSIC_LOW_SHARE and _is_music(frames, part):
            found[part] = True
    return _shortened(_held(found, round(MUSIC_S / HOP_S)), width // 2)


def _is_music(frames: Frames, part: slice) -> bool:
    level = frames.level_db[part]
    mean_db = 10 * np.log10(np.mean(10 ** (level / 10)))
    low = float(np.mean(level < mean_db - _LOW_DB))
    likeness = float(np.median(frames.likeness[part]))
    return low < MUSIC_LOW_SHARE and likeness > MUSIC_LIKENESS


def runs(values: NDArray[np.uint8] | Flags) -> list[tuple[int, int, int]]:
    """(start, end, value) of equal neighbours; end is one behind the last."""
    if not len(values):
        return []
    edges = np.flatnonzero(np.diff(values.astype(np.int8))) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), len(values)]
    return [(a, b, int(values[a])) for a, b in zip(starts, ends, strict=True)]


def _held(flags: Flags, fewest: int) -> Flags:
    """Only the runs of at least so many frames."""
    kept = np.zeros_like(flags)
    for start, end, value in runs(flags):
        kept[start:end] = bool(value) and end - start >= fewest
    return kept


def _bridged(flags: Flags, most: int) -> Flags:
    """With the pauses of at most so many frames between two runs filled."""
    filled = flags.copy()
    for start, end, value in runs(flags):
        if not value and start > 0 and end < len(flags) and end - start <= most:
            filled[start:end] = True
    return filled


def _spread(flags: Flags, by: int) -> Flags:
    """Each run longer by so many frames at both ends."""
    grown = flags.copy()
    for start, end, value in runs(flags):
        if value:
            grown[max(0, start - by) : end + by] = True
    return grown


def _shortened(flags: Flags, by: int) -> Flags:
    """Each run shorter by so many frames at both ends, but not where the recording ends."""
    left = flags.copy()
    for start, end, value in runs(flags):
        if value and start > 0:
            left[start : start + by] = False
        if value and end < len(flags):
            left[end - by : end] = False
    return left


def seconds_of(kind: Kind, channels: Sequence[Sequence[Span]]) -> float:
    """How long at least one channel is of a kind."""
    return sum(end - start for start, end in union(kind, channels))


def union(kind: Kind, channels: Sequence[Sequence[Span]]) -> list[tuple[float, float]]:
    """The stretches at which at least one channel is of a kind, in order and disjoint."""
    wanted = sorted(
        (span.start_s, span.end_s) for spans in channels for span in spans if span.kind is kind
    )
    joined: list[tuple[float, float]] = []
    for start, end in wanted:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
