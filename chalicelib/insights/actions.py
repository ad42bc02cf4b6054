"""Did the fix work: a theme's contacts before and after a dated action, against other themes.

    d_t = ln((y_t + ½) / (c_t + ½)),  effect = exp(mean after − mean before)

with y the theme's contacts and c those of comparison themes that the fix does not touch: what
happens to the whole house (a holiday, a busy month) happens to both. The interval is Student's t
of the two means' difference with pooled variance, n − 2 degrees of freedom (a difference-in-
differences on the log scale; it assumes parallel trends). The week of the action and the weeks
that made somebody act are left out: a week chosen for being bad is followed by a better one
whatever is done (regression to the mean).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean

from chalicelib.insights.distributions import student_quantile
from chalicelib.insights.weeks import IsoWeek

BEFORE_WEEKS, AFTER_WEEKS = 8, 3  # the fewest that may be judged
SETTLED_WEEKS = 8  # after so many weeks the result is final
TRIGGER_WEEKS = 2  # left out before the action
COMPARED_FROM = 10  # contacts a week of the comparison themes together
CONFIDENCE = 0.95


class Outcome(StrEnum):
    """What may be said of a fix."""

    HELPED = "helped"
    HURT = "hurt"
    NO_EFFECT_SEEN = "no effect seen"  # not proof that there is none
    TOO_EARLY = "too early"
    NOT_COMPARABLE = "not comparable"  # too little history, or nothing to compare with


@dataclass(frozen=True)
class Effect:
    """A fix's result so far. `change` is relative: -0.38 is 38 % fewer contacts than expected.

    `low` and `high` are its 95 % interval; the three are None where nothing may be judged.
    `weeks_after` counts whole weeks since the week of the action.
    """

    action: str
    theme: str
    outcome: Outcome
    weeks_after: int
    change: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def preliminary(self) -> bool:
        return self.weeks_after < SETTLED_WEEKS


def effect(
    action: str,
    theme: str,
    done: date,
    compare_with: Sequence[str],
    table: Mapping[str, Sequence[int]],
    week: IsoWeek,
) -> Effect | None:
    """The effect of an action on its theme; None where it is not done by the end of `week`.

    `table` is theme -> weekly contacts, oldest first, `week` last. `compare_with` empty means all
    other themes.
    """
    weeks = len(next(iter(table.values()), ()))
    after = (week.monday - IsoWeek.of(done).monday).days // 7
    if done > week.sunday:
        return None
    before = weeks - after - 1 - TRIGGER_WEEKS
    if after < AFTER_WEEKS:
        return Effect(action, theme, Outcome.TOO_EARLY, after)
    others = [t for t in (compare_with or table) if t != theme and t in table]
    compared = [sum(table[t][place] for t in others) for place in range(weeks)]
    if before < BEFORE_WEEKS or theme not in table or fmean(compared) < COMPARED_FROM:
        return Effect(action, theme, Outcome.NOT_COMPARABLE, after)
    logs = [math.log((y + 0.5) / (c + 0.5)) for y, c in zip(table[theme], compared, strict=True)]
    middle, low, high = (math.expm1(x) for x in _difference(logs[:before], logs[-after:]))
    outcome = Outcome.HELPED if high < 0 else Outcome.HURT if low > 0 else Outcome.NO_EFFECT_SEEN
    return Effect(action, theme, outcome, after, middle, low, high)


def _difference(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """Mean after − mean before, with its interval."""
    gap = fmean(after) - fmean(before)
    squares = sum((x - fmean(part)) ** 2 for part in (before, after) for x in part)
    free = len(before) + len(after) - 2
    error = math.sqrt(squares / free * (1 / len(before) + 1 / len(after)))
    reach = student_quantile((1 + CONFIDENCE) / 2, free) * error
    return gap, gap - reach, gap + reach
