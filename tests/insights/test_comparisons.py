"""What may be said of two weeks: known answers, and simulated weeks with a known truth."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.insights.exposure import exposure, public_holidays
from chalicelib.insights.history import history
from chalicelib.insights.last_week import rate_ratio, total_versus_last_week, versus_last_week
from chalicelib.insights.usual import versus_usual
from chalicelib.insights.verdict import Verdict
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Summary

MONDAY = date(2026, 11, 16)
WEEK = IsoWeek(MONDAY)
MEANS: tuple[int, ...] = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 25, 28)
MEANS += (30, 35, 40, 45, 50, 55, 60, 70, 80, 90, 100, 120, 140, 170, 200)
ALPHA = 0.05

Table = dict[str, list[int]]


def draw(chance: random.Random, mean: float) -> int:
    """A negative binomial count with overdispersion ALPHA."""
    mean *= chance.gammavariate(1 / ALPHA, ALPHA)
    if mean > 60:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    count, left = 0, chance.expovariate(1)
    while left < mean:
        count += 1
        left += chance.expovariate(1)
    return count


def quiet_year(chance: random.Random, last: float = 1.0) -> Table:
    """27 weeks of 30 themes; the last week's means are multiplied by `last`."""
    return {
        f"theme-{mean}": [draw(chance, mean) for _ in range(26)] + [draw(chance, mean * last)]
        for mean in MEANS
    }


def test_a_week_is_named_by_its_monday() -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        IsoWeek(date(2026, 11, 17))
    assert IsoWeek.of(date(2026, 11, 22)) == WEEK


@pytest.mark.parametrize(
    ("monday", "name"),
    [(date(2024, 12, 30), "2025-W01"), (date(2026, 12, 28), "2026-W53"), (MONDAY, "2026-W47")],
)
def test_iso_week_numbers_around_new_year(monday: date, name: str) -> None:
    assert str(IsoWeek(monday)) == name


def test_rate_ratio_gives_the_worked_example() -> None:
    ratio = rate_ratio(30, 20, alpha=0)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((1.488, 0.849, 2.608), abs=5e-3)


def test_rate_ratio_of_a_half_open_week() -> None:
    assert rate_ratio(20, 40, alpha=0, open_ratio=0.5).value == pytest.approx(1.0, abs=0.02)


def test_under_eight_weeks_numbers_stand_alone() -> None:
    table: Table = {"theme": [10] * 7 + [90]}
    assert versus_last_week(table, [1.0] * 8)["theme"].verdict is Verdict.UNJUDGED
    assert versus_usual(table, [1.0] * 8).themes == ()


def test_from_eight_weeks_on_they_are_judged() -> None:
    table: Table = {"theme": [10] * 8 + [90]}
    assert versus_last_week(table, [1.0] * 9)["theme"].verdict is Verdict.MORE
    finding = versus_usual(table, [1.0] * 9).of("theme")
    assert finding is not None
    assert (finding.verdict, finding.count, round(finding.usual)) == (Verdict.MORE, 90, 10)


def test_the_first_week_has_nothing_to_compare_with() -> None:
    change = total_versus_last_week([12], [1.0])
    assert (change.before, change.verdict) == (None, Verdict.ALONE)


def test_a_small_difference_is_never_news() -> None:
    # 4 more is under five contacts, however rare.
    assert versus_usual({"theme": [0] * 26 + [4]}, [1.0] * 27).themes == ()


def test_a_holiday_week_is_no_fall() -> None:
    table: Table = {f"theme-{n}": [100] * 26 + [40] for n in range(10)}
    half_open = [1.0] * 26 + [0.4]
    assert versus_usual(table, half_open).themes == ()
    assert versus_last_week(table, half_open)["theme-1"].verdict is Verdict.SAME


def test_what_was_found_last_week_is_told_as_known() -> None:
    chance = random.Random(3)
    steady: Table = {f"theme-{n}": [draw(chance, 30) for _ in range(27)] for n in range(10)}
    new = versus_usual(steady | {"risen": [30] * 26 + [120]}, [1.0] * 27).of("risen")
    known = versus_usual(steady | {"risen": [30] * 25 + [120, 120]}, [1.0] * 27).of("risen")
    assert new is not None
    assert known is not None
    assert (new.repeated, known.repeated) == (False, True)


def test_false_alarms_are_rare_when_nothing_changes() -> None:
    chance, digests = random.Random(1), 100
    found = [versus_usual(quiet_year(chance), [1.0] * 27) for _ in range(digests)]
    alarms = sum(not f.repeated for findings in found for f in findings.themes)
    assert alarms / digests <= 0.25
    assert sum(findings.house is not None for findings in found) <= 3


def test_a_doubling_at_mean_20_is_found_by_its_fourth_week() -> None:
    chance, runs = random.Random(2), 40
    found = [weeks_until_found(chance, "theme-20", 20) for _ in range(runs)]
    assert sum(week == 1 for week in found) / runs >= 0.3
    assert sum(week is not None for week in found) / runs >= 0.9


def weeks_until_found(chance: random.Random, theme: str, mean: int) -> int | None:
    table = quiet_year(chance)
    for week in range(1, 5):
        for name, series in table.items():
            usual = int(name.removeprefix("theme-"))
            series.append(draw(chance, mean * 2 if name == theme else usual))
        if versus_usual({n: s[-27:] for n, s in table.items()}, [1.0] * 27).of(theme):
            return week
    return None


def test_a_busy_week_of_the_whole_house_is_one_finding() -> None:
    chance, digests = random.Random(4), 20
    found = [versus_usual(quiet_year(chance, last=1.6), [1.0] * 27) for _ in range(digests)]
    assert all(findings.house for findings in found)
    assert sum(len(findings.themes) for findings in found) / digests <= 0.6


def test_last_week_is_rarely_called_different_when_nothing_changes() -> None:
    chance, digests = random.Random(5), 100
    false = 0
    for _ in range(digests):
        changes = versus_last_week(quiet_year(chance), [1.0] * 27).values()
        false += any(c.verdict is not Verdict.SAME for c in changes)
    assert false / digests <= 0.1


def test_public_holidays_of_finland_and_of_nowhere() -> None:
    assert date(2026, 12, 6) in public_holidays("FI", [2026])  # Independence Day
    assert public_holidays("XX", [2026]) == set()


def test_a_holiday_counts_as_a_sunday() -> None:
    weekly = (20, 20, 20, 20, 20, 0, 0)
    daily = {
        day: count
        for age in range(1, 11)
        for day, count in zip(WEEK.back(age).days, weekly, strict=True)
    }
    closed = {MONDAY, MONDAY + timedelta(days=1)}
    *before, now = exposure(daily, WEEK, 10, closed)
    assert before == pytest.approx([1.0] * 10)
    assert now == pytest.approx(0.6, abs=0.05)


def summary_of(days: dict[date, int], theme: str = "theme") -> Summary:
    return Summary(
        {Cell(d, theme, "unsure", "chat", "unsure"): {"contacts": n} for d, n in days.items()}
    )


def test_history_starts_with_the_first_whole_week() -> None:
    wednesday = WEEK.back(3).monday + timedelta(days=2)
    past = history(summary_of({wednesday: 5, MONDAY: 7}), WEEK)
    assert past.weeks == 2
    assert past.by_theme["contacts"]["theme"] == (0, 0, 7)


def test_history_from_a_monday_counts_that_week() -> None:
    past = history(summary_of({WEEK.back(3).monday: 5, MONDAY: 7}), WEEK)
    assert past.by_theme["contacts"]["theme"] == (5, 0, 0, 7)


def test_an_empty_summary_has_no_history() -> None:
    past = history(Summary(), WEEK)
    assert (past.weeks, past.judged, past.total("contacts")) == (0, False, (0,))


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 26 * 7 + 6), st.sampled_from("abc")), st.integers(1, 50)
    )
)
def test_every_contact_of_the_27_weeks_is_in_the_history(
    counts: dict[tuple[int, str], int],
) -> None:
    first = WEEK.back(26).monday
    counts[0, "a"] = 1
    cells = {
        Cell(first + timedelta(days=age), theme, "unsure", "chat", "unsure"): {"contacts": n}
        for (age, theme), n in counts.items()
    }
    past = history(Summary(cells), WEEK)
    assert sum(past.total("contacts")) == sum(counts.values())
    assert len(past.total("contacts")) == 27
