"""Effort: where customers have to struggle to be helped.

The share of contacts that took high effort (contacting again, waiting, explaining once more), by
theme and by touchpoint, of those whose effort the text tells; four weeks, for it is rare. A place
is told where its share surely exceeds that of all other contacts (`contrast`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.experience import LEVELS
from chalicelib.insights.contrast import FALSE_SHARE, contrasts
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.solicited import asked
from chalicelib.summary import UNSURE, Summary

_TOLD = tuple(f"effort:{level}" for level in LEVELS)
_HIGH = _TOLD[-1]


class Where(StrEnum):
    """What a place of struggle is."""

    THEME = "theme"
    TOUCHPOINT = "touchpoint"


Pair = tuple[str, str]  # theme, touchpoint
Counts = tuple[int, int]


@dataclass(frozen=True)
class Struggle:
    """High effort among `share.n` contacts of one place, and in `rest` of all others."""

    where: Where
    id: str
    share: Share
    rest: Share


@dataclass(frozen=True)
class Effort:
    """Four weeks; `whole` is of the contacts whose effort was told."""

    whole: Share
    struggles: tuple[Struggle, ...]


def effort(weeks: Summary) -> Effort | None:
    """High effort in these weeks, survey answers left out; None where no effort was told."""
    table = _counts(weeks)
    high, told = _sum(table.values())
    whole = share(high, told)
    if whole is None:
        return None
    themes = _told(table, Where.THEME)
    # A theme that happens at one place would be told twice: places are judged without it.
    hard = {one.id for one in themes}
    rest = {pair: counts for pair, counts in table.items() if pair[0] not in hard}
    return Effort(whole, (*themes, *_told(rest, Where.TOUCHPOINT)))


def _told(table: Mapping[Pair, Counts], where: Where) -> tuple[Struggle, ...]:
    """The themes, or touchpoints, of a table that surely stand out of it."""
    place = 0 if where is Where.THEME else 1
    groups: dict[str, Counts] = {}
    for pair, (high, told) in table.items():
        before = groups.get(pair[place], (0, 0))
        groups[pair[place]] = (before[0] + high, before[1] + told)
    whole = _sum(groups.values())
    groups.pop(UNSURE, None)
    found = contrasts(
        groups, dict.fromkeys(groups, whole), higher_only=True, q=FALSE_SHARE / len(Where)
    )
    return tuple(Struggle(where, one.group, one.own, one.rest) for one in found)


def _sum(counts: Iterable[Counts]) -> Counts:
    every = list(counts)
    return sum(high for high, _ in every), sum(told for _, told in every)


def _counts(weeks: Summary) -> dict[Pair, Counts]:
    """(theme, touchpoint) -> contacts of high effort, and of told effort."""
    table: dict[Pair, Counts] = {}
    for cell, measures in weeks:
        told = sum(measures.get(name, 0) for name in _TOLD)
        if told and not asked(cell.channel):
            pair = (cell.theme, cell.touchpoint)
            before = table.get(pair, (0, 0))
            table[pair] = (before[0] + measures.get(_HIGH, 0), before[1] + told)
    return table
