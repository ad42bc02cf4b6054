"""Is the talk of synthetic voices taken for talk? Needs espeak-ng; no part of the tests.

python -m tests.model_image.speech.voices
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections import Counter
from itertools import product

import numpy as np
import soundfile

from model_image.speech import activity
from model_image.speech.resample import to_16k

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


def main() -> None:
    """Print the seconds of each kind, over all voices, in telephone sound."""
    espeak = shutil.which("espeak-ng")
    if espeak is None:
        raise SystemExit("espeak-ng is not installed")
    rng = np.random.default_rng(1)
    total: Counter[str] = Counter()
    for language, voice, speed in product(SENTENCES, VOICES, WORDS_PER_MINUTE):
        order = [espeak, "-v", language + voice, "-s", str(speed), "--stdout", SENTENCES[language]]
        raw = subprocess.run(order, capture_output=True, check=True).stdout
        said, rate = soundfile.read(io.BytesIO(raw), dtype="float32")
        held = io.BytesIO()
        telephone = to_16k(said, rate)[::2]
        noisy = telephone + 1e-4 * rng.standard_normal(len(telephone))
        soundfile.write(held, noisy, 8000, format="WAV", subtype="ULAW")
        heard, _ = soundfile.read(io.BytesIO(held.getvalue()), dtype="float32")
        for span in activity.spans(to_16k(heard, 8000)):
            total[span.kind.name.lower()] += span.seconds  # type: ignore[assignment]
    voices = len(SENTENCES) * len(VOICES) * len(WORDS_PER_MINUTE)
    told = ", ".join(
        f"{total[kind.name.lower()]:.1f} s {kind.name.lower()}" for kind in activity.Kind
    )
    print(f"{voices} voices: {told}")


if __name__ == "__main__":
    main()
