"""Sounds with a known truth: synthetic talk, hold music, ringing and a line's noise.

fi.opus, en.opus and sv.opus are invented sentences (`voices.py`) by three voices of espeak-ng, with
no pause of more than 80 ms, so that all of them is talk.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float32]
RATE = 8000


def silence(seconds: float, rng: np.random.Generator, level: float = 1e-4) -> Sound:
    """A quiet line: noise 80 dB under full scale."""
    return (level * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def voice(seconds: float, rng: np.random.Generator, language: str = "fi") -> Sound:
    """Talk without an end, from any word on."""
    said = _read(language)
    return np.resize(np.roll(said, rng.integers(len(said))), round(seconds * RATE))


@cache
def _read(language: str) -> Sound:
    said, rate = soundfile.read(Path(__file__).with_name(f"{language}.opus"), dtype="float32")
    assert rate == RATE
    return _scaled(said, 0.2)


def music(seconds: float, rng: np.random.Generator, note_s: float = 0.4) -> Sound:
    """Chords with overtones over a bass, one after another without a pause."""
    made = np.zeros(round(seconds * RATE), np.float32)
    for start in range(0, len(made), round(note_s * RATE)):
        t = np.arange(min(round(note_s * RATE), len(made) - start)) / RATE
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        chord = sum(
            np.sin(2 * np.pi * root * step * harmonic * t + rng.uniform(0, 6)) / harmonic
            for step in (0.5, 1, 1.26, 1.5)
            for harmonic in range(1, 6)
            if root * step * harmonic < 3600
        )
        made[start : start + len(t)] = chord * np.exp(-t / (2 * note_s))
    return _scaled(made, 0.15)


def _scaled(sound: Sound, peak: float) -> Sound:
    scaled: Sound = (peak * sound / np.abs(sound).max()).astype(np.float32)
    return scaled


def ringing(
    seconds: float, hz: tuple[float, ...] = (425,), on_s: float = 1.0, off_s: float = 4.0
) -> Sound:
    """A ringing tone: 425 Hz, a second of five, is the one of Europe (ETSI)."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * f * t) for f in hz) / len(hz)
    return (0.15 * tone * (t % (on_s + off_s) < on_s)).astype(np.float32)


def line(*parts: Sound, rng: np.random.Generator) -> Sound:
    """The parts after each other over a line's noise."""
    whole = np.concatenate(parts)
    return (whole + 1e-4 * rng.standard_normal(len(whole))).astype(np.float32)


def encoded(
    *channels: Sound, form: str = "WAV", subtype: str | None = "ULAW", rate: int = RATE
) -> bytes:
    """The channels as a file."""
    held = io.BytesIO()
    soundfile.write(held, np.stack(channels, axis=1), rate, format=form, subtype=subtype)
    return held.getvalue()
