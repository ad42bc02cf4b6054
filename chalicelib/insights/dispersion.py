"""Usual level and overdispersion of weekly counts.

A count y of a week with exposure e is negative binomial with mean μ = e·rate and variance
μ + αμ². After Farrington et al. (1996) and Noufaily et al. (2013), as R's
`surveillance::farringtonFlexible` does it, without trend and season.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OUTBREAK_RESIDUAL = 2.58  # Noufaily et al. (2013): a past week above it was not usual
ALPHA_AT_LEAST = 1e-4  # nearly Poisson
TYPICAL_ALPHA = 0.05  # only for weighing themes against each other


@dataclass(frozen=True)
class Level:
    """What is usual: contacts per full week, how scattered, and how well it is known."""

    rate: float
    alpha: float
    exposure: float  # the sum of e over the earlier weeks
    weeks: float  # effective number of earlier weeks

    def mean(self, exposures: Sequence[float]) -> float:
        """Expected count of some weeks together."""
        return self.rate * sum(exposures)

    def total_alpha(self, exposures: Sequence[float]) -> float:
        """α of the sum of some weeks, the uncertainty of the level included.

        Var = μ + α Σμ_i² + μ Σe_i / Σe + α μ² / n_eff.
        """
        mean, spread = self.mean(exposures), sum((self.rate * e) ** 2 for e in exposures)
        if mean <= 0:
            return ALPHA_AT_LEAST
        extra = (
            self.alpha * spread
            + mean * sum(exposures) / self.exposure
            + self.alpha * mean * mean / self.weeks
        )
        return max(ALPHA_AT_LEAST, extra / (mean * mean))


def levels(series: Mapping[str, Sequence[int]], exposures: Sequence[float]) -> Mapping[str, Level]:
    """The usual level of each theme from its earlier weeks (this week is not among them).

    α is each theme's moment estimate, shrunk to the pool of all themes, at least half of it.
    """
    plain = {name: _fit(counts, exposures, [1.0] * len(counts)) for name, counts in series.items()}
    pool = _pooled_alpha(plain, len(exposures))
    result = {}
    for name, counts in series.items():
        first = Level(plain[name].rate, _shrunk(plain[name], pool, len(counts)), 1, 1)
        weights = outbreak_weights(residuals(counts, exposures, first))
        again = _fit(counts, exposures, weights)
        alpha = _shrunk(again, pool, len(counts))
        result[name] = Level(again.rate, alpha, again.exposure, again.weeks)
    return result


def _fit(counts: Sequence[int], exposures: Sequence[float], weights: Sequence[float]) -> Level:
    """Weighted rate and raw moment α, which may be negative."""
    rows = list(zip(counts, exposures, weights, strict=True))
    weighed = sum(w * e for _, e, w in rows)
    # Half a contact keeps a theme that was never heard of testable.
    rate = (sum(w * y for y, _, w in rows) or 0.5) / weighed
    means = [rate * e for e in exposures]
    scatter = sum(w * ((y - m) ** 2 - m) for (y, _, w), m in zip(rows, means, strict=True))
    size = sum(w * m * m for (_, _, w), m in zip(rows, means, strict=True))
    effective = sum(weights) ** 2 / sum(w * w for w in weights)
    alpha = scatter / size * len(counts) / max(1, len(counts) - 1)
    return Level(rate, alpha, weighed, effective)


def _precision(rate: float, alpha: float, weeks: int) -> float:
    """1 / variance of the moment α: about n μ² / 2(1+αμ)²."""
    return weeks * rate * rate / (2 * (1 + alpha * rate) ** 2)


def _pooled_alpha(fits: Mapping[str, Level], weeks: int) -> float:
    weights = {name: _precision(fit.rate, TYPICAL_ALPHA, weeks) for name, fit in fits.items()}
    if not weights:
        return ALPHA_AT_LEAST
    mean = sum(weights[name] * fits[name].alpha for name in fits) / sum(weights.values())
    return max(ALPHA_AT_LEAST, mean)


def _shrunk(fit: Level, pool: float, weeks: int) -> float:
    """The theme's own α and the pool's, weighed by what is known of each.

    Themes' own α are taken to scatter around the pool by as much as the pool itself.
    """
    own = _precision(fit.rate, pool, weeks)
    prior = 1 / pool**2
    return max(pool / 2, (own * fit.alpha + prior * pool) / (own + prior))


def residuals(counts: Sequence[int], exposures: Sequence[float], level: Level) -> list[float]:
    """Anscombe residuals of a count with variance (1+αμ)μ, one a week."""
    share = sum(exposures)
    result = []
    for count, e in zip(counts, exposures, strict=True):
        mean = level.rate * e
        if mean <= 0:
            result.append(0.0)
            continue
        phi = (1 + level.alpha * mean) * (1 - min(0.99, e / share))
        result.append(1.5 * (count ** (2 / 3) * mean ** (-1 / 6) - mean**0.5) / phi**0.5)
    return result


def outbreak_weights(
    residual: Sequence[float], threshold: float = OUTBREAK_RESIDUAL
) -> list[float]:
    """Weights with mean 1 in which an unusually high week counts by 1/residual²."""
    raw = [r**-2 if r > threshold else 1.0 for r in residual]
    return [w * len(raw) / sum(raw) for w in raw]
