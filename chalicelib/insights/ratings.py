"""Ratings: NPS, CSAT and CES with their margins of error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chalicelib.insights import SCORED_FROM
from chalicelib.insights.proportion import Z_95, Z_99, Share, compare, share
from chalicelib.insights.verdict import Verdict

Question = Literal["nps", "csat", "ces"]
QUESTIONS: tuple[Question, ...] = ("nps", "csat", "ces")

ENDS = {"csat": (1, 5), "ces": (1, 7)}
_GOOD = {"csat": "csat:top", "ces": "ces:easy"}


@dataclass(frozen=True)
class Score:
    """One question's result of `n` answers, with its 95 % margin: `value` ± `margin`.

    nps: -100..100. csat: mean 1..5, `good` the share of 4-5. ces: mean ease 1..7, `good` the
    share of 5-7. Under ten answers `value` and `margin` are None: only the count is told. A mean
    has no `margin` where squares were not yet counted, and then nothing may be judged by it.
    """

    question: Question
    n: int
    value: float | None = None
    margin: float | None = None
    good: Share | None = None


def score(measures: Mapping[str, int], question: Question) -> Score:
    """The result of one question from summed measures."""
    if question == "nps":
        return nps(*(measures.get(f"nps:{g}", 0) for g in ("promoter", "passive", "detractor")))
    n = measures.get(f"{question}:n", 0)
    if n < SCORED_FROM:
        return Score(question, n)
    total, good = measures.get(f"{question}:sum", 0), measures.get(_GOOD[question], 0)
    margin = mean_margin(total, measures.get(f"{question}:sumsq", 0), n, ENDS[question])
    return Score(question, n, total / n, margin, share(good, n))


def nps(promoters: int, passives: int, detractors: int) -> Score:
    """Net Promoter Score: % of 9-10 minus % of 0-6, -100..100."""
    n = promoters + passives + detractors
    if n < SCORED_FROM:
        return Score("nps", n)
    return Score("nps", n, 100 * (promoters - detractors) / n, nps_margin(promoters, detractors, n))


def nps_margin(promoters: int, detractors: int, n: int, z: float = Z_95) -> float:
    """How far from the score, in points, its interval reaches: adjusted Wald.

    The interval adds ¾, 1½ and ¾ answers (Rocks 2016, 'Interval estimation for the Net Promoter
    Score', The American Statistician 70). Its centre is not the score itself; the margin reaches
    its farther end, because the score ± its half width would miss too often at few answers.
    """
    size = n + 3
    p, d = (promoters + 0.75) / size, (detractors + 0.75) / size
    half = z * math.sqrt((p + d - (p - d) ** 2) / size)
    return 100 * (half + abs((promoters - detractors) / n - (p - d)))


def mean_margin(total: int, squares: int, n: int, ends: tuple[int, int]) -> float | None:
    """How far from the mean `total / n` its interval reaches, in points of the scale: > 0.

    `squares` is the sum of the squared answers and `ends` the scale's ends. As with the NPS, an
    answer is added: half of one at each end of the scale, so that few and equal answers do not
    look certain; the margin reaches the farther end of the interval round the mean of n + 1.
    It covers the truth .92-.999 of the times at 10-100 answers, skewed ones included (simulated
    in the tests), and .89 at ten answers that are all at one end or the other.

    None where `squares` cannot belong to `total`: the answers were counted, wholly or in part,
    before their squares were.
    """
    mean = total / n
    if squares < least_squares(total, n):
        return None
    low, high = ends
    size = n + 1
    centre = (total + (low + high) / 2) / size
    second = (squares + (low * low + high * high) / 2) / size
    return Z_95 * math.sqrt((second - centre * centre) / size) + abs(mean - centre)


def least_squares(total: int, n: int) -> int:
    """The least sum of squares of n whole answers that sum to `total`: all next to the mean."""
    below, above = divmod(total, n)
    return n * below * below + above * (2 * below + 1)


def compare_scores(
    now: Mapping[str, int], before: Mapping[str, int] | None, question: Question
) -> Verdict:
    """Did the score change from the week before? Judged at 99 %, for a digest has several."""
    if before is None:
        return Verdict.ALONE
    new, old = score(now, question), score(before, question)
    if question != "nps":
        return compare(new.good, old.good, SCORED_FROM)
    if new.value is None or old.value is None:
        return Verdict.UNJUDGED
    margins = [
        nps_margin(m.get("nps:promoter", 0), m.get("nps:detractor", 0), s.n, Z_99)
        for m, s in ((now, new), (before, old))
    ]
    gap = new.value - old.value
    if abs(gap) <= math.hypot(*margins):
        return Verdict.SAME
    return Verdict.MORE if gap > 0 else Verdict.LESS
