"""Versus usual: which themes, or the whole house, differ from their own usual level.

Both this week and the last four weeks together are tested, every theme at once, so that on
average at most a tenth of what is reported is chance (Benjamini and Hochberg 1995). A finding
must also be large: a quarter more or a fifth less, and five contacts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from chalicelib.insights.discoveries import largest_accepted
from chalicelib.insights.dispersion import Level, levels
from chalicelib.insights.distributions import two_sided_mid_p
from chalicelib.insights.history import JUDGED_FROM_WEEKS, sum_series
from chalicelib.insights.verdict import Verdict

RISE, FALL, CONTACTS = 1.25, 0.8, 5  # the smallest difference worth a reader's time
HOUSE_P = 0.01  # one test a week: one false claim about the whole house in two years
LARGE = 10  # contacts a week of a theme that can show a house-wide change
LARGE_THEMES = 6  # with fewer, the themes themselves would set the house's level
#: Of a theme's chance of being found falsely, the part of each test, by weeks. The test of four
#: weeks gets less: what it finds falsely it finds again while the four weeks slide past.
PARTS = {1: 0.7, 4: 0.3}
SILENT_WEEKS = 4  # a finding is news once in so many weeks

Table = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Finding:
    """A count that differs from its usual level; `theme` is None for all contacts together.

    `weeks` is 1 or 4: the last so many weeks hold `count` contacts where `usual` is expected.
    `repeated`: the same was already found in one of the four weeks before.
    """

    theme: str | None
    count: int
    usual: float
    weeks: int
    p: float
    repeated: bool = False

    @property
    def verdict(self) -> Verdict:
        return Verdict.MORE if self.count > self.usual else Verdict.LESS

    @property
    def large(self) -> bool:
        ratio = self.count / self.usual
        return (ratio >= RISE or ratio <= FALL) and abs(self.count - self.usual) >= CONTACTS


@dataclass(frozen=True)
class Findings:
    """What differs: the house as a whole, and themes, the largest difference first."""

    house: Finding | None = None
    themes: tuple[Finding, ...] = ()

    def of(self, theme: str) -> Finding | None:
        return next((f for f in self.themes if f.theme == theme), None)


def versus_usual(table: Table, exposures: Sequence[float]) -> Findings:
    """Compare the last week of each theme's series with the up to 26 weeks before it.

    `table` is theme -> weekly contacts, oldest first; `exposures` the open share of the same
    weeks. Empty under eight earlier weeks.
    """
    found = _findings(table, exposures)
    if found.house is None and not found.themes:
        return found
    known: set[tuple[str | None, Verdict]] = set()
    for age in range(1, SILENT_WEEKS + 1):
        earlier = _findings({t: s[:-age] for t, s in table.items()}, exposures[:-age])
        known |= {(f.theme, f.verdict) for f in (*earlier.themes, earlier.house) if f}
    return Findings(
        found.house and replace(found.house, repeated=(None, found.house.verdict) in known),
        tuple(replace(f, repeated=(f.theme, f.verdict) in known) for f in found.themes),
    )


def _findings(table: Table, exposures: Sequence[float]) -> Findings:
    weeks = len(exposures) - 1
    if weeks < JUDGED_FROM_WEEKS or not table:
        return Findings()
    house = house_wide(table, exposures)
    open_now = house_exposures(table, exposures)
    tested = _tests(table, open_now, 1)
    if weeks >= JUDGED_FROM_WEEKS + 3:
        tested += _tests(table, open_now, 4)
    # Judged by theme, each by the better of its tests: were the tests judged one by one, a theme
    # found by both would let twice as many false ones in.
    best = dict.fromkeys(table, 1.0)
    for finding in tested:
        if finding.theme is not None:
            best[finding.theme] = min(best[finding.theme], _shared(finding))
    limit = largest_accepted(best.values())
    chosen: dict[str | None, Finding] = {}
    for finding in tested:  # the one-week tests come first: they are the plainer news
        if _shared(finding) <= limit and finding.large:
            chosen.setdefault(finding.theme, finding)
    ranked = sorted(chosen.values(), key=lambda f: (-abs(f.count - f.usual), f.theme or ""))
    return Findings(house, tuple(ranked))


def _shared(finding: Finding) -> float:
    """Its p-value, corrected for the theme's other test (Bonferroni with unequal parts)."""
    return min(1.0, finding.p / PARTS[finding.weeks])


def _tests(table: Table, exposures: Sequence[float], weeks: int) -> list[Finding]:
    """One test per theme of its last `weeks` weeks against all earlier ones."""
    before, now = exposures[:-weeks], exposures[-weeks:]
    usual = levels({theme: counts[:-weeks] for theme, counts in table.items()}, before)
    return [
        _test(theme, sum(counts[-weeks:]), usual[theme], now) for theme, counts in table.items()
    ]


def _test(theme: str | None, count: int, level: Level, now: Sequence[float]) -> Finding:
    mean = level.mean(now)
    p = two_sided_mid_p(count, mean, level.total_alpha(now))
    return Finding(theme, count, mean, len(now), p)


def house_wide(table: Table, exposures: Sequence[float]) -> Finding | None:
    """Did all contacts together change? None when not, or not by much."""
    total = sum_series(table.values(), len(exposures))
    level = levels({"": total[:-1]}, exposures[:-1])[""]
    finding = _test(None, total[-1], level, exposures[-1:])
    return finding if finding.p < HOUSE_P and finding.large else None


def house_exposures(table: Table, exposures: Sequence[float]) -> list[float]:
    """The exposures, the last four multiplied by what the whole house did in those weeks.

    A busy week in the whole house is one finding, not thirty.
    """
    adjusted = list(exposures)
    for age in range(min(4, len(exposures) - JUDGED_FROM_WEEKS)):
        end = len(exposures) - age
        then = {theme: counts[:end] for theme, counts in table.items()}
        if house_wide(then, exposures[:end]):
            adjusted[end - 1] *= _common_ratio(then, exposures[:end])
    return adjusted


def _common_ratio(table: Table, exposures: Sequence[float]) -> float:
    """How much the large themes changed together in the last week; 1 when too few can tell."""
    usual = levels({theme: counts[:-1] for theme, counts in table.items()}, exposures[:-1])
    means = {theme: usual[theme].mean(exposures[-1:]) for theme in table}
    ratios = [table[theme][-1] / mean for theme, mean in means.items() if mean >= LARGE]
    return max(0.05, median(ratios)) if len(ratios) >= LARGE_THEMES else 1.0
