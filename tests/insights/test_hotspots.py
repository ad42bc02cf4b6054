"""Hot spots: seldom where nothing is hot, and found where something is."""

from __future__ import annotations

import random

from chalicelib.insights.hotspots import hot_spots


def _week(rng: random.Random, hot: float = 0.2) -> dict[str, tuple[int, int]]:
    """Twenty touchpoints of ordinary variation round 20 % negative; the first has `hot`."""
    week = {}
    for number in range(20):
        n = 80 if number == 0 else rng.randint(10, 150)
        p = hot if number == 0 else rng.betavariate(40, 160)
        week[f"p{number}"] = (sum(rng.random() < p for _ in range(n)), n)
    return week


def test_ordinary_variation_is_seldom_hot() -> None:
    rng = random.Random(1)
    assert sum(len(hot_spots(_week(rng))) for _ in range(400)) / 400 <= 0.15


def test_twice_the_share_is_found() -> None:
    rng = random.Random(2)
    found = [hot_spots(_week(rng, 0.4)) for _ in range(200)]
    assert sum(any(s.touchpoint == "p0" for s in spots) for spots in found) / 200 >= 0.6
    spot = next(s for spots in found for s in spots if s.touchpoint == "p0")
    assert 0 < spot.excess < spot.negative


def test_few_touchpoints_or_few_bad_experiences_have_no_hot_spot() -> None:
    assert hot_spots({"a": (50, 60), "b": (1, 60)}) == ()
    assert hot_spots({"a": (4, 4), "b": (0, 300), "c": (0, 300), "d": (0, 0)}) == ()
    assert hot_spots({}) == ()
