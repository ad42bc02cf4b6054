"""Tail probabilities of counts, in the standard library alone."""

from __future__ import annotations

import math

_TINY = 1e-300


def beta_cdf(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta I_x(a, b), 0..1, for a, b > 0 and 0 <= x <= 1.

    Continued fraction by Lentz's method (Numerical Recipes, 3rd ed., section 6.4).
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    front = math.exp(log_front)
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    result = d
    # Convergence takes about sqrt(max(a, b)) steps; the bound covers counts in the millions.
    for m in range(1, 20_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _nonzero(1 + even * d)
        c = _nonzero(1 + even / c)
        result *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _nonzero(1 + odd * d)
        c = _nonzero(1 + odd / c)
        step = c * d
        result *= step
        if abs(step - 1) < 1e-10:  # far below what a p-value is read to
            break
    return result


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def negative_binomial_cdf(count: int, mean: float, alpha: float) -> float:
    """P(Y <= count) where Y has this mean > 0 and variance mean + alpha mean², alpha > 0."""
    if count < 0:
        return 0.0
    size = 1 / alpha
    return beta_cdf(size, count + 1, size / (size + mean))


def _pmf(count: int, mean: float, alpha: float) -> float:
    size = 1 / alpha
    return math.exp(
        math.lgamma(count + size)
        - math.lgamma(size)
        - math.lgamma(count + 1)
        - size * math.log1p(mean / size)
        + count * (math.log(mean) - math.log(size + mean))
    )


def two_sided_mid_p(count: int, mean: float, alpha: float) -> float:
    """Two-sided mid-p value, 0..1, of a count under the negative binomial above.

    The count's own tail, and of the other side the largest tail that is no likelier (Blaker 2000):
    a small mean leaves no room for an unlikely fall, and doubling would judge its rises too
    mildly. Mid-p counts half of P(Y = count) into a tail.
    """

    def below(k: int) -> float:
        return negative_binomial_cdf(k, mean, alpha) - _pmf(k, mean, alpha) / 2

    lower = below(count)
    own = min(lower, 1 - lower)
    if lower > 0.5:
        fits, far = -1, count  # the largest k with below(k) <= own lies in fits..far - 1
        while far - fits > 1:
            k = (fits + far) // 2
            fits, far = (k, far) if below(k) <= own else (fits, k)
        return min(1.0, own + (below(fits) if fits >= 0 else 0.0))
    far, fits = count, count + 1
    while 1 - below(fits) > own:
        far, fits = fits, 2 * fits
    while fits - far > 1:
        k = (fits + far) // 2
        far, fits = (far, k) if 1 - below(k) <= own else (k, fits)
    return min(1.0, own + 1 - below(fits))


def two_sided_normal_p(z: float) -> float:
    """P(|Z| >= |z|) of a standard normal Z."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_tail(z: float) -> float:
    """P(Z >= z) of a standard normal Z."""
    return math.erfc(z / math.sqrt(2)) / 2


def student_tail(t: float, free: int) -> float:
    """P(T >= t), t >= 0, of Student's t with `free` degrees of freedom."""
    return beta_cdf(free / 2, 0.5, free / (free + t * t)) / 2


def student_quantile(p: float, free: int) -> float:
    """The quantile p, ½ <= p < 1, of Student's t with `free` degrees of freedom; by bisection."""
    low, high = 0.0, 1e4
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, free) > 1 - p else (low, middle)
    return (low + high) / 2


def binomial_tail(count: int, of: int, share: float) -> float:
    """P(Y >= count) of a binomial Y of `of` trials, each with probability 0 < share < 1."""
    return beta_cdf(count, of - count + 1, share) if count > 0 else 1.0
