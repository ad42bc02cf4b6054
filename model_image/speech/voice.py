"""Samples of one channel -> where somebody talks, whatever the language, the noise or the music.

Silero VAD (Silero Team, MIT, https://github.com/snakers4/silero-vad) judges frames of 32 ms, each
knowing those before it. Its weights are in its wheel, and it runs on the CPU beside the model.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from model_image.speech.resample import Samples

LEAST_S = 0.1  # a shorter sound is a click
PAUSE_S = 0.3  # a shorter one is part of the talk
PAD_S = 0.16  # consonants begin and end below the threshold


def talk(samples: Samples) -> list[tuple[int, int]]:
    """(first sample, one past the last) of each stretch of talk at 16 kHz, in order and apart."""
    stretches, detector = _library()
    found = stretches(
        samples,
        detector,
        min_speech_duration_ms=round(LEAST_S * 1000),
        min_silence_duration_ms=round(PAUSE_S * 1000),
        speech_pad_ms=round(PAD_S * 1000),
    )
    return [(one["start"], one["end"]) for one in found]


def probabilities(samples: Samples) -> Samples:
    """(frames of 32 ms,) how likely somebody talks, 0..1."""
    _, detector = _library()
    told: Samples = detector.audio_forward(samples)
    return told


@cache
def _library() -> tuple[Any, Any]:
    """Its function and its model, which any thread may use."""
    threads = torch.get_num_threads()
    # Importing it sets the whole process to one thread.
    from silero_vad import load_silero_vad
    from silero_vad.sequence_vad import (
        get_speech_timestamps_sequence,
    )

    torch.set_num_threads(threads)
    return get_speech_timestamps_sequence, load_silero_vad(sequence=True)
