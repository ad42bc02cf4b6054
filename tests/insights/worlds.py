"""Invented weeks with known truth: overdispersed counts of thirty themes."""

from __future__ import annotations

import math
import random

MEANS = [2 * (200 / 2) ** (number / 29) for number in range(30)]  # 2 to 200 contacts a week
ALPHA = 0.05


def count(rng: random.Random, mean: float, alpha: float = ALPHA) -> int:
    """A negative-binomial count: a Poisson whose mean is gamma-distributed."""
    if mean <= 0:
        return 0
    level = rng.gammavariate(1 / alpha, mean * alpha) if alpha else mean
    return poisson(rng, level)


def poisson(rng: random.Random, mean: float) -> int:
    """By Knuth's product for small means, by a rounded normal above 60."""
    if mean > 60:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        number += 1
    return number


def table(
    rng: random.Random,
    weeks: int,
    means: list[float] | None = None,
    alpha: float = ALPHA,
) -> dict[str, list[int]]:
    """Theme -> weekly counts, in a world where nothing changes."""
    return {
        f"t{number:02d}": [count(rng, mean, alpha) for _ in range(weeks)]
        for number, mean in enumerate(means or MEANS)
    }
