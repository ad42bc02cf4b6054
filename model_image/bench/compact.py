"""Messages a second on one core, each stage beside floors measured in the same run.

    python -m model_image.bench [--texts 3000] [--rounds 5]

Texts are drawn from the tests' own invented messages, so nothing of the corpora is needed. Every
figure is process CPU time, the median of rounds in which the stages take turns.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from model_image import wire
from model_image.backends.compact import Compact
from model_image.features import lay_out
from model_image.linear import read_features

TESTS = Path(__file__).parents[2] / "tests" / "model_image"


def request_body(texts: int, seed: int = 7) -> tuple[bytes, list[str]]:
    """A request of invented messages with the furniture store's 24 themes."""
    lines = (TESTS / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line)["text"] for line in lines]
    taxonomy = json.loads((TESTS / "taxonomy.json").read_text(encoding="utf-8"))
    chosen = random.Random(seed).choices(messages, k=texts)
    body: dict[str, Any] = {
        "schema": wire.REQUEST_SCHEMA,
        "taxonomy": taxonomy,
        "texts": [{"id": str(i), "text": text} for i, text in enumerate(chosen)],
    }
    return json.dumps(body, ensure_ascii=False).encode(), chosen


def start_up_s() -> float:
    """Wall seconds from starting Python to a warm model."""
    code = "from model_image import backends; backends.load('compact').warm_up()"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 our own code
    return time.perf_counter() - began


def measure(stages: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """CPU seconds of each stage."""
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds):
        for name, stage in stages.items():
            began = time.process_time()
            stage()
            taken[name].append(time.process_time() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="model_image.bench", description=__doc__)
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    body, texts = request_body(chosen.texts)
    model = Compact.load()
    model.warm_up()
    request = wire.read(body)
    results = model.understand(request.texts, request.taxonomy)
    batches = [texts[i : i + 400] for i in range(0, len(texts), 400)]
    one = [(wire.read(request_body(1, seed)[0])) for seed in range(200)]
    stages: dict[str, Callable[[], object]] = {
        "floor: json.loads of the body": lambda: json.loads(body),
        "floor: lower, split, hash() of words": lambda: [
            [hash(word) for word in text.lower().split()] for text in texts
        ],
        "lay out (normalise, hash)": lambda: [lay_out(batch) for batch in batches],
        "lay out and n-grams": lambda: [read_features(lay_out(batch)) for batch in batches],
        "understand": lambda: model.understand(request.texts, request.taxonomy),
        "read, understand, write": lambda: wire.write(
            model.model, request, model.understand((r := wire.read(body)).texts, r.taxonomy)
        ),
        "write": lambda: wire.write(model.model, request, results),
    }
    seconds = measure(stages, chosen.rounds)
    lone = measure(
        {"lone": lambda: [model.understand(r.texts, r.taxonomy) for r in one]}, chosen.rounds
    )["lone"] / len(one)
    floor = (
        seconds["floor: json.loads of the body"] + seconds["floor: lower, split, hash() of words"]
    )
    chars = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} texts of {chars:.0f} characters on average, 24 themes, one core")
    print("| stage | µs/text | texts/s | of both floors |\n|---|---:|---:|---:|")
    for name, taken in seconds.items():
        each = taken / len(texts)
        print(f"| {name} | {each * 1e6:.1f} | {1 / each:,.0f} | {taken / floor:.1f}x |")
    print(f"| a lone text | {lone * 1e6:.0f} | {1 / lone:,.0f} | |")
    print(f"Start-up (new process to warm model): {start_up_s():.2f} s")
