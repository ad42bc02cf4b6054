"""Those who never answer: unbiased where answering depends on what is seen, and says no more."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date, timedelta

import pytest

from chalicelib.insights.unanswered import Estimate, estimate, response_rates
from chalicelib.insights.weeks import IsoWeek
from chalicelib.summary import Cell, Summary

WEEK = IsoWeek(date(2026, 11, 16))
SATISFIED = {"negative": 0.25, "neutral": 0.6, "positive": 0.9}
ANSWERS = {"negative": 0.05, "neutral": 0.1, "positive": 0.3}  # the pleased answer more often


def _world(
    rng: random.Random, contacts: int, weeks: int = 12, hidden: float = 0.0
) -> tuple[Summary, float]:
    """Weekly contacts, and the true satisfied share of the last four weeks.

    With `hidden`, answering also depends on satisfaction itself, which nobody sees.
    """
    cells: dict[Cell, Counter[str]] = {}
    truth = []
    for age in range(weeks):
        cell = Cell(WEEK.monday - timedelta(weeks=age), "t", "p", "chat", "value")
        measures = cells.setdefault(cell, Counter())
        for _ in range(contacts):
            feeling = rng.choices(list(SATISFIED), (4, 3, 3))[0]
            satisfied = rng.random() < SATISFIED[feeling]
            if age < 4:
                truth.append(satisfied)
            measures[f"heard:{feeling}:unknown"] += 1
            if rng.random() < ANSWERS[feeling] * (1 - hidden * (not satisfied)):
                measures[f"rated:{feeling}:unknown:n"] += 1
                measures[f"rated:{feeling}:unknown:top"] += satisfied
    return Summary(cells), sum(truth) / len(truth)


def _estimate(summary: Summary) -> Estimate:
    found = estimate(summary, WEEK)
    assert found is not None
    return found


def test_unbiased_where_answering_depends_on_what_is_seen() -> None:
    rng = random.Random(1)
    bias = raw = held = 0.0
    for _ in range(120):
        summary, truth = _world(rng, 250)
        found = _estimate(summary)
        bias += found.value - truth
        raw += found.stated.value - truth
        held += found.low <= truth <= found.high
    assert raw / 120 > 0.12
    assert abs(bias / 120) < 0.012
    assert 0.92 <= held / 120 <= 0.99


def test_alike_answers_have_the_interval_of_a_plain_mean() -> None:
    rated = {"rated:neutral:unknown:n": 60, "rated:neutral:unknown:top": 36}
    counts = {"heard:neutral:unknown": 200, **rated}
    days = (WEEK.monday, WEEK.back(4).monday)
    found = _estimate(Summary({Cell(day, "t", "p", "chat", "value"): counts for day in days}))
    reach = 2.000995 * math.sqrt(0.6 * 0.4 / 59)  # Student's t of 59 degrees, R: qt(0.975, 59)
    assert (found.low, found.high) == pytest.approx((0.6 - reach, 0.6 + reach), abs=1e-6)


def test_where_answering_depends_on_satisfaction_the_worse_case_is_nearer() -> None:
    rng = random.Random(2)
    for _ in range(5):
        summary, truth = _world(rng, 400, hidden=0.6)
        found = _estimate(summary)
        assert found.value > truth  # what cannot be seen is not corrected
        assert abs(found.if_worse[0] - truth) < abs(found.value - truth)
        assert found.if_worse[1] < found.if_worse[0] < found.value


def test_what_is_told_of_the_answers() -> None:
    summary, _ = _world(random.Random(3), 250)
    found = _estimate(summary)
    assert found.contacts == 1000
    assert found.response == pytest.approx(found.stated.n / 1000)
    assert found.differs
    rates = response_rates(summary, WEEK)
    assert rates["negative"].value < rates["neutral"].value < rates["positive"].value
    assert sum(rate.n for rate in rates.values()) == 1000


def test_too_few_answers_are_not_extended() -> None:
    rng = random.Random(4)
    assert estimate(_world(rng, 60)[0], WEEK) is None  # some 30 answers in four weeks
    assert estimate(_world(rng, 250, weeks=4)[0], WEEK) is None  # nothing earlier to learn from
    assert estimate(Summary(), WEEK) is None


def test_a_channel_without_an_answer_is_not_guessed() -> None:
    summary, _ = _world(random.Random(5), 250)
    voice = Cell(WEEK.monday, "t", "p", "voice", "value")
    heard = {"heard:negative:unknown": 400}
    assert estimate(summary + Summary({voice: heard}), WEEK) is None
    survey = Cell(WEEK.monday, "t", "p", "survey", "value")
    assert _estimate(summary + Summary({survey: heard})) == _estimate(summary)
