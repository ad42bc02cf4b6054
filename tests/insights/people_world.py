"""Four weeks in which effort, persona, channel and answering depend on nothing: every claim is
false. Planted differences are added by the caller."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np

from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Summary
from tests.insights.worlds import MEANS

WEEK = IsoWeek(date(2026, 11, 16))
TOUCHPOINTS = [f"p{number}" for number in range(8)]
CHANNELS = ("chat", "email", "voice")
PERSONAS = {"firms": 0.1, "new": 0.25, "club": 0.4}
EFFORT = (0.25, 0.2, 0.1)  # low, medium, high; of the rest nothing is told
TONES = (0.35, 0.4, 0.25)
STEPS = (0.1, 0.15, 0.1, 0.15, 0.1)  # inferred satisfaction 1-5; of the rest nothing is told
FAILURE, ANSWERED = 0.3, 0.12


def four_weeks(rng: np.random.Generator, busy: float = 1.0) -> Summary:
    """About 5,200 contacts of thirty themes, each at two touchpoints."""
    cells: dict[Cell, Counter[str]] = {}
    for number, mean in enumerate(MEANS):
        for place in (number % 8, (number + 3) % 8):
            for channel in CHANNELS:
                for demand, share in (("failure", FAILURE), ("value", 1 - FAILURE)):
                    n = int(rng.poisson(busy * 4 * mean * share / 2 / len(CHANNELS)))
                    cell = Cell(WEEK.monday, f"t{number:02d}", TOUCHPOINTS[place], channel, demand)
                    cells[cell] = _contacts(rng, n)
    return Summary({cell: counts for cell, counts in cells.items() if counts})


def _contacts(rng: np.random.Generator, n: int) -> Counter[str]:
    tones = _split(rng, n, TONES)
    counts = Counter(dict(zip(("negative", "neutral", "positive"), tones, strict=True)))
    counts["contacts"] = n
    low, medium, high = _split(rng, n, EFFORT)
    counts.update({"effort:low": low, "effort:medium": medium, "effort:high": high})
    for persona, share in PERSONAS.items():
        bad, good = rng.binomial(tones[0], share), rng.binomial(tones[1] + tones[2], share)
        counts[f"persona:{persona}"] = counts[f"persona_heard:{persona}"] = int(bad + good)
        counts[f"persona_negative:{persona}"] = int(bad)
    for step, of in enumerate(_split(rng, n, STEPS), start=1):
        answers = int(rng.binomial(of, ANSWERED))
        counts[f"inferred:{step}"] = of
        counts[f"inferred:{step}:n"] = answers
        counts[f"inferred:{step}:top"] = int(rng.binomial(answers, 0.6))
        counts["csat:n"] += answers
    untold = n - sum(counts[f"inferred:{step}"] for step in range(1, 6))
    counts["csat:n"] += int(rng.binomial(untold, ANSWERED))
    return Counter({name: int(count) for name, count in counts.items() if count})


def _split(rng: np.random.Generator, n: int, shares: tuple[float, ...]) -> list[int]:
    """How many of n fall to each share; the rest to none."""
    rest = max(0.0, 1 - sum(shares))
    return [int(k) for k in rng.multinomial(n, [*shares, rest])[: len(shares)]]
