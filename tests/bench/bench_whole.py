"""The largest week that is promised: its insights and six digests, in seconds and megabytes.

`python -m tests.bench.bench_whole` fills every cell of 27 weeks, 50 themes, 20 touchpoints, four
channels and both kinds of demand. Goal: under 10 s and 1 GB in all.
"""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from datetime import UTC, date, datetime
from itertools import product

from rich.console import Console
from rich.table import Table

from chalicelib.digest import IsoWeek, Links, compose, render, whole_week
from chalicelib.organisation import Organisation, read
from chalicelib.summary import Cell, Summary

WEEKS, THEMES, TOUCHPOINTS, DEPARTMENTS = 27, 50, 20, 6
WEEK = IsoWeek(date(2026, 11, 16))
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
LINKS = Links("https://bench.example/unsubscribe", "a@bench.example")


def organisation() -> Organisation:
    lines = ["name: Iso", "contact: a@bench.example", "sender: b@bench.example"]
    lines += ["personas: [{id: firms, name: {fi: F}, tags: [b2b]}]"]
    lines += ["price: {per_minute: 0.8}", "sources: {chat: {connector: standard}}", "touchpoints:"]
    targets = "{csat: 4, nps: 10, wait_s: 60}"
    lines += [
        f"  - {{id: p{n}, name: {{fi: P{n}}}, targets: {targets}}}" for n in range(TOUCHPOINTS)
    ]
    lines.append("themes:")
    lines += [
        f"  - {{id: t{n}, name: {{fi: T{n}}}, department: d{n % DEPARTMENTS}}}"
        for n in range(THEMES)
    ]
    lines += ["departments:", "  - {id: d0, name: {fi: D}, themes: all}"]
    lines += [f"  - {{id: d{n}, name: {{fi: D{n}}}}}" for n in range(1, DEPARTMENTS)]
    lines.append("actions:")
    lines += [
        f"  - {{id: a{n}, name: {{fi: A{n}}}, department: d1, theme: t{n}, done: 2026-10-0{n + 1}}}"
        for n in range(5)
    ]
    return read("\n".join(lines))


def filled() -> Summary:
    """Every cell with what a cell may hold."""
    rng = random.Random(1)
    channels = ("chat", "voice", "email", "survey")
    cells = {}
    for age, theme, place, channel, demand in product(
        range(WEEKS), range(THEMES), range(TOUCHPOINTS), channels, ("failure", "value")
    ):
        cell = Cell(WEEK.back(age).monday, f"t{theme}", f"p{place}", channel, demand)
        cells[cell] = dict(_measures(rng, theme, channel))
    return Summary(cells)


def _measures(rng: random.Random, theme: int, channel: str) -> Counter[str]:
    n = rng.randint(1, 8)
    counts = Counter({"contacts": n, "negative": n // 2, "neutral": n - n // 2, "linked": n})
    counts.update({f"weekday:{rng.randint(1, 7)}": n, "source:chat": n, "language:fi": n})
    counts.update({"csat:n": 2, "csat:sum": rng.randint(2, 10), "csat:sumsq": 60, "csat:top": 1})
    counts.update({"handle:n": n, "handle:sum_s": 400 * n, "handle:sumsq_s": 200_000 * n})
    counts.update({"wait:n": n, "wait:sum_s": 90 * n, f"mention:t{theme}": n})
    counts["pair:" + "|".join(sorted((f"t{theme}", f"t{(theme + 1) % THEMES}")))] += 1
    for _ in range(3):
        number = rng.randint(0, 18)
        at = f"wait:csat:{number}"
        counts.update({f"wait:bin:{number}": 1, f"{at}:n": 1, f"{at}:sum": 4, f"{at}:sumsq": 16})
    for tone in ("negative", "neutral"):
        counts[f"heard:{tone}:unknown"] = n // 2 + 1
        counts.update({f"rated:{tone}:unknown:n": 1, f"rated:{tone}:unknown:top": 1})
    counts.update({"effort:low": n, "effort:high": n // 3, "felt:anger": n // 4, "turns:n": n})
    counts.update({"inferred:2": n // 2, "inferred:4": n // 3, "inferred:4:n": 1, "agent:n": n})
    counts.update({"basics:n": n // 3, "basics:order": n // 3, "persona:firms": n // 3})
    if channel == "survey":
        counts["nps:promoter"] = 1
    return +counts


def main() -> None:
    store, summary = organisation(), filled()
    held_mb = _peak_mb()
    started = time.process_time()
    whole = whole_week(store, WEEK, summary)
    insights_s = time.process_time() - started
    for department in store.departments:
        render(compose(store, department, WEEK, summary, {}, NOW, whole), LINKS)
    in_all_s = time.process_time() - started
    table = Table("", "", title=f"{len(summary.cells):,} cells")
    table.add_row("counts", f"{sum(map(len, summary.cells.values())):,}")
    table.add_row("the week's insights, CPU s", f"{insights_s:.1f}")
    table.add_row(f"with {DEPARTMENTS} digests, CPU s", f"{in_all_s:.1f}")
    table.add_row("peak MB", f"{_peak_mb():.0f}")
    table.add_row("of them the counts, MB", f"{held_mb:.0f}")
    Console().print(table)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
