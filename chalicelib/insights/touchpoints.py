"""Touchpoints: the journey's moments, their sentiment, their targets, and their silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.insights import PUBLISHED_FROM
from chalicelib.insights.proportion import Share, share
from chalicelib.insights.ratings import QUESTIONS, score
from chalicelib.insights.themes import judged
from chalicelib.organisation import Touchpoint
from chalicelib.summary import Summary


class Standing(StrEnum):
    """A result beside its target."""

    MET = "met"
    MISSED = "missed"
    NEAR = "near"  # the target lies within the margin of error


@dataclass(frozen=True)
class TargetResult:
    """`kind` is nps, csat, ces or wait_s; `margin` is None for waits, where all are measured."""

    kind: str
    value: float
    target: float
    n: int
    standing: Standing
    margin: float | None = None


@dataclass(frozen=True)
class Moment:
    """One touchpoint's week."""

    touchpoint: str
    contacts: int
    negative: Share | None
    targets: tuple[TargetResult, ...]


@dataclass(frozen=True)
class Journey:
    """`heard` in the journey's order; `small` and `silent` had 1-4 and no contacts."""

    heard: tuple[Moment, ...]
    small: tuple[str, ...]
    silent: tuple[str, ...]


def journey(week: Summary, touchpoints: Sequence[Touchpoint]) -> Journey:
    """One week's summary along the organisation's touchpoints."""
    groups = week.by(lambda cell: cell.touchpoint)
    heard: list[Moment] = []
    small: list[str] = []
    silent: list[str] = []
    for touchpoint in touchpoints:
        measures = groups.get(touchpoint.id, Counter())
        contacts = measures["contacts"]
        if contacts >= PUBLISHED_FROM:
            negative = share(measures["negative"], judged(measures))
            enough = negative is not None and negative.n >= PUBLISHED_FROM
            heard.append(
                Moment(
                    touchpoint.id,
                    contacts,
                    negative if enough else None,
                    target_results(measures, touchpoint),
                )
            )
        else:
            (small if contacts else silent).append(touchpoint.id)
    return Journey(tuple(heard), tuple(small), tuple(silent))


def target_results(measures: Counter[str], touchpoint: Touchpoint) -> tuple[TargetResult, ...]:
    """Each target that the touchpoint has and that enough answers can be held against."""
    results = []
    for question in QUESTIONS:
        target = getattr(touchpoint.targets, question)
        result = score(measures, question)
        if target is None or result.value is None or result.margin is None:
            continue
        results.append(
            TargetResult(
                question,
                result.value,
                target,
                result.n,
                standing(result.value, result.margin, target),
                result.margin,
            )
        )
    waits, target = measures["wait:n"], touchpoint.targets.wait_s
    if target is not None and waits >= PUBLISHED_FROM:
        mean = measures["wait:sum_s"] / waits
        met = Standing.MET if mean <= target else Standing.MISSED
        results.append(TargetResult("wait_s", mean, target, waits, met))
    return tuple(results)


def standing(value: float, margin: float, target: float) -> Standing:
    """Met or missed only where the whole margin lies on one side of the target."""
    if value - margin >= target:
        return Standing.MET
    return Standing.MISSED if value + margin < target else Standing.NEAR
