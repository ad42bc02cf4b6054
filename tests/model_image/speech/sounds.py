"""Sounds with a known truth: what resembles speech, hold music, ringing and a line's noise.

The voice is a source and a filter: a buzz of wandering pitch through three formants that move from
vowel to vowel, hissing consonants between, pauses between words and sentences. No word is in it.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float32]
RATE = 8000

_VOWELS = (
    (700, 1150, 2500),
    (300, 2250, 3000),
    (320, 750, 2300),
    (450, 1900, 2500),
    (500, 900, 2450),
)


def silence(seconds: float, rng: np.random.Generator, level: float = 1e-4) -> Sound:
    """A quiet line: noise 80 dB under full scale."""
    return (level * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def voice(seconds: float, rng: np.random.Generator, pitch_hz: float = 120) -> Sound:
    """What has the rhythm, pitch and spectrum of somebody who talks."""
    parts: list[Sound] = []
    length = 0.0
    word = 0
    while length < seconds:
        part = _syllable(rng, pitch_hz * rng.uniform(0.85, 1.25))
        word += 1
        if word % 4 == 0:  # between words now and then, and longer between sentences
            pause = rng.uniform(0.05, 0.12) if word % 12 else rng.uniform(0.25, 0.45)
            part = np.concatenate([part, np.zeros(round(pause * RATE), np.float32)])
        parts.append(part)
        length += len(part) / RATE
    said = np.concatenate(parts)[: round(seconds * RATE)]
    return _scaled(said, 0.2)


def _syllable(rng: np.random.Generator, pitch_hz: float) -> Sound:
    seconds = rng.uniform(0.12, 0.28)
    t = np.arange(round(seconds * RATE)) / RATE
    glide = pitch_hz * (1 + rng.uniform(-0.25, 0.25) * t / seconds)
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    first, last = (np.array(_VOWELS[rng.integers(len(_VOWELS))]) for _ in range(2))
    made = np.zeros_like(t)
    for harmonic in range(1, int(3600 / (pitch_hz * 1.3)) + 1):
        hz = harmonic * glide
        gain = sum(
            weight / (1 + ((hz - (a + (b - a) * t / seconds)) / width) ** 2)
            for a, b, width, weight in zip(first, last, (90, 120, 180), (1, 0.5, 0.25), strict=True)
        )
        made += gain * np.sin(harmonic * phase)
    made *= np.sin(np.pi * np.clip(t / seconds, 0, 1)) ** 0.5
    hiss = np.diff(rng.standard_normal(round(rng.uniform(0.03, 0.09) * RATE) + 1))
    return np.concatenate([0.15 * hiss, made]).astype(np.float32)


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
