"""How often the intervals of satisfaction and of the forecast hold the truth, many more times than
a year of digests tells them: `python -m tests.bench.bench_intervals --runs 3000 --years 10`.

Satisfaction in worlds of few and many answers, where answering and being satisfied depend on
nothing, or on what customers wrote. The forecast in the weeks of `insight_world`: contacts of
thirty themes, Finnish public holidays as busy as Sundays, levels that stay or wander.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta

import numpy as np
from rich.console import Console
from rich.table import Table

from chalicelib.insights.exposure import public_holidays
from chalicelib.insights.forecast import Expected, forecast
from chalicelib.insights.unanswered import estimate
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Summary
from tests.bench.insight_world import ANSWERED, CHANNELS, FIRST, PAST, SATISFIED, SHAPE, TONES, YEAR
from tests.insights.worlds import ALPHA, MEANS

CONTACTS = (500, 1000, 3000, 6000)  # in four weeks
ALIKE, BY_TONE = np.full(3, SATISFIED), np.array([0.25, 0.6, 0.9])
SELDOM, BY_ANSWER = np.full(3, ANSWERED), np.array([0.05, 0.1, 0.3])  # of TONES, in their order
WORLDS = {
    "nothing depends on anything": (ALIKE, SELDOM),
    "the pleased are satisfied": (BY_TONE, SELDOM),
    "... and answer more often": (BY_TONE, BY_ANSWER),
}
DRIFTS = (0.0, 0.02, 0.05)  # of a week, log scale

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


# --- satisfaction -------------------------------------------------------------------------------


def satisfaction(console: Console, runs: int, rng: np.random.Generator) -> None:
    rows = Table("world", title=f"Satisfaction of all who got in touch, 95 %: {runs} months")
    for contacts in CONTACTS:
        rows.add_column(f"{contacts} contacts", justify="right")
    for name, (satisfied, answered) in WORLDS.items():
        shares = [_held(rng, contacts, satisfied, answered, runs) for contacts in CONTACTS]
        rows.add_row(name, *shares)
    console.print(rows)


def _held(
    rng: np.random.Generator, contacts: int, satisfied: Floats, answered: Floats, runs: int
) -> str:
    week = IsoWeek(FIRST + timedelta(weeks=PAST))
    truth = float(np.dot(list(TONES.values()), satisfied))
    held = told = answers = 0
    for _ in range(runs):
        cells = {
            **_month(rng, contacts * (PAST - 3) // 4, satisfied, answered, week.back(PAST).monday),
            **_month(rng, contacts, satisfied, answered, week.monday),
        }
        found = estimate(Summary(cells), week)
        if found:
            told += 1
            held += found.low <= truth <= found.high
            answers += found.stated.n
    return f"{held / told:.1%} ({answers / told:.0f} answers)"


def _month(
    rng: np.random.Generator, contacts: int, satisfied: Floats, answered: Floats, day: date
) -> dict[Cell, dict[str, int]]:
    shares = np.outer(list(CHANNELS.values()), list(TONES.values())) / sum(CHANNELS.values())
    heard = rng.multinomial(contacts, shares.ravel()).reshape(shares.shape)
    pleased = rng.binomial(heard, satisfied)
    top = rng.binomial(pleased, answered)
    rated = top + rng.binomial(heard - pleased, answered)
    cells: dict[Cell, dict[str, int]] = {}
    for row, channel in enumerate(CHANNELS):
        counts: dict[str, int] = {}
        for place, tone in enumerate(TONES):
            counts[f"heard:{tone}:unknown"] = int(heard[row, place])
            counts[f"rated:{tone}:unknown:n"] = int(rated[row, place])
            counts[f"rated:{tone}:unknown:top"] = int(top[row, place])
        cells[Cell(day, "t", "p", channel, "value")] = counts
    return cells


# --- forecasts ----------------------------------------------------------------------------------


def forecasts(console: Console, years: int, rng: np.random.Generator) -> None:
    rows = Table("world", title=f"Forecast of a channel's week, 80 %: {years} years")
    for heading in ("all weeks", "weeks with a bank holiday", "days"):
        rows.add_column(heading, justify="right")
    closed = set(public_holidays("FI", range(FIRST.year, FIRST.year + 3)))
    for drift in DRIFTS:
        held, of = Counter[str](), Counter[str]()
        for _ in range(years):
            for daily in _channels(rng, closed, drift):
                _see(daily, closed, held, of)
        kinds = ("week", "holiday week", "day")
        name = f"levels drift by {drift:.0%} a week" if drift else "levels stay"
        rows.add_row(name, *(f"{held[one] / of[one]:.1%} of {of[one]}" for one in kinds))
    console.print(rows)


def _channels(
    rng: np.random.Generator, closed: Collection[date], drift: float
) -> list[dict[date, int]]:
    """The daily contacts of each channel, in the weeks before the year and in its own."""
    found: list[dict[date, int]] = [{} for _ in CHANNELS]
    shares, level = np.array(list(CHANNELS.values())) / sum(CHANNELS.values()), 0.0
    for number in range(PAST + YEAR):
        days = IsoWeek(FIRST + timedelta(weeks=number)).days
        worth = np.array([SHAPE[6 if day in closed else day.weekday()] for day in days], float)
        level += rng.normal(0, drift)
        means = np.array(MEANS) * np.exp(level) * worth.sum() / sum(SHAPE)
        contacts = rng.poisson(rng.gamma(1 / ALPHA, means * ALPHA)).sum()
        for daily, n in zip(found, rng.multinomial(contacts, shares), strict=True):
            counts = map(int, rng.multinomial(n, worth / worth.sum()))
            daily.update(zip(days, counts, strict=True))
    return found


def _see(
    daily: dict[date, int], closed: Collection[date], held: Counter[str], of: Counter[str]
) -> None:
    for number in range(PAST, PAST + YEAR):
        week = IsoWeek(FIRST + timedelta(weeks=number))
        made = forecast({day: n for day, n in daily.items() if day < week.monday}, week, closed)
        if made is None:
            continue
        inside = _inside(made.total, sum(daily[day] for day in week.days))
        holiday = any(day in closed and day.weekday() < 5 for day in week.days)
        for kind in ("week", "holiday week") if holiday else ("week",):
            held[kind] += inside
            of[kind] += 1
        held["day"] += sum(_inside(expected, daily[day]) for day, expected in made.days)
        of["day"] += len(made.days)


def _inside(expected: Expected, came: int) -> bool:
    if expected.low is None or expected.high is None:
        return False
    return expected.low <= came <= expected.high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="months of each kind of answering")
    parser.add_argument("--years", type=int, default=5, help="years of forecasts")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    console, rng = Console(width=140), np.random.default_rng(chosen.seed)
    satisfaction(console, chosen.runs, rng)
    forecasts(console, chosen.years, rng)


if __name__ == "__main__":
    main()
