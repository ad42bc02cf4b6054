"""Usual level and overdispersion of weekly counts.

A count y of a week with exposure e is negative binomial with mean μ = e·rate and variance
μ + αμ². After Farrington et al. (1996) and Noufaily et al. (2013), as R's
`surveillance::farringtonFlexible` does it, without trend and season.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

OUTBREAK_RESIDUAL = 2.58  # Noufaily et al. (2013): a past week above it was not usual
ALPHA_AT_LEAST = 1e-4  # nearly Poisson
TYPICAL_ALPHA = 0.05  # only for weighing themes against each other
UNLIKE_THEMES = 2  # invented themes that differ, beside those that are known
#: Of a normal variance, what weights 1/z² above z = 2.58 take away: z·φ(z).
WEIGHED_AWAY = 0.037


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

    α is each theme's moment estimate drawn towards the pool of all themes, the more so the less
    the themes' own α differ beyond what 26 weeks scatter; at least half the pool.
    """
    plain = {name: _fit(counts, exposures, [1.0] * len(counts)) for name, counts in series.items()}
    common = _pool(plain.values(), len(exposures))
    calm = {}
    for name, counts in series.items():
        first = replace(plain[name], alpha=common.shrink(plain[name], len(exposures)))
        weights = outbreak_weights(residuals(counts, exposures, first))
        calm[name] = _fit(counts, exposures, weights, WEIGHED_AWAY)
    common = _pool(calm.values(), len(exposures))
    return {
        name: replace(fit, alpha=common.shrink(fit, len(exposures))) for name, fit in calm.items()
    }


def _fit(
    counts: Sequence[int], exposures: Sequence[float], weights: Sequence[float], lost: float = 0.0
) -> Level:
    """Weighted rate and raw moment α, which may be negative.

    The squares around the fitted rate are by 1/n too small, and by `lost` for the weights.
    """
    rows = list(zip(counts, exposures, weights, strict=True))
    weighed = sum(w * e for _, e, w in rows)
    # Half a contact keeps a theme that was never heard of testable.
    rate = (sum(w * y for y, _, w in rows) or 0.5) / weighed
    means = [rate * e for e in exposures]
    whole = len(counts) / max(1, len(counts) - 1) / (1 - lost)
    scatter = sum(w * (whole * (y - m) ** 2 - m) for (y, _, w), m in zip(rows, means, strict=True))
    size = sum(w * m * m for (_, _, w), m in zip(rows, means, strict=True))
    effective = sum(weights) ** 2 / sum(w * w for w in weights)
    return Level(rate, scatter / size, weighed, effective)


@dataclass(frozen=True)
class Pool:
    """Where the themes' own α lie: their mean, and the variance between them."""

    alpha: float
    between: float

    def shrink(self, fit: Level, weeks: int) -> float:
        """The theme's own α and the pool's, weighed by what is known of each."""
        own = 1 / _variance(fit.rate, self.alpha, weeks)
        among = 1 / self.between
        return max(self.alpha / 2, (own * fit.alpha + among * self.alpha) / (own + among))


def _variance(rate: float, alpha: float, weeks: int) -> float:
    """Of the moment α: about 2(1+αμ)² / (n−1)μ²."""
    return 2 * (1 + alpha * rate) ** 2 / (max(1, weeks - 1) * rate * rate)


def _pool(fits: Iterable[Level], weeks: int) -> Pool:
    """The pool, by DerSimonian and Laird's (1986) moments of a random-effects mean.

    A few invented themes whose α differ by as much as the pool keep the variance between themes
    from being 0 where there are too few themes to tell.
    """
    known = [(fit.alpha, fit.rate) for fit in fits]
    if not known:
        return Pool(ALPHA_AT_LEAST, ALPHA_AT_LEAST**2)
    mean, between = _moments(known, TYPICAL_ALPHA, weeks)
    mean, between = _moments(known, max(ALPHA_AT_LEAST, mean), weeks)
    mean, free = max(ALPHA_AT_LEAST, mean), len(known) - 1
    return Pool(mean, (free * between + UNLIKE_THEMES * mean**2) / (free + UNLIKE_THEMES))


def _moments(known: Sequence[tuple[float, float]], alpha: float, weeks: int) -> tuple[float, float]:
    """Mean and between-theme variance of raw α, each theme weighed as if its own were `alpha`."""
    weights = [1 / _variance(rate, alpha, weeks) for _, rate in known]
    total = sum(weights)
    mean = sum(w * own for w, (own, _) in zip(weights, known, strict=True)) / total
    excess = sum(w * (own - mean) ** 2 for w, (own, _) in zip(weights, known, strict=True))
    excess -= len(known) - 1
    room = total - sum(w * w for w in weights) / total
    return mean, max(0.0, excess / room) if room > 0 else 0.0


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
