"""Macro-F1 of themes, sentiment, demand and effort, compact backend, on the labelled messages.

    python -m tests.model_image.evaluate_labelled [--resamples 1000] [--confusion]

Texts are redacted first, as in use, and each organisation's messages meet its own themes. The
intervals are 95 % percentile bootstrap intervals over messages (Efron 1979). A macro-F1 is the
mean over the classes that a group holds; themes are classes of their organisation. A message
with several themes is right when the best theme is one of them; 'none' is right when no theme is
told. Demand is judged as failure or not, since p_failure is all that the model tells. The rows
are those of docs/annotation.md; "mixed" are messages of two languages, which "all" leaves out.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chalicelib import privacy
from model_image import wire
from model_image.backends.compact import Compact
from tests.model_image.labelled import Message, messages, mixed, organisations

SENTIMENTS = ("negative", "neutral", "positive")
TASKS = ("themes", "sentiment", "demand", "effort")
SEED = 7

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """A message with what the model said of it."""

    message: Message
    theme: str  # the best, "none" when unsure
    themes: tuple[str, ...]
    sentiment: str
    p_failure: float
    effort: str


@dataclass(frozen=True, slots=True)
class Score:
    """A macro-F1, 0..1, with its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]".replace("0.", ".")


def judge(model: Compact, labelled: Sequence[Message]) -> list[Judged]:
    """Each message as the backend understands it, by organisation."""
    judged: list[Judged] = []
    for name, organisation in organisations().items():
        own = [message for message in labelled if message.organisation == name]
        redact = privacy.redactor(organisation.redact)
        texts = [
            {"id": str(i), "text": redact(message.text), "language": None}
            for i, message in enumerate(own)
        ]
        body = {"schema": wire.REQUEST_SCHEMA, "taxonomy": organisation.taxonomy, "texts": texts}
        request = wire.read(json.dumps(body).encode())
        results = model.understand(request.texts, request.taxonomy)
        judged += [_judged(*pair) for pair in zip(own, results, strict=True)]
    return judged


def _judged(message: Message, result: wire.Result) -> Judged:
    themes = tuple(theme for theme, _ in result.themes)
    feeling = SENTIMENTS[int(np.argmax(result.sentiment))]
    best = themes[0] if themes else "none"
    return Judged(message, best, themes, feeling, result.p_failure, result.effort[0])


def pairs(task: str, judged: Sequence[Judged]) -> list[tuple[str, str]]:
    """(true, told) classes of one of TASKS."""
    if task == "sentiment":
        return [(one.message.sentiment, one.sentiment) for one in judged]
    if task == "effort":
        return [(one.message.effort, one.effort) for one in judged]
    if task == "demand":
        return [
            (_failure(one.message.demand == "failure"), _failure(one.p_failure > 0.5))
            for one in judged
        ]
    found = []
    for one in judged:
        wanted = one.message.themes or ("none",)
        true = one.theme if one.theme in wanted else wanted[0]
        where = one.message.organisation
        found.append((f"{where}/{true}", f"{where}/{one.theme}"))
    return found


def _failure(is_one: bool) -> str:
    return "failure" if is_one else "not failure"


def macro_f1(told: Sequence[tuple[str, str]], resamples: int = 1000) -> Score:
    """Mean F1 of the classes that are true somewhere. Raises ValueError without pairs."""
    if not told:
        raise ValueError("macro-F1 of no messages; choose a group that holds some")
    names = sorted({name for pair in told for name in pair})
    place = {name: index for index, name in enumerate(names)}
    true = np.array([place[a] for a, _ in told])
    said = np.array([place[b] for _, b in told])
    chance = np.random.default_rng(SEED)
    sampled = []
    for _ in range(resamples):
        pick = chance.integers(0, len(told), len(told))
        sampled.append(_macro(true[pick], said[pick], len(names)))
    low, high = np.quantile(sampled, (0.025, 0.975)) if sampled else (np.nan, np.nan)
    return Score(_macro(true, said, len(names)), float(low), float(high))


def _macro(true: Ints, said: Ints, classes: int) -> float:
    hits = np.bincount(true[true == said], minlength=classes)
    wanted = np.bincount(true, minlength=classes)
    given = np.bincount(said, minlength=classes)
    held = wanted > 0
    return float((2 * hits[held] / (wanted[held] + given[held])).mean())


def groups(judged: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    """The whole, then its parts by split, language, style, channel and organisation."""
    yield "all", list(judged)
    for key in ("split", "language", "style", "channel", "organisation"):
        for value in sorted({getattr(one.message, key) for one in judged}):
            yield f"{key} {value}", [one for one in judged if getattr(one.message, key) == value]


def row(name: str, part: Sequence[Judged], resamples: int = 1000) -> str:
    """A group's line: its size and the macro-F1 of TASKS with intervals."""
    scores = [str(macro_f1(pairs(task, part), resamples)) for task in TASKS]
    return f"| {name} | {len(part)} | " + " | ".join(scores) + " |"


def abstention(judged: Sequence[Judged]) -> str:
    """How often a theme is told, and how often it is right when told."""
    themed = [one for one in judged if one.message.themes]
    said = [one for one in themed if one.themes]
    right = sum(one.theme in one.message.themes for one in said)
    near = sum(bool(set(one.themes) & set(one.message.themes)) for one in said)
    silent = [one for one in judged if not one.message.themes]
    alarm = sum(bool(one.themes) for one in silent)
    return (
        f"themes: told for {len(said)} of {len(themed)} that have one, the best is right for "
        f"{right}, one of those told for {near}; told for {alarm} of {len(silent)} that have none"
    )


def confusion(told: Sequence[tuple[str, str]]) -> Iterator[str]:
    """true -> told, with counts; for themes the 25 commonest errors."""
    counts = Counter(told)
    names = sorted({name for pair in told for name in pair})
    if len(names) > 4:
        wrong = [(count, pair) for pair, count in counts.items() if pair[0] != pair[1]]
        for count, (true, said) in sorted(wrong, reverse=True)[:25]:
            yield f"  {count:3d}  {true} -> {said.split('/')[-1]}"
        return
    yield f"  {'true, told':>14s}" + "".join(f"{name:>14s}" for name in names)
    for true in names:
        cells = "".join(f"{counts[true, said]:14d}" for said in names)
        yield f"  {true:>14s}{cells}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--confusion", action="store_true")
    chosen = parser.parse_args()
    model = Compact.load()
    judged = judge(model, messages())
    print(f"{model.model}, macro-F1 [95 % interval]\n\n| | n | {' | '.join(TASKS)} |")
    print("|---|---:|" + "---|" * len(TASKS))
    for name, part in (*groups(judged), ("mixed", judge(model, mixed()))):
        print(row(name, part, chosen.resamples))
    print()
    print(abstention(judged))
    kinds = Counter((one.message.demand, one.p_failure > 0.5) for one in judged)
    for demand in ("failure", "value", "none"):
        called, rest = kinds[demand, True], kinds[demand, False]
        print(f"demand {demand}: called failure {called} of {called + rest}")
    if chosen.confusion:
        for task in ("sentiment", "demand", "effort", "themes"):
            print(task)
            for line in confusion(pairs(task, judged)):
                print(line)


if __name__ == "__main__":
    main()
