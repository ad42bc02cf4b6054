"""Is talk taken for talk, and hold music for music? A measurement, and no part of the tests.

    python -m tests.model_image.speech.voices [--prompts DIR]... [--music DIR]

Synthetic voices need espeak-ng. `--prompts` are directories of recorded voices (WAV), `--music` one
of hold music: Debian's asterisk-core-sounds-en-wav (fr, ru) and asterisk-moh-opsound-wav have both.
Prompts are laid between pauses, over noise as loud as told. Told are the share of frames within 35
dB of the loudest that are taken for talk, and that of the pauses which are not taken for silence.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from model_image.speech import activity
from model_image.speech.activity import HOP_S, Kind
from model_image.speech.resample import RATE_HZ, Samples, to_16k

SENTENCES = {
    "fi": "Tilasin teiltä sohvan kolme viikkoa sitten, eikä se ole vieläkään tullut. Soitin jo "
    "viime viikolla, ja silloin luvattiin soittaa takaisin. Kukaan ei ole soittanut.",
    "en": "I ordered a sofa from you three weeks ago and it has still not arrived. I called last "
    "week, and somebody promised to call me back. Nobody has.",
    "sv": "Jag beställde en soffa av er för tre veckor sedan, och den har fortfarande inte kommit. "
    "Jag ringde redan förra veckan, och ni lovade ringa tillbaka. Ingen har ringt.",
}
VOICES = ("", "+f2", "+m3", "+f4")
WORDS_PER_MINUTE = (130, 170, 210)
PROMPTS = 40  # of a directory
PROMPT_S = (2, 20)  # shorter ones are beeps
NOISES_DB = (None, 15, 5, 0)  # under the talk
EDGE_S = 0.3  # around a word, where it may begin and end

Kinds = NDArray[np.int64]


def kinds(samples: Samples) -> Kinds:
    """(hops,) the Kind of each 16 ms."""
    told = np.zeros(-(-len(samples) // round(HOP_S * RATE_HZ)), np.int64)
    for span in activity.spans(samples):
        told[round(span.start_s / HOP_S) : round(span.end_s / HOP_S)] = span.kind
    return told


def shares(told: Kinds) -> str:
    return ", ".join(f"{kind.name.lower()} {np.mean(told == kind):.3f}" for kind in Kind)


def synthetic() -> list[Samples]:
    """The sentences by espeak-ng's voices, in telephone sound."""
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        return []
    rng = np.random.default_rng(1)
    made = []
    for language, voice, speed in product(SENTENCES, VOICES, WORDS_PER_MINUTE):
        order = [espeak, "-v", language + voice, "-s", str(speed), "--stdout", SENTENCES[language]]
        raw = subprocess.run(order, capture_output=True, check=True).stdout
        said, rate = soundfile.read(io.BytesIO(raw), dtype="float32")
        telephone = to_16k(said, rate)[::2]
        held = io.BytesIO()
        noisy = telephone + 1e-4 * rng.standard_normal(len(telephone))
        soundfile.write(held, noisy, 8000, format="WAV", subtype="ULAW")
        heard, _ = soundfile.read(io.BytesIO(held.getvalue()), dtype="float32")
        made.append(to_16k(heard, 8000))
    return made


def recorded(path: Path) -> Samples:
    """A file at 16 kHz, as loud as any other."""
    sound, rate = soundfile.read(path, dtype="float32")
    samples = to_16k(sound, rate)
    return np.asarray(0.3 * samples / max(np.abs(samples).max(), 1e-6), np.float32)


def prompts(folder: Path, rng: np.random.Generator) -> list[Path]:
    """Some voices of a directory; Asterisk's `silence` and shrieking `monkeys` are none."""
    found = [
        path
        for path in sorted(folder.rglob("*.wav"))
        if PROMPT_S[0] < soundfile.info(path).duration < PROMPT_S[1]
        and "silence" not in path.parts
        and "monkeys" not in path.name
    ]
    return [found[i] for i in rng.permutation(len(found))[:PROMPTS]]


def call(paths: list[Path], noise_db: float | None, rng: np.random.Generator) -> str:
    """What is told of prompts between pauses of 0.7 to 3 s."""
    parts = []
    for path in paths:
        parts += [recorded(path), np.zeros(round(rng.uniform(0.7, 3) * RATE_HZ), np.float32)]
    clean = np.concatenate(parts)
    level = activity.measure(clean).level_db
    talk = level > level.max() - 35
    edge = round(EDGE_S / HOP_S)
    near = np.convolve(level > -70, np.ones(2 * edge + 1), "same") > 0.5
    noise = 1e-4 * rng.standard_normal(len(clean))
    if noise_db is not None:
        noise = pink(len(clean), rng) * clean[clean != 0].std() * 10 ** (-noise_db / 20)
    told = kinds((clean + noise).astype(np.float32))
    kept, lost = np.mean(told[talk] == Kind.SPEECH), np.mean(told[~near] != Kind.SILENCE)
    noisy = "a quiet line" if noise_db is None else f"noise {noise_db} dB under"
    return f"{noisy}: {len(clean) / RATE_HZ:.0f} s, talk kept {kept:.3f}, pauses lost {lost:.3f}"


def pink(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that falls by 3 dB an octave, of deviation 1."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20))
    sound = np.fft.irfft(spectrum, size)
    return np.asarray(sound / sound.std())


def main() -> None:
    """Print what is told of each kind of sound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prompts", type=Path, action="append", default=[])
    parser.add_argument("--music", type=Path)
    chosen = parser.parse_args()
    if made := synthetic():
        print(
            f"{len(made)} synthetic voices: {shares(np.concatenate([kinds(one) for one in made]))}"
        )
    for folder in chosen.prompts:
        paths = prompts(folder, np.random.default_rng(3))
        for noise_db in NOISES_DB:
            print(f"{folder.name}: {call(paths, noise_db, np.random.default_rng(3))}")
    for path in sorted(chosen.music.rglob("*.wav")) if chosen.music else []:
        print(f"{path.name}: {shares(kinds(recorded(path)))}")


if __name__ == "__main__":
    main()
