"""What moved a score: each segment's rate effect and mix effect, which add up to the change.

With w a segment's share of the answers, s its score and S the whole's, before (0) and after (1):

    rate = ½(w₀+w₁)(s₁−s₀)                the same customers score differently
    mix  = (w₁−w₀)(½(s₀+s₁) − ½(S₀+S₁))   other customers answered

Kitagawa (1955), 'Components of a difference between two rates'; as a two-factor Shapley value it
is symmetric in time. The sum over segments of rate + mix is exactly S₁ − S₀.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.distributions import two_sided_normal_p
from chalicelib.insights.ratings import ENDS, Question, least_squares

FALSE_SHARE = 0.05  # of the causes told: stricter than elsewhere, for a cause is acted upon
CLEAR_P = 0.01  # of the whole score; a digest has three of them
SEGMENT_FROM = 10  # answers in both periods; smaller segments are told together
OTHERS = ""  # the name of the smaller segments together


@dataclass(frozen=True)
class Answers:
    """n answers on a scale with their sum and sum of squares. NPS counts 100, 0 and -100."""

    n: int = 0
    total: int = 0
    squares: int = 0

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def least_squares(self) -> int:
        """What whole answers with this sum must have at least; NPS always has it."""
        return least_squares(self.total, self.n)

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.n + other.n, self.total + other.total, self.squares + other.squares)


@dataclass(frozen=True)
class Part:
    """What one segment did to the whole score, in its points. `segment` OTHERS: the small ones.

    `confirmed`: its own score changed by more than chance, with all segments tested together.
    """

    segment: str
    before: Answers
    after: Answers
    rate: float
    mix: float
    confirmed: bool

    @property
    def effect(self) -> float:
        return self.rate + self.mix


@dataclass(frozen=True)
class Movement:
    """A score's change by segments, the largest effect first. Sum of the effects = after - before.

    `rate` and `mix` are the sums over the segments; `error` is the standard error of the change.
    """

    question: Question
    before: Answers
    after: Answers
    parts: tuple[Part, ...]
    error: float

    @property
    def clear(self) -> bool:
        """True where the score itself changed by more than chance: only then is there a why."""
        return two_sided_normal_p(self.change / self.error) < CLEAR_P

    @property
    def change(self) -> float:
        return (self.after.mean or 0.0) - (self.before.mean or 0.0)

    @property
    def rate(self) -> float:
        return sum(part.rate for part in self.parts)

    @property
    def mix(self) -> float:
        return sum(part.mix for part in self.parts)


def answers(measures: Mapping[str, int], question: Question) -> Answers:
    """One question's answers from summed measures."""
    if question != "nps":
        return Answers(*(measures.get(f"{question}:{part}", 0) for part in ("n", "sum", "sumsq")))
    promoters, passives, detractors = (
        measures.get(f"nps:{group}", 0) for group in ("promoter", "passive", "detractor")
    )
    return Answers(
        promoters + passives + detractors,
        100 * (promoters - detractors),
        10_000 * (promoters + detractors),
    )


def movement(
    before: Mapping[str, Mapping[str, int]],
    after: Mapping[str, Mapping[str, int]],
    question: Question,
) -> Movement | None:
    """Split a score's change by segment; `before` and `after` are segment -> summed measures.

    None where either period has under ten answers, or answers whose squares were not counted yet.
    """
    old, new = _segments(before, after, question)
    if any(part.n and part.squares < part.least_squares for part in (*old.values(), *new.values())):
        return None
    whole = sum(old.values(), Answers()), sum(new.values(), Answers())
    if min(part.n for part in whole) < SEGMENT_FROM:
        return None
    confirmed = discoveries(
        {name: _p_value(old[name], new[name], question) for name in old if name != OTHERS},
        FALSE_SHARE,
    )
    parts = [_part(name, old[name], new[name], whole, name in confirmed) for name in old]
    parts.sort(key=lambda part: (-abs(part.effect), part.segment))
    return Movement(question, *whole, tuple(parts), _error(*whole, question))


def _segments(
    before: Mapping[str, Mapping[str, int]],
    after: Mapping[str, Mapping[str, int]],
    question: Question,
) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """Answers by segment in both periods, the small segments added up under OTHERS."""
    sums: tuple[dict[str, Answers], dict[str, Answers]] = ({}, {})
    for name in sorted({*before, *after}):
        pair = [answers(period.get(name, Counter()), question) for period in (before, after)]
        if not any(part.n for part in pair):
            continue
        place = name if min(part.n for part in pair) >= SEGMENT_FROM else OTHERS
        for held, part in zip(sums, pair, strict=True):
            held[place] = held.get(place, Answers()) + part
    return sums


def _part(
    name: str, old: Answers, new: Answers, whole: tuple[Answers, Answers], confirmed: bool
) -> Part:
    w0, w1 = old.n / whole[0].n, new.n / whole[1].n
    # Nobody answered in one period: then its score cannot have changed, only its share did.
    s0 = old.mean if old.mean is not None else new.mean or 0.0
    s1 = new.mean if new.mean is not None else s0
    centre = ((whole[0].mean or 0.0) + (whole[1].mean or 0.0)) / 2
    return Part(
        name,
        old,
        new,
        rate=(w0 + w1) / 2 * (s1 - s0),
        mix=(w1 - w0) * ((s0 + s1) / 2 - centre),
        confirmed=confirmed,
    )


def _p_value(old: Answers, new: Answers, question: Question) -> float:
    """Two-sided, of no change in the score."""
    return two_sided_normal_p(((new.mean or 0.0) - (old.mean or 0.0)) / _error(old, new, question))


def _error(old: Answers, new: Answers, question: Question) -> float:
    """The standard error of the difference of two scores."""
    return math.sqrt(_variance(old, question) + _variance(new, question))


def _variance(part: Answers, question: Question) -> float:
    """Of the mean, with pseudo-answers at the ends as in `ratings`: equal answers are not sure."""
    low, high = (-100, 100) if question == "nps" else ENDS[question]
    added = 1.5 if question == "nps" else 1.0  # for NPS another 1½ in the middle, worth 0
    size = part.n + (3.0 if question == "nps" else 1.0)
    centre = (part.total + added * (low + high) / 2) / size
    second = (part.squares + added * (low * low + high * high) / 2) / size
    return (second - centre * centre) / size
