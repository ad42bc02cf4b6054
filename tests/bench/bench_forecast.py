"""Forecasts of real series: the error beside naive ones, and how often the ranges held.

`python -m tests.bench.bench_forecast --calls FILE --claims FILE` reads JSON Lines (or .gz): calls
with `ts` and `calls` (bank_calls of R's fpp3, half-hours of 2003), weeks with `week` (m/d/yy) and
`claims` (US initial unemployment claims; taken in thousands, a week's claims on its Monday).
Every week from the ninth on is forecast from the weeks before it.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chalicelib.insights.exposure import public_holidays
from chalicelib.insights.forecast import PROFILE_WEEKS, Expected, forecast
from chalicelib.insights.weeks import IsoWeek

WEEK = timedelta(weeks=1)
YEAR = timedelta(weeks=52)


@dataclass
class Score:
    """Absolute errors summed, and the ranges that held."""

    ours: float = 0.0
    naive: float = 0.0  # of last week's number
    ours_later: float = 0.0  # from the second year on
    seasonal: float = 0.0  # of the number a year before, likewise
    weeks: int = 0
    held: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def see(self, what: str, expected: Expected, came: int) -> None:
        if expected.low is not None and expected.high is not None:
            self.told[what] += 1
            self.held[what] += expected.low <= came <= expected.high

    def share(self, what: str) -> str:
        return f"{self.held[what] / self.told[what]:.0%} of {self.told[what]}"


def rows(path: Path) -> Iterator[Mapping[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def calls(path: Path) -> dict[date, int]:
    daily: Counter[date] = Counter()
    for row in rows(path):
        daily[datetime.fromisoformat(row["ts"]).date()] += row["calls"]
    return dict(daily)


def claims(path: Path) -> dict[date, int]:
    """Thousands of each week before 2020, when the pandemic multiplied them."""
    found = {
        datetime.strptime(row["week"], "%m/%d/%y").date(): row["claims"]  # noqa: DTZ007 - a day
        for row in rows(path)
    }
    return {
        day - timedelta(days=day.weekday()): round(n / 1000)
        for day, n in found.items()
        if day.year < 2020
    }


def score(daily: Mapping[date, int], *, by_day: bool) -> Score:
    """Each whole week after the first eight, forecast from those before it.

    A weekly series has no closed days: its week is wherever it was put.
    """
    found, first = Score(), IsoWeek.of(min(daily)).monday
    years = range(first.year, max(daily).year + 1)
    closed = set(public_holidays("US", years)) if by_day else set()
    week = IsoWeek(first + (PROFILE_WEEKS + 1) * WEEK)
    while week.sunday - timedelta(days=2) <= max(daily):
        past = {day: n for day, n in daily.items() if day < week.monday}
        made = forecast(past, week, closed)
        if made is not None:
            found.weeks += 1
            for day, expected in made.days if by_day else ((week.monday, made.total),):
                came = daily.get(day, 0)
                found.ours += abs(expected.contacts - came)
                found.naive += abs(daily.get(day - WEEK, 0) - came)
                a_year_before = daily.get(day - YEAR)
                if a_year_before is not None:
                    found.ours_later += abs(expected.contacts - came)
                    found.seasonal += abs(a_year_before - came)
                if expected.contacts > 0:
                    found.see("day", expected, came)
            found.see("week", made.total, sum(daily.get(day, 0) for day in week.days))
        week = week.back(-1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=Path)
    parser.add_argument("--claims", type=Path)
    chosen = parser.parse_args()
    console = Console()
    series = {
        name: read(path)
        for name, read, path in (("calls", calls, chosen.calls), ("claims", claims, chosen.claims))
        if path
    }
    if not series:
        console.print("nothing measured: name a series with --calls or --claims")
        return
    table = Table(
        "series",
        "weeks",
        "error, of last week's",
        "of a year before",
        "80 % held: week",
        "80 % held: day",
    )
    for name, daily in series.items():
        found = score(daily, by_day=name == "calls")
        ratio = f"{found.ours / found.naive:.2f}"
        year = f"{found.ours_later / found.seasonal:.2f}" if found.seasonal else ""
        days = found.share("day") if name == "calls" else ""
        table.add_row(name, str(found.weeks), ratio, year, found.share("week"), days)
    console.print(table)


if __name__ == "__main__":
    main()
