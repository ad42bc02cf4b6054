"""How much faster than the call itself is each step, beside floors measured in the same run.

    python -m model_image.speech.bench [--minutes 10] [--rounds 5] [--shape small] [--windows 2]

A synthesized call in two channels of 8 kHz mu-law; process CPU time of one thread, the median of
rounds in which the steps take turns. The model is one of random weights in the shape of a published
one, so its cost is real and its words are not: every window is decoded to `--tokens` tokens, which
is what half a minute of talk takes. On a GPU the model's time is wall time.
"""

from __future__ import annotations

import os

# One core is what is measured; libraries read this when they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import torch

from model_image.speech import activity, audio, voice
from model_image.speech.resample import RATE_HZ, Samples, to_16k
from model_image.speech.windows import WINDOW_S, pack
from tests.model_image.speech import sounds

#: width, encoder layers, decoder layers, mel bands: openai/whisper-*, config.json of each.
SHAPES = {
    "tiny": (384, 4, 4, 80),
    "base": (512, 6, 6, 80),
    "small": (768, 12, 12, 80),
    "large-v3-turbo": (1280, 32, 4, 128),
    "large-v3": (1280, 32, 32, 128),
}
CALL_HZ = sounds.RATE
TURN_S = 9.0


@dataclass(frozen=True)
class Step:
    """One row of the table: seconds of work for a call, and the floor's."""

    name: str
    work: Callable[[], object]
    floor: str
    least: Callable[[], object]


def call(minutes: float, seed: int = 5) -> Samples:
    """Two people in turns of nine seconds, a channel for each."""
    rng = np.random.default_rng(seed)
    made = np.zeros((2, round(minutes * 60 * CALL_HZ)), np.float32)
    size = round(TURN_S * CALL_HZ)
    for number, start in enumerate(range(0, made.shape[1], size)):
        said = sounds.voice(TURN_S, rng, ("fi", "en")[number % 2])
        made[number % 2, start : start + size] = said[: made.shape[1] - start]
    return np.asarray(made + 1e-4 * rng.standard_normal(made.shape), np.float32)


def steps(samples: Samples) -> list[Step]:
    """Reading with its resampling and voice activity, each with what cannot be avoided."""
    held = io.BytesIO()
    soundfile.write(held, samples.T, CALL_HZ, format="WAV", subtype="ULAW")
    body = held.getvalue()
    wide = [to_16k(channel, CALL_HZ) for channel in samples]
    return [
        Step(
            "read at 16 kHz (mu-law, 2 channels)",
            lambda: audio.read(body, "audio/wav", {}),
            "copy of the samples at 16 kHz",
            lambda: [one.copy() for one in wide],
        ),
        Step(
            "voice activity",
            lambda: [activity.spans(channel) for channel in wide],
            "the detector's network alone",
            lambda: [voice.probabilities(channel) for channel in wide],
        ),
    ]


def measure(found: list[Step], rounds: int) -> list[tuple[Step, float, float]]:
    """Median CPU seconds of each step and of its floor."""
    taken: list[tuple[list[float], list[float]]] = [([], []) for _ in found]
    for _ in range(rounds):
        for step, (work, least) in zip(found, taken, strict=True):
            for action, times in ((step.work, work), (step.least, least)):
                began = time.process_time()
                action()
                times.append(time.process_time() - began)
    return [
        (step, statistics.median(work), statistics.median(least))
        for step, (work, least) in zip(found, taken, strict=True)
    ]


def random_model(shape: str, tokens: int, batch: int) -> Any:
    """A Whisper of this shape whose decoding never ends by itself."""
    from tokenizers import Tokenizer, models
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )
    from transformers.utils import logging

    from model_image.speech.whisper import Whisper

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    width, encoder, decoder, mels = SHAPES[shape]
    config = WhisperConfig(
        vocab_size=51_866,
        num_mel_bins=mels,
        d_model=width,
        encoder_layers=encoder,
        decoder_layers=decoder,
        encoder_attention_heads=width // 64,
        decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )
    gpu = torch.cuda.is_available()
    net: Any = WhisperForConditionalGeneration(config)
    net = net.to("cuda", torch.float16) if gpu else net
    told = GenerationConfig(  # type: ignore[no-untyped-call]
        decoder_start_token_id=50_258,
        eos_token_id=50_257,
        pad_token_id=50_257,
        no_timestamps_token_id=50_364,
        min_new_tokens=tokens,
        max_new_tokens=tokens,
        is_multilingual=False,
        do_sample=False,
        num_beams=1,
    )
    features: Any = WhisperFeatureExtractor(feature_size=mels)  # type: ignore[no-untyped-call]
    return Whisper(shape, net.eval(), features, Tokenizer(models.BPE()), told, batch)


def model_rows(shape: str, tokens: int, windows: int) -> list[tuple[str, float]]:
    """Seconds a window for features, encoder, all of it, and the encoder's multiplications."""
    model = random_model(shape, tokens, windows)
    rng = np.random.default_rng(1)
    full = [0.1 * rng.standard_normal(round(WINDOW_S * RATE_HZ)) for _ in range(windows)]
    heard = next(model._batches(full))
    products = _products(shape, windows, heard)
    rows = []
    with torch.inference_mode():
        for name, action in (
            ("log-mel features", lambda: list(model._batches(full))),
            ("encoder", lambda: model.net.model.encoder(heard)),
            ("features, encoder, decoder", lambda: model._decoded(heard, ["en"] * windows)),
            ("floor: the encoder's matrix products", products),
        ):
            action()
            rows.append((name, _timed(action) / windows))
    rows[2] = (rows[2][0], rows[2][1] + rows[0][1])
    return rows


def _products(shape: str, windows: int, like: Any) -> Callable[[], object]:
    """What the encoder's layers multiply: 12 width² a position and layer, in one shape.

    Of random numbers: a GPU multiplies zeros faster.
    """
    width, layers, _, _ = SHAPES[shape]
    one = torch.randn(windows * 1500, width, dtype=like.dtype, device=like.device)
    weight = torch.randn(width, 4 * width, dtype=like.dtype, device=like.device)
    return lambda: [torch.mm(one, weight) for _ in range(3 * layers)]


def _timed(action: Callable[[], object]) -> float:
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    times = []
    for _ in range(3):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        began = clock()
        action()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(clock() - began)
    return statistics.median(times)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="tiny")
    parser.add_argument("--tokens", type=int, default=110)
    parser.add_argument("--windows", type=int, default=2)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    samples = call(chosen.minutes)
    seconds = samples.shape[1] / CALL_HZ
    print(f"a call of {chosen.minutes:g} minutes in two channels, CPU of one thread")
    print("| step | ms a minute of call | times real time | floor | ms |")
    print("|---|---:|---:|---|---:|")
    for step, work, least in measure(steps(samples), chosen.rounds):
        print(
            f"| {step.name} | {work / seconds * 60e3:.1f} | {seconds / work:,.0f} "
            f"| {step.floor} | {least / seconds * 60e3:.1f} |"
        )
    wide = [to_16k(channel, CALL_HZ) for channel in samples]
    packed = [
        window
        for number, channel in enumerate(wide)
        for window in pack(number, channel, activity.spans(channel))
    ]
    print(f"\n{len(packed)} windows for {seconds:.0f} s of call in two channels")
    device = "GPU, wall" if torch.cuda.is_available() else "CPU of one thread"
    print(f"\n{chosen.shape}, {chosen.tokens} tokens a window, {chosen.windows} at once, {device}")
    print("| step | s a window of 30 s | times real time |")
    print("|---|---:|---:|")
    for name, taken in model_rows(chosen.shape, chosen.tokens, chosen.windows):
        print(f"| {name} | {taken:.4f} | {WINDOW_S / taken:,.1f} |")


if __name__ == "__main__":
    main()
