"""Drivers: what goes with good and bad ratings, each held against the others. Association only.

Least squares of the CSAT answer (1-5) on the interaction's theme, touchpoint and wait, with a
ridge of one answer a column so that rare columns do not run away. A coefficient is told as the
deviation from the average answer of its kind. Standard errors by leaving one week out (delete-
group jackknife; Efron and Tibshirani 1993, chapter 11): weeks, unlike answers, are independent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.distributions import student_tail
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import DURATION_BINS, UNSURE, Summary, bin_start_s

WEEKS = 26
ANSWERS_FROM = 100  # of a column
WEEKS_FROM = 8
FALSE_SHARE = 0.05
LARGE = 0.2  # points of 1-5: the smallest difference worth a reader's time
RIDGE = 1.0
#: Where the wait bands begin, as duration bins: about 1, 5 and 10 minutes.
BANDS = (0, 8, 13, 15)

Column = tuple[str, str]  # kind, id
Row = tuple[tuple[Column, ...], int, int]  # columns of some answers, their number, their sum


class Kind(StrEnum):
    """What a driver is."""

    THEME = "theme"
    TOUCHPOINT = "touchpoint"
    WAIT = "wait"  # its id is the shortest wait of the band, whole seconds


@dataclass(frozen=True)
class Driver:
    """Something that goes with `effect` points (scale 1-5) above or below the average answer.

    `margin` is that of the 95 % interval; `n` the answers with it, of 26 weeks.
    """

    kind: Kind
    id: str
    effect: float
    margin: float
    n: int


def drivers(summary: Summary, week: IsoWeek) -> tuple[Driver, ...]:
    """What goes with low ratings first, then with high ones; empty with too few answers."""
    by_week = _rows_by_week(summary, week)
    answers: dict[Column, int] = {}
    for columns, n, _ in (row for rows in by_week for row in rows):
        for column in columns:
            answers[column] = answers.get(column, 0) + n
    tested = sorted(column for column, n in answers.items() if n >= ANSWERS_FROM)
    weeks = [rows for rows in by_week if rows]
    if len(weeks) < WEEKS_FROM or len(tested) < 2:
        return ()
    grams = [_gram(rows, tested) for rows in weeks]
    whole = _effects(_sum(grams), tested, answers)
    left_out = [
        _effects(_sum(grams[:out] + grams[out + 1 :]), tested, answers) for out in range(len(grams))
    ]
    found = {}
    p_values = {}
    for place, column in enumerate(tested):
        error = _jackknife([one[place] for one in left_out])
        found[column] = Driver(
            Kind(column[0]), column[1], whole[place], 1.96 * error, answers[column]
        )
        p_values[column] = 2 * student_tail(
            abs(whole[place]) / error if error else math.inf, len(weeks) - 1
        )
    accepted = discoveries(p_values, FALSE_SHARE)
    told = [found[c] for c in accepted if abs(found[c].effect) >= LARGE and c[1] != UNSURE]
    return tuple(sorted(told, key=lambda driver: (driver.effect, driver.id)))


def _rows_by_week(summary: Summary, week: IsoWeek) -> list[list[Row]]:
    """Answers by week, added up over channels and demand."""
    sums: list[dict[tuple[Column, ...], list[int]]] = [{} for _ in range(WEEKS)]
    ages = {day: (week.sunday - day).days // 7 for day in {cell.day for cell in summary.cells}}
    for cell, measures in summary:
        age = ages[cell.day]
        if measures.get("csat:n") and 0 <= age < WEEKS:
            place = (("theme", cell.theme), ("touchpoint", cell.touchpoint))
            for columns, n, total in _answers(measures, place):
                held = sums[age].setdefault(columns, [0, 0])
                held[0] += n
                held[1] += total
    return [[(columns, n, total) for columns, (n, total) in of.items()] for of in sums]


def _answers(measures: Mapping[str, int], place: tuple[Column, ...]) -> Iterable[Row]:
    """A cell's answers by how long their givers had waited, unknown waits last."""
    n, total = measures["csat:n"], measures.get("csat:sum", 0)
    for waited_n, waited_sum, band in _WAITED:
        waited = measures.get(waited_n, 0)
        if waited:
            said = measures.get(waited_sum, 0)
            yield (*place, band), waited, said
            n, total = n - waited, total - said
    if n:
        yield place, n, total


def _band(number: int) -> str:
    return str(round(bin_start_s(max(start for start in BANDS if start <= number))))


#: The names of a duration bin's answers, and the wait band that it belongs to.
_WAITED = [
    (f"wait:csat:{number}:n", f"wait:csat:{number}:sum", ("wait", _band(number)))
    for number in range(DURATION_BINS)
]


# --- least squares ------------------------------------------------------------------------------

Gram = list[list[float]]  # of [1, *columns, y], without y·y, which no coefficient needs


def _gram(rows: Iterable[Row], columns: Sequence[Column]) -> Gram:
    places = {column: place for place, column in enumerate(columns, 1)}
    size = len(columns) + 2
    gram = [[0.0] * size for _ in range(size)]
    for row_columns, n, total in rows:
        held = [0, *(places[column] for column in row_columns if column in places)]
        for i in held:
            for j in held:
                gram[i][j] += n
            gram[i][-1] += total
    return gram


def _sum(grams: Sequence[Gram]) -> Gram:
    return [
        [sum(values) for values in zip(*lines, strict=True)] for lines in zip(*grams, strict=True)
    ]


def _effects(gram: Gram, columns: Sequence[Column], answers: Mapping[Column, int]) -> list[float]:
    """Coefficients as deviations from the average of their own kind."""
    coefficients = solve(gram, RIDGE)[1:]
    centres = {}
    for kind in {kind for kind, _ in columns}:
        own = [(answers[c], b) for c, b in zip(columns, coefficients, strict=True) if c[0] == kind]
        centres[kind] = sum(n * b for n, b in own) / sum(n for n, _ in own)
    return [b - centres[c[0]] for c, b in zip(columns, coefficients, strict=True)]


def solve(gram: Gram, ridge: float) -> list[float]:
    """Coefficients of [1, columns] from a Gram matrix whose last column is [1, columns]'y.

    Gaussian elimination with partial pivoting; the intercept is not shrunk.
    """
    size = len(gram) - 1
    left = [[*line[:size], line[-1]] for line in gram[:size]]
    for i in range(1, size):
        left[i][i] += ridge
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(left[row][i]))
        left[i], left[pivot] = left[pivot], left[i]
        for row in range(i + 1, size):
            factor = left[row][i] / left[i][i]
            if factor:
                left[row] = [a - factor * b for a, b in zip(left[row], left[i], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(left[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (left[i][-1] - known) / left[i][i]
    return found


def _jackknife(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    return math.sqrt(squares * (len(values) - 1) / len(values))
