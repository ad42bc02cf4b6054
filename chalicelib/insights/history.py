"""History: the week and the 26 before it, by theme, read from a summary in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.insights.solicited import asked
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Summary, contacts_by_day

BASELINE_WEEKS = 26
JUDGED_FROM_WEEKS = 8  # with fewer earlier weeks, counts are shown and nothing is claimed
MEASURES = ("contacts", "negative", "neutral", "positive")
DEMAND = ("failure", "known")  # contacts by what their demand was told to be; surveys left out

Series = Sequence[int]  # one count a week, oldest first, the week of interest last


@dataclass(frozen=True)
class History:
    """Weekly counts, oldest first; every series has `weeks + 1` numbers, this week last.

    `weeks` is the number of whole earlier weeks since the first contact, 0..26: a week before
    the organisation had its first source is not a week of zero contacts.
    """

    week: IsoWeek
    weeks: int
    daily: Mapping[date, int]  # contacts by local day
    by_theme: Mapping[str, Mapping[str, Series]]  # measure or DEMAND -> theme -> series

    @property
    def judged(self) -> bool:
        return self.weeks >= JUDGED_FROM_WEEKS

    def total(self, measure: str) -> Series:
        """The series of all themes together."""
        return sum_series(self.by_theme[measure].values(), self.weeks + 1)


def sum_series(series: Iterable[Series], length: int) -> tuple[int, ...]:
    """Week by week sum of many series of one length."""
    sums = [0] * length
    for one in series:
        for place, count in enumerate(one):
            sums[place] += count
    return tuple(sums)


def history(summary: Summary, week: IsoWeek, at_most: int = BASELINE_WEEKS) -> History:
    """Read the week and up to `at_most` whole weeks before it."""
    counts = _by_theme_and_age(summary, week)
    daily = {day: n for day, n in contacts_by_day(summary).items() if day <= week.sunday}
    weeks = min(at_most, _whole_weeks(daily, week))
    return History(
        week,
        weeks,
        daily,
        {
            measure: {
                theme: tuple(by_age.get(age, _NOTHING)[place] for age in range(weeks, -1, -1))
                for theme, by_age in sorted(counts.items())
                if any(row[place] for row in by_age.values())
            }
            for place, measure in enumerate(_COLUMNS)
        },
    )


_COLUMNS = (*MEASURES, *DEMAND)
_KNOWN, _FAILURE = _COLUMNS.index("known"), _COLUMNS.index("failure")
_NOTHING = [0] * len(_COLUMNS)


def _by_theme_and_age(summary: Summary, week: IsoWeek) -> dict[str, dict[int, list[int]]]:
    """theme -> weeks before `week` -> a count for each of _COLUMNS. Goes through every cell."""
    ages = {day: (week.sunday - day).days // 7 for day in {cell.day for cell in summary.cells}}
    counts: dict[str, dict[int, list[int]]] = {}
    for cell, measures in summary:
        age = ages[cell.day]
        if age < 0:
            continue
        by_age = counts.setdefault(cell.theme, {})
        row = by_age.get(age)
        if row is None:
            row = by_age[age] = [0] * len(_COLUMNS)
        for place, measure in enumerate(MEASURES):
            if measure in measures:
                row[place] += measures[measure]
        if cell.demand in {"failure", "value"} and not asked(cell.channel):
            contacts = measures.get("contacts", 0)
            row[_KNOWN] += contacts
            row[_FAILURE] += contacts if cell.demand == "failure" else 0
    return counts


def _whole_weeks(daily: Mapping[date, int], week: IsoWeek) -> int:
    """Whole weeks from the first contact until `week`."""
    first = min((day for day, contacts in daily.items() if contacts), default=week.sunday)
    # A first week that began midweek would look like a quiet one.
    start = first if first.weekday() == 0 else IsoWeek.of(first).back(-1).monday
    return max(0, min(BASELINE_WEEKS, (week.monday - start).days // 7))
