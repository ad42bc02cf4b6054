"""What failure demand costs: handling minutes, at the organisation's own price of a minute.

Contacts with failure demand times the mean handle time of those that were measured. The interval
joins the uncertainty of both (delta method on the product); what it does not hold is how well the
model tells failure demand from value demand, which the model card states.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.proportion import Z_95
from chalicelib.insights.solicited import asked
from chalicelib.organisation import Price
from chalicelib.summary import UNSURE, Cell, Measures, Summary

MEASURED_FROM = 10  # contacts with a known handle time


@dataclass(frozen=True)
class Range:
    """An estimate with its 95 % interval; all three at least 0."""

    value: float
    low: float
    high: float

    def times(self, low: float, high: float | None = None) -> Range:
        """Multiplied by a factor, or by a factor known only to lie between two numbers."""
        top = low if high is None else high
        return Range(self.value * (low + top) / 2, self.low * low, self.high * top)


@dataclass(frozen=True)
class FailureCost:
    """Handling of `contacts` with failure demand, `measured` of them timed.

    `money` is in the organisation's currency, None without a price. `avoidable` is the part of it
    that fixes could remove, by the shares that the organisation gave its themes; None where no
    theme has one.
    """

    contacts: int
    measured: int
    minutes: Range
    money: Range | None
    avoidable: Range | None
    themes: tuple[tuple[str, float], ...]  # theme -> minutes, the largest first


@dataclass(frozen=True)
class _Handled:
    contacts: int = 0
    timed: int = 0
    total_s: int = 0
    squares_s: int = 0


def failure_cost(
    week: Summary, price: Price | None, avoidable: Mapping[str, tuple[float, float]]
) -> FailureCost | None:
    """The cost of one week's failure demand; None with fewer than ten timed contacts.

    `avoidable` is theme -> lowest and highest removable share of its failure demand.
    """
    failed = [(c, m) for c, m in week if c.demand == "failure" and not asked(c.channel)]
    whole = _handled(failed)
    if whole.timed < MEASURED_FROM:
        return None
    minutes = _minutes(whole)
    mean_minutes = whole.total_s / whole.timed / 60
    by_theme = {
        theme: _handled([(c, m) for c, m in failed if c.theme == theme])
        for theme in {cell.theme for cell, _ in failed} - {UNSURE}
    }
    themes = sorted(
        ((theme, _theme_minutes(part, mean_minutes)) for theme, part in by_theme.items()),
        key=lambda one: (-one[1], one[0]),
    )
    shares = [(spent, *avoidable[theme]) for theme, spent in themes if theme in avoidable]
    removable = None
    if shares and price:
        low, high = (sum(one[0] * one[end] for one in shares) / minutes.value for end in (1, 2))
        removable = minutes.times(low, high).times(price.per_minute)
    return FailureCost(
        whole.contacts,
        whole.timed,
        minutes,
        minutes.times(price.per_minute) if price else None,
        removable,
        tuple(one for one in themes if by_theme[one[0]].contacts >= PUBLISHED_FROM),
    )


def _handled(cells: Iterable[tuple[Cell, Measures]]) -> _Handled:
    sums = [0, 0, 0, 0]
    for _, measures in cells:
        for place, name in enumerate(("contacts", "handle:n", "handle:sum_s", "handle:sumsq_s")):
            sums[place] += measures.get(name, 0)
    return _Handled(*sums)


def _theme_minutes(part: _Handled, usual_minutes: float) -> float:
    """A theme's own mean where enough were timed, else that of all failure demand."""
    enough = part.timed >= MEASURED_FROM
    return part.contacts * (part.total_s / part.timed / 60 if enough else usual_minutes)


def _minutes(part: _Handled) -> Range:
    """Contacts × mean; the contacts were counted, so the mean alone is uncertain."""
    mean = part.total_s / part.timed
    variance = max(0.0, part.squares_s / part.timed - mean * mean) / (part.timed - 1)
    # Those who were not timed are a sample's complement: all timed, nothing is uncertain.
    unknown = 1 - part.timed / max(part.contacts, part.timed)
    reach = Z_95 * math.sqrt(variance * unknown)
    scale = part.contacts / 60
    return Range(mean * scale, max(0.0, mean - reach) * scale, (mean + reach) * scale)
