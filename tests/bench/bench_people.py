"""How often effort, personas and answering are told where nothing depends on anything, and how
often a planted difference is: `python -m tests.bench.bench_people --weeks 2000`.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table

from chalicelib.insights.effort import effort
from chalicelib.insights.personas import personas
from chalicelib.summary import Summary
from tests.insights.people_world import PERSONAS, four_weeks
from tests.insights.test_people import claims

SHARES = (1.5, 2.0, 3.0)  # times the usual share of high effort
THEMES = {"t10": 10, "t20": 20, "t29": 29}


def false_statements(console: Console, weeks: int, rng: np.random.Generator) -> None:
    false: Counter[str] = Counter()
    every = 0
    for _ in range(weeks):
        found = claims(four_weeks(rng))
        false.update(found)
        every += found.total() > 0
    rows = Table("insight", "per digest", title=f"Nothing differs: {weeks} digests")
    for name, n in false.most_common():
        rows.add_row(name, f"{n / weeks:.3f}")
    rows.add_row("together", f"{false.total() / weeks:.3f}")
    rows.add_row("digests with any", f"{every / weeks:.1%}")
    console.print(rows)


def power(console: Console, weeks: int, rng: np.random.Generator) -> None:
    rows = Table(
        "theme", "contacts whose effort is told", title="Found: high effort N times as often"
    )
    for times in SHARES:
        rows.add_column(f"{times:g} ×", justify="right")
    for theme in THEMES:
        found, texts = Counter[float](), 0
        for _ in range(weeks):
            world = four_weeks(rng)
            texts += _told(world, theme)
            for times in SHARES:
                seen = effort(_harder(rng, world, theme, times))
                found[times] += seen is not None and any(s.id == theme for s in seen.struggles)
        rows.add_row(theme, f"{texts / weeks:.0f}", *(f"{found[t] / weeks:.2f}" for t in SHARES))
    console.print(rows)
    rows = Table("persona", title="Found: a persona's negative share 8 or 15 points higher")
    for points in (8, 15):
        rows.add_column(f"{points} points", justify="right")
    for persona in PERSONAS:
        shares = []
        for points in (8, 15):
            hits = sum(
                any(
                    one.persona == persona
                    for one in personas(
                        _unhappier(rng, four_weeks(rng), persona, points / 100), list(PERSONAS)
                    )
                )
                for _ in range(weeks)
            )
            shares.append(f"{hits / weeks:.2f}")
        rows.add_row(persona, *shares)
    console.print(rows)


def _told(world: Summary, theme: str) -> int:
    own = world.where(lambda cell: cell.theme == theme).totals()
    return sum(own[f"effort:{level}"] for level in ("low", "medium", "high"))


def _harder(rng: np.random.Generator, world: Summary, theme: str, times: float) -> Summary:
    """The same contacts, of which so many times as many of one theme took high effort."""
    cells = {}
    for cell, measures in world:
        counts = dict(measures)
        if cell.theme == theme:
            low, medium = counts.get("effort:low", 0), counts.get("effort:medium", 0)
            high = counts.get("effort:high", 0)
            p = min(1.0, (times - 1) * 0.1 / 0.45)
            up_low, up_medium = int(rng.binomial(low, p)), int(rng.binomial(medium, p))
            counts |= {
                "effort:low": low - up_low,
                "effort:medium": medium - up_medium,
                "effort:high": high + up_low + up_medium,
            }
        cells[cell] = counts
    return Summary(cells)


def _unhappier(rng: np.random.Generator, world: Summary, persona: str, points: float) -> Summary:
    cells = {}
    for cell, measures in world:
        counts = Counter(measures)
        good = counts[f"persona_heard:{persona}"] - counts[f"persona_negative:{persona}"]
        turned = min(int(rng.binomial(good, points / 0.65)), counts["neutral"])
        counts[f"persona_negative:{persona}"] += turned
        counts["negative"] += turned
        counts["neutral"] -= turned
        cells[cell] = counts
    return Summary(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    console, rng = Console(width=120), np.random.default_rng(chosen.seed)
    false_statements(console, chosen.weeks, rng)
    power(console, max(1, chosen.weeks // 10), rng)


if __name__ == "__main__":
    main()
