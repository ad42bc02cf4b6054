"""Silent customers: a pause is unusual for the customer's own rhythm, and told once."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from chalicelib.insights.silent import newly_silent, probability

TODAY = date(2026, 11, 22)
BEFORE = TODAY - timedelta(days=7)


def _rhythm(every: int, contacts: int, silent_days: int) -> list[date]:
    last = TODAY - timedelta(days=silent_days)
    return [last - timedelta(days=every * back) for back in range(contacts - 1, -1, -1)]


def test_a_pause_is_judged_by_the_customers_own_rhythm() -> None:
    contacts = {
        "weekly": _rhythm(7, 20, 25),
        "monthly": _rhythm(30, 10, 25),
        "once": [TODAY - timedelta(days=300)],
    }
    found = newly_silent(contacts, TODAY, BEFORE)
    assert [one.customer for one in found] == ["weekly"]
    assert (found[0].contacts, found[0].silent_days, found[0].usual_gap_days) == (20, 25, 7.0)


def test_a_silence_is_told_once() -> None:
    contacts = {"weekly": _rhythm(7, 20, 90), "other": _rhythm(10, 5, 2)}
    assert newly_silent(contacts, TODAY, BEFORE) == ()
    assert newly_silent({}, TODAY, BEFORE) == ()


def test_the_probability_is_that_of_a_pause_when_the_rhythm_goes_on() -> None:
    """Rates drawn from the gamma prior: pauses beyond the 5 % point are seen in 5 %."""
    rng = random.Random(1)
    beyond = 0
    for _ in range(4000):
        rate = rng.gammavariate(2, 1 / 20)  # the prior: shape 2, worth one gap of β = 20 days
        gaps = [rng.expovariate(rate) for _ in range(5)]
        pause = rng.expovariate(rate)
        beyond += (1 + pause / (20 + sum(gaps))) ** -(2 + 5) < 0.05
    assert beyond / 4000 == pytest.approx(0.05, abs=0.012)
    assert probability(0, 5, 100, 20) == 1.0
    assert probability(30, 5, 100, 20) == pytest.approx((1 + 30 / 120) ** -7)
