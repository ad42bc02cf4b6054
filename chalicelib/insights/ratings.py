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

# Scale ends and the answers that count as good.
_SCALES = {"csat": (1, 5, 4), "ces": (1, 7, 5)}
_GOOD = {"csat": "csat:top", "ces": "ces:easy"}


@dataclass(frozen=True)
class Score:
    """One question's result of `n` answers, with its 95 % margin: `value` ± `margin`.

    nps: -100..100. csat: mean 1..5, `good` the share of 4-5. ces: mean ease 1..7, `good` the
    share of 5-7. Under ten answers `value` and `margin` are None: only the count is told.
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
    margin = Z_95 * math.sqrt(largest_variance(total, good, n, _SCALES[question]) / n)
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


def largest_variance(total: int, good: int, n: int, scale: tuple[int, int, int]) -> float:
    """The largest variance that whole answers with this sum and number of good ones can have.

    Summaries hold no sum of squares, so the margin from it is at most this wide. With `x`
    answers at the low end and `y` good answers at the high end, the rest stand at the inner
    ends; the second moment is linear in `x`, so its maximum is at an end of x's range.
    """
    low, high, good_from = scale
    below = good_from - 1
    bad = n - good
    # total = low·x + below·(bad-x) + high·y + good_from·(good-y)
    surplus = total - below * bad - good_from * good  # = (high-good_from)·y - (below-low)·x
    up, down = high - good_from, below - low
    least = max(0.0, -surplus / down)
    most = min(float(bad), (up * good - surplus) / down)
    moments = []
    for x in (least, max(least, most)):
        y = (surplus + down * x) / up
        squares = low**2 * x + below**2 * (bad - x) + high**2 * y + good_from**2 * (good - y)
        moments.append(squares / n)
    return max(0.0, max(moments) - (total / n) ** 2)


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
