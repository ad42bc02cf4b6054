"""What the digest claims, in worlds where the truth is known: false statements, power, coverage.

`python -m tests.bench.bench_insights` simulates years of weeks of an invented organisation: 30
themes of 2 to 200 contacts a week with overdispersion 0.05, a weekday shape, Finnish public
holidays, surveys, waits, handling times. In the first world nothing ever changes, so every claim
of a digest is false; then changes are planted; then themes differ in other ways than in that world.
`--years 10` takes about ten minutes, `--part` runs one of the parts alone.

The common rules stand beside: a theme differs by more than 20 % from the week before, or by more
than two standard deviations from the mean of 26 weeks.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.table import Table

from chalicelib.insights.actions import Effect, Outcome, effect
from chalicelib.insights.exposure import public_holidays
from chalicelib.insights.last_week import versus_last_week
from chalicelib.insights.priorities import Proposal
from chalicelib.insights.proportion import Z_99, difference
from chalicelib.insights.trends import rising
from chalicelib.insights.usual import house_exposures, versus_usual
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from tests.bench.insight_world import (
    FIRST,
    NPS_TRUTH,
    PAST,
    SATISFIED,
    TONES,
    YEAR,
    Told,
    organisation,
    world,
    year_of,
)
from tests.insights.worlds import ALPHA, MEANS, count, table

RULES = ("more than 20 % from last week", "more than 2 SD from 26 weeks")
CLEAR = frozenset({Verdict.MORE, Verdict.LESS})


def statements(told: Told) -> Counter[str]:
    """The claims of a digest by insight; in a world without changes each is false."""
    digest, whole, chosen = told.digest, told.whole, told.digest.selection
    found: Counter[str] = Counter()
    found["versus usual"] = len(whole.findings.themes) + (whole.findings.house is not None)
    verdicts = [row.change.verdict for row in digest.negatives + digest.positives]
    verdicts += [row.whole.verdict for row in digest.ratings]
    verdicts += [digest.contacts.verdict, digest.negative.verdict, digest.failure_change.verdict]
    found["versus last week"] = sum(verdict in CLEAR for verdict in verdicts)
    found["rising"] = len(chosen.rises)
    found["what moved a score"] = len(chosen.moved)
    clear = {Outcome.HELPED, Outcome.HURT}
    found["did the fix work"] = sum(one.outcome in clear for one in chosen.effects)
    found["wait threshold"] = sum(wait.threshold is not None for wait in chosen.waits)
    found["those who do not answer"] = chosen.estimate is not None and chosen.estimate.differs
    negative, positive = chosen.response["negative"], chosen.response["positive"]
    low, high = difference(negative, positive, Z_99)
    found["who answers"] = low > 0 or high < 0
    found["what goes with ratings"] = len(chosen.drivers)
    found["hot spots"] = len(chosen.hot_spots)
    found["themes together"] = len(chosen.pairs) // 2 + len(chosen.pairs) % 2
    return found


def _unfounded(proposal: Proposal) -> bool:
    """Whether a proposal rests on anything but a fix that truly did nothing."""
    return any(
        not isinstance(ground, Effect) or ground.outcome is Outcome.HURT
        for ground in proposal.grounds
    )


# --- no change ----------------------------------------------------------------------------------


@dataclass
class Covered:
    """How often intervals held the truth."""

    held: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)

    def see(self, name: str, low: float | None, truth: float, high: float | None) -> None:
        if low is not None and high is not None:
            self.of[name] += 1
            self.held[name] += low <= truth <= high


def covered(told: Told, before: Told | None, intervals: Covered) -> None:
    """Hold every interval of a digest against the truth."""
    chosen = told.digest.selection
    for one in chosen.forecasts:
        expected = (
            next(
                (
                    f.next.total
                    for f in before.digest.selection.forecasts
                    if f.channel == one.channel
                ),
                None,
            )
            if before
            else None
        )
        if expected:
            intervals.see("forecast of a week, 80 %", expected.low, one.came, expected.high)
    if chosen.estimate:
        name = "satisfaction of all, 95 %"
        intervals.see(name, chosen.estimate.low, SATISFIED, chosen.estimate.high)
    for row in told.digest.ratings:
        now = row.whole.now
        if now.question == "nps" and now.value is not None and now.margin is not None:
            low, high = now.value - now.margin, now.value + now.margin
            intervals.see("NPS, 95 %", low, NPS_TRUTH, high)
    share = told.digest.negative.now
    if share:
        intervals.see("negative share, 95 %", share.low, TONES["negative"], share.high)
    for fix in chosen.effects:
        intervals.see("effect of a fix, 95 %", fix.low, 0.0, fix.high)


def common_rules(table_: Mapping[str, Sequence[int]]) -> Counter[str]:
    """The alarms of two rules that people use, on the same weekly counts."""
    alarms: Counter[str] = Counter()
    for series in table_.values():
        *past, now = series
        alarms[RULES[0]] += abs(now - past[-1]) > 0.2 * max(1, past[-1])
        mean, spread = statistics.fmean(past), statistics.stdev(past)
        alarms[RULES[1]] += abs(now - mean) > 2 * spread
    return alarms


def no_change(console: Console, years: int, seed: int) -> None:
    store, intervals = organisation(), Covered()
    false: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    digests, any_false, on_holidays, holiday_weeks, proposals = 0, 0, 0, 0, 0
    closed = set(public_holidays("FI", range(FIRST.year, FIRST.year + 3)))
    for number in range(years):
        before: Told | None = None
        for told in year_of(world(random.Random(seed + number), PAST + YEAR), store):
            made = statements(told)
            false.update(made)
            rules.update(common_rules(told.whole.past.by_theme["contacts"]))
            digests += 1
            any_false += made.total() > 0
            proposals += sum(map(_unfounded, told.digest.selection.proposals))
            if any(day in closed and day.weekday() < 5 for day in told.week.days):
                holiday_weeks += 1
                on_holidays += made["versus usual"] + made["versus last week"]
            covered(told, before, intervals)
            before = told
    rows = Table("insight", title=f"Nothing changes: false statements, {digests} digests")
    rows.add_column("per digest", justify="right")
    for name, n in sorted(false.items(), key=lambda one: -one[1]):
        rows.add_row(name, f"{n / digests:.3f}")
    rows.add_section()
    rows.add_row("all insights together", f"{false.total() / digests:.2f}")
    rows.add_row("digests with any", f"{any_false / digests:.0%}")
    rows.add_row("of them, in a proposal of the priorities", f"{proposals / digests:.3f}")
    name = f"versus usual or last week, {holiday_weeks} bank-holiday weeks"
    rows.add_row(name, f"{on_holidays / max(1, holiday_weeks):.2f}")
    rows.add_section()
    for name, n in rules.items():
        rows.add_row(f"common rule: {name}", f"{n / digests:.1f}")
    console.print(rows)
    rows = Table("interval", "n", "held the truth", title="Coverage in the same digests")
    for name, n in intervals.of.items():
        rows.add_row(name, str(n), f"{intervals.held[name] / n:.1%}")
    console.print(rows)


# --- planted changes ----------------------------------------------------------------------------


def planted(
    rng: random.Random, means: Sequence[float], base: float, weeks: int
) -> dict[str, list[int]]:
    """26 steady weeks and `weeks` in which theme 'x' has the `means` instead of `base`."""
    told = table(rng, PAST + weeks)
    told["x"] = [count(rng, base) for _ in range(PAST)] + [count(rng, m) for m in means]
    return told


def power(console: Console, runs: int, seed: int) -> None:
    """The share of planted changes that some insight has told by each week since the change."""
    plans: dict[str, tuple[float, list[float]]] = {
        f"doubling at mean {mean}": (mean, [2.0 * mean] * 4) for mean in (5, 20, 100)
    }
    plans["slow rise: 10 a week, 10 % more each week"] = (10, [10 * 1.1**w for w in range(1, 13)])
    rows = Table("change", title=f"Power: told by week N since the change, {runs} runs")
    marks = (1, 2, 3, 4, 6, 8, 12)
    for mark in marks:
        rows.add_column(str(mark), justify="right")
    for rule in RULES:
        rows.add_column(f"1, {rule}", justify="right")
    for name, (base, means) in plans.items():
        found: Counter[int] = Counter()
        common: Counter[str] = Counter()
        for run in range(runs):
            counts = planted(random.Random(seed + run), means, base, len(means))
            told = next(
                (week for week in range(1, len(means) + 1) if _told(counts, len(means) - week)),
                99,
            )
            found.update(mark for mark in marks if told <= mark <= len(means))
            common.update(common_rules({"x": counts["x"][: PAST + 1]}))
        shares = [f"{found[m] / runs:.2f}" if m <= len(means) else "" for m in marks]
        rows.add_row(name, *shares, *(f"{common[rule] / runs:.2f}" for rule in RULES))
    console.print(rows)


def _told(counts: Mapping[str, Sequence[int]], later: int) -> bool:
    """Whether 'x' is told in the week with `later` weeks still to come, from 27 weeks."""
    stop = len(counts["x"]) - later
    seen = {theme: series[stop - PAST - 1 : stop] for theme, series in counts.items()}
    opened = [1.0] * (PAST + 1)
    return versus_usual(seen, opened).of("x") is not None or any(
        rise.theme == "x" for rise in rising(seen, opened)
    )


# --- other worlds -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Other:
    """Themes that differ from the first world's in one way; `drift` is of a week, log scale."""

    name: str
    alphas: tuple[float, float] = (ALPHA, ALPHA)  # each theme's own, log-uniform between them
    means: Sequence[float] = tuple(MEANS)
    drift: float = 0.0

    def counts(self, rng: random.Random, weeks: int) -> dict[str, list[int]]:
        """Weekly counts of every theme."""
        return {
            f"t{number:02d}": self.series(rng, [mean] * weeks)
            for number, mean in enumerate(self.means)
        }

    def series(self, rng: random.Random, means: Sequence[float]) -> list[int]:
        """Weekly counts of one theme that should have these means."""
        low, high = map(math.log, self.alphas)
        alpha, level, counts = math.exp(rng.uniform(low, high)), 0.0, []
        for mean in means:
            level += rng.gauss(0, self.drift)
            counts.append(count(rng, mean * math.exp(level), alpha))
        return counts


OTHERS = (
    Other("as above"),
    Other("overdispersion 0.02", (0.02, 0.02)),
    Other("overdispersion 0.10", (0.1, 0.1)),
    Other("overdispersion of each its own, 0.01 to 0.2", (0.01, 0.2)),
    Other("12 themes of 3 to 60", means=tuple(3 * 20 ** (n / 11) for n in range(12))),
    Other("60 themes of 1 to 500", means=tuple(500 ** (n / 59) for n in range(60))),
    Other("levels drift by 2 % a week", drift=0.02),
)


def other_worlds(console: Console, years: int, runs: int, seed: int) -> None:
    """False claims of changed themes, and the power for a doubling at mean 20, by world."""
    rows = Table("world", title=f"Other worlds: {years * YEAR} weeks, {runs} runs")
    for heading in ("versus usual", "last week", "rising", "together", "1", "4 weeks"):
        rows.add_column(heading, justify="right")
    for other in OTHERS:
        false: Counter[str] = Counter()
        for year in range(years):
            counts = other.counts(random.Random(seed + year), PAST + YEAR)
            for stop in range(PAST + 1, PAST + YEAR + 1):
                false.update(_claims({t: s[stop - PAST - 1 : stop] for t, s in counts.items()}))
        found = [_doubling(other, random.Random(seed + run)) for run in range(runs)]
        rows.add_row(
            other.name,
            *(f"{false[name] / years / YEAR:.3f}" for name in ("usual", "last", "rising")),
            f"{false.total() / years / YEAR:.3f}",
            *(f"{sum(week <= mark for week in found) / runs:.2f}" for mark in (1, 4)),
        )
    console.print(rows)


def _claims(counts: Mapping[str, Sequence[int]]) -> Counter[str]:
    opened = [1.0] * (PAST + 1)
    found = versus_usual(counts, opened)
    changes = versus_last_week(counts, opened).values()
    jumped = {one.theme for one in found.themes if one.weeks == 1}
    risen = {rise.theme for rise in rising(counts, house_exposures(counts, opened))}
    return Counter(
        usual=len(found.themes) + (found.house is not None),
        last=sum(change.verdict in CLEAR for change in changes),
        rising=len(risen - jumped),
    )


def _doubling(other: Other, rng: random.Random) -> int:
    """The week, from 1, in which a doubling from 20 is told; 99 when not in four."""
    counts = other.counts(rng, PAST + 4)
    counts["x"] = other.series(rng, [20.0] * PAST + [40.0] * 4)
    return next((week for week in range(1, 5) if _told(counts, 4 - week)), 99)


def house_wide(console: Console, runs: int, seed: int) -> None:
    """Themes alarmed falsely when the whole house is busier by 60 %, for one week or for three."""
    rows = Table("house-wide +60 %", title=f"{runs} runs")
    for heading in ("told as one finding", "themes told besides", "themes told as rising"):
        rows.add_column(heading, justify="right")
    opened = [1.0] * (PAST + 1)
    for weeks in (1, 3):
        told = besides = rises = 0
        for run in range(runs):
            rng = random.Random(seed + run)
            busy = {
                f"t{number:02d}": [count(rng, mean) for _ in range(PAST + 1 - weeks)]
                + [count(rng, 1.6 * mean) for _ in range(weeks)]
                for number, mean in enumerate(MEANS)
            }
            found = versus_usual(busy, opened)
            told += found.house is not None
            besides += len(found.themes)
            rises += len(rising(busy, house_exposures(busy, opened)))
        shares = (f"{told / runs:.0%}", f"{besides / runs:.2f}", f"{rises / runs:.2f}")
        rows.add_row("one week" if weeks == 1 else f"week {weeks} of it", *shares)
    console.print(rows)


def fixes(console: Console, runs: int, seed: int) -> None:
    """What is said of a fix that halves a theme, and of one that does nothing."""
    rows = Table("fix", title=f"'It helped', by weeks after the fix, {runs} runs")
    marks = (3, 4, 6, 8, 12)
    for mark in marks:
        rows.add_column(str(mark), justify="right")
    for name, mean, factor in (
        ("halves 30 a week", 30, 0.5),
        ("halves 100 a week", 100, 0.5),
        ("does nothing, 30 a week", 30, 1.0),
        ("does nothing, 100 a week", 100, 1.0),
    ):
        shares = []
        for after in marks:
            helped = sum(
                _fix(random.Random(seed + run), mean, factor, after) is Outcome.HELPED
                for run in range(runs)
            )
            shares.append(f"{helped / runs:.2f}")
        rows.add_row(name, *shares)
    console.print(rows)


def _fix(rng: random.Random, mean: float, factor: float, after: int) -> Outcome | None:
    counts = table(rng, PAST + 1)
    before = PAST - after
    counts["x"] = [count(rng, mean) for _ in range(before + 1)]
    counts["x"] += [count(rng, factor * mean) for _ in range(after)]
    week = IsoWeek(FIRST + timedelta(weeks=PAST))
    found = effect("a", "x", week.back(after).monday + timedelta(2), (), counts, week)
    return found.outcome if found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=10, help="years in which nothing changes")
    parser.add_argument("--runs", type=int, default=200, help="runs of each planted change")
    parser.add_argument("--seed", type=int, default=1)
    parts: dict[str, Callable[[Console], None]] = {
        "no-change": lambda to: no_change(to, chosen.years, chosen.seed),
        "power": lambda to: power(to, chosen.runs, chosen.seed),
        "fixes": lambda to: fixes(to, chosen.runs, chosen.seed),
        "house": lambda to: house_wide(to, chosen.runs, chosen.seed),
        "worlds": lambda to: other_worlds(to, chosen.years, chosen.runs, chosen.seed),
    }
    parser.add_argument("--part", choices=tuple(parts), help="this part alone")
    chosen = parser.parse_args()
    console = Console(width=160)
    for name, part in parts.items():
        if chosen.part in {None, name}:
            part(console)


if __name__ == "__main__":
    main()
