"""Messages to measure with: lengths log-normal, as customers' messages are."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests" / "model_image"
DATA = Path(__file__).parents[3] / "shared" / "data"
CORPORA = (
    "fi_sentiment_finnsentiment.train",
    "en_intent_banking77.train",
    "sv_intent_massive.train",
    "fi_intent_massive.train",
)
LINES = 3000  # of each corpus
# Characters of a message. Median 28, mean 45 and 99th percentile 269 tokens of an XLM-R, whose
# tokens are about four characters here.
MEDIAN_CHARS, SIGMA, MOST_CHARS = 112, 0.97, 2000


def lines() -> tuple[list[str], str]:
    """(sentences, where they are from): corpora of OIVALLUS_DATA, else the tests' own."""
    root = Path(os.environ.get("OIVALLUS_DATA", DATA))
    found: list[str] = []
    for name in CORPORA:
        path = root / f"{name}.jsonl.gz"
        if path.exists():
            with gzip.open(path, "rt", encoding="utf-8") as opened:
                found += [json.loads(line)["text"] for line in islice(opened, LINES)]
    if found:
        return found, "sentences of the corpora in OIVALLUS_DATA"
    own = (TESTS / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in own], "sentences of the tests' invented messages"


def messages(sentences: Sequence[str], count: int, seed: int = 7) -> list[str]:
    """Sentences joined and cut to drawn lengths."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        size = min(MOST_CHARS, max(3, round(MEDIAN_CHARS * draw.lognormvariate(0, SIGMA))))
        text = ""
        while len(text) < size:
            text += " " + draw.choice(sentences)
        made.append(text[1 : size + 1].strip())
    return made


def quantiles(values: Sequence[int]) -> str:
    """Median, mean, 90th and 99th percentile and most."""
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.9, 0.99)]
    mean = sum(ordered) / len(ordered)
    return f"median {at[0]}, mean {mean:.1f}, p90 {at[1]}, p99 {at[2]}, max {ordered[-1]}"
