"""Samples of one channel -> where somebody talks, and where it is music, ringing or silence.

Talk is `voice.py`'s to find. What is left are frames of 32 ms, two to a window, judged by the
telephone's band, 190-3800 Hz:

    active   the level is above the line's noise, and within 40 dB of the channel's loud frames
    ringing  two narrow peaks that do not move hold nearly all energy, for 0.3 s and more: also busy
             tones and keys
    music    for four seconds and more the spectrum stays like itself over 64 ms, more than that of
             noise does

The measure of music is the spectral flux of Scheirer and Slaney (1997), turned round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from model_image.speech.resample import RATE_HZ, Samples
from model_image.speech.voice import talk

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
MUSIC_ACTIVE = 0.5  # of a window; pauses between notes are short
MUSIC_LIKENESS = 0.81  # median cosine of a window's active frames; of noise 0.78-0.80
MUSIC_S = 4.0
MUSIC_PAUSE_S = 0.8  # a shorter one is part of the music
_LAG = 4  # frames

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
    frames = measure(samples)
    talking = np.zeros(len(frames.level_db), bool)
    for start, end in talk(samples):
        talking[start // _HOP : -(-end // _HOP)] = True
    kinds = classify(frames, talking)
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


def classify(frames: Frames, talking: Flags) -> NDArray[np.uint8]:
    """The Kind of each frame. A word over music is a word."""
    active = active_frames(frames.level_db) & ~talking
    ringing, music = _sorted_out(
        tone_frames(frames) & active, music_frames(frames, active), round(TONE_S / HOP_S)
    )
    kinds = np.full(len(active), Kind.SILENCE, np.uint8)
    kinds[music] = Kind.MUSIC
    kinds[ringing] = Kind.RINGING
    kinds[talking] = Kind.SPEECH
    return kinds


def active_frames(level_db: Levels) -> Flags:
    """Frames loud enough to be somebody or something on the line."""
    noise = float(np.percentile(level_db, 10))
    loud = float(np.percentile(level_db, 98))
    # Music without an end has no noise to measure.
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
    """Frames of music: windows of two seconds that sound like it, for four seconds and more."""
    width = round(MUSIC_WINDOW_S / HOP_S)
    found = np.zeros(len(active), bool)
    for start in range(0, len(active) - width + 1, width // 8):
        part = slice(start, start + width)
        heard = active[part]
        if heard.mean() >= MUSIC_ACTIVE:
            found[part] |= np.median(frames.likeness[part][heard]) > MUSIC_LIKENESS
    found = _bridged(found & active, round(MUSIC_PAUSE_S / HOP_S))
    return _held(found, round(MUSIC_S / HOP_S))


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
