"""The shared statistics against published numbers and second implementations."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from chalicelib.insights.discoveries import discoveries
from chalicelib.insights.dispersion import WEIGHED_AWAY, levels, outbreak_weights
from chalicelib.insights.distributions import (
    beta_cdf,
    negative_binomial_cdf,
    two_sided_mid_p,
    two_sided_normal_p,
)
from chalicelib.insights.proportion import Z_99, compare, difference, share, wilson
from chalicelib.insights.shrinkage import TIGHTEST, prior
from chalicelib.insights.verdict import Verdict
from tests.insights.worlds import ALPHA, table


def test_wilson_gives_the_published_interval() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_between_0_and_1(counts: tuple[int, int]) -> None:
    k, n = counts
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1


def test_difference_gives_newcombes_published_interval() -> None:
    now, before = share(56, 70), share(48, 80)
    assert now is not None
    assert before is not None
    assert difference(now, before) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        pytest.param((54, 70), (48, 80), Verdict.SAME, id="95 % is not enough: 99 % is asked"),
        pytest.param((60, 70), (48, 80), Verdict.MORE, id="clear rise"),
        pytest.param((48, 80), (60, 70), Verdict.LESS, id="clear fall"),
        pytest.param((9, 9), (0, 90), Verdict.UNJUDGED, id="nine answers are too few"),
        pytest.param((10, 10), (0, 10), Verdict.MORE, id="ten are enough"),
        pytest.param((5, 50), (0, 0), Verdict.ALONE, id="nothing before"),
    ],
)
def test_shares_are_compared_at_99_percent(
    now: tuple[int, int], before: tuple[int, int], expected: Verdict
) -> None:
    assert compare(share(*now), share(*before), 10) is expected


def test_benjamini_and_hochbergs_own_example_rejects_four() -> None:
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert discoveries(dict(enumerate(p_values)), q=0.05) == {0, 1, 2, 3}


def test_no_tests_give_no_discoveries() -> None:
    assert discoveries({}) == set()


@pytest.mark.parametrize("mean", [0.5, 5, 80])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 1.0])
@pytest.mark.parametrize("ratio", [0.2, 1, 1.7])
def test_negative_binomial_cdf_equals_the_sum_of_its_terms(
    mean: float, alpha: float, ratio: float
) -> None:
    count, size = int(mean * ratio), 1 / alpha
    p = size / (size + mean)
    terms = (
        math.exp(math.lgamma(size + k) - math.lgamma(size) - math.lgamma(k + 1))
        * p**size
        * (1 - p) ** k
        for k in range(count + 1)
    )
    assert negative_binomial_cdf(count, mean, alpha) == pytest.approx(sum(terms), rel=1e-9)


def test_negative_binomial_with_tiny_alpha_is_poisson() -> None:
    poisson = sum(math.exp(-10) * 10**k / math.factorial(k) for k in range(13))
    assert negative_binomial_cdf(12, 10, 1e-7) == pytest.approx(poisson, abs=1e-5)


@pytest.mark.parametrize(("mean", "alpha"), [(0.7, 0.3), (5, 0.05), (40, 0.02), (40, 0.3)])
def test_two_sided_p_adds_the_largest_tail_of_the_other_side_that_is_no_likelier(
    mean: float, alpha: float
) -> None:
    counts = range(400)
    pmf = stats.nbinom.pmf(counts, 1 / alpha, 1 / (1 + alpha * mean))
    below = pmf.cumsum() - pmf / 2
    for count in (0, 1, int(mean), int(mean) + 1, int(2.2 * mean), int(4 * mean)):
        own = min(below[count], 1 - below[count])
        other = 1 - below if below[count] <= 0.5 else below
        expected = own + max((tail for tail in other if tail <= own), default=0.0)
        assert two_sided_mid_p(count, mean, alpha) == pytest.approx(min(1, expected), abs=1e-7)


def test_themes_that_scatter_alike_share_one_overdispersion() -> None:
    rng = random.Random(4)
    alike = levels(table(rng, 26), [1.0] * 26).values()
    assert fmean(one.alpha for one in alike) == pytest.approx(ALPHA, rel=0.15)
    # What each theme's own 26 weeks tell scatters by about twice as much.
    assert stdev(one.alpha for one in alike) < 0.3 * ALPHA


def test_themes_that_differ_keep_their_own_overdispersion() -> None:
    rng = random.Random(5)
    wild = {f"w{n}": table(rng, 26, [80], 0.4)["t00"] for n in range(10)}
    calm = {f"c{n}": table(rng, 26, [80], 0.02)["t00"] for n in range(10)}
    found = levels(wild | calm, [1.0] * 26)
    assert min(found[name].alpha for name in wild) > 1.5 * fmean(found[n].alpha for n in calm)


@pytest.mark.parametrize("x", [-0.1, 0, 1, 1.1])
def test_beta_cdf_ends(x: float) -> None:
    assert beta_cdf(2, 3, x) == (1.0 if x >= 1 else 0.0)


def test_beta_cdf_of_a_polynomial_case() -> None:
    assert beta_cdf(2, 2, 0.3) == pytest.approx(3 * 0.3**2 - 2 * 0.3**3)


def test_mid_p_of_a_huge_count_is_quick_and_sane() -> None:
    assert 0.9 < two_sided_mid_p(1_000_000, 1_000_000, 0.05) <= 1


def test_normal_tail() -> None:
    assert two_sided_normal_p(Z_99) == pytest.approx(0.01)


def test_outbreak_weights_give_farringtons_published_weights() -> None:
    weights = outbreak_weights([0.0] * 5 + [2.0] * 5, threshold=0)
    assert weights == pytest.approx([1.6] * 5 + [0.4] * 5)


def test_levels_find_rate_and_overdispersion_of_a_known_series() -> None:
    # Weeks of 80 and 120 around 100: variance 400·26/25 = 100 + α·100², so α = .0316; a little
    # more, for what the weights of outbreaks take away from a scatter that has none.
    level = levels({"theme": [80, 120] * 13}, [1.0] * 26)["theme"]
    assert level.rate == pytest.approx(100)
    variance = 400 * 26 / 25 / (1 - WEIGHED_AWAY)
    assert level.alpha == pytest.approx((variance - 100) / 100**2)
    assert level.mean([0.4]) == pytest.approx(40)


def test_a_past_outbreak_hardly_raises_the_usual_level() -> None:
    level = levels({"theme": [20] * 25 + [200]}, [1.0] * 26)["theme"]
    assert 20 <= level.rate < 23


HITS = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
SEASON = [0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269, 0.230]
SEASON += [0.264, 0.256, 0.303, 0.264, 0.226, 0.286, 0.316, 0.200]


def test_shrinkage_predicts_efron_and_morris_season_3_45_times_better() -> None:
    common = prior({str(place): (hits, 45) for place, hits in enumerate(HITS)})
    raw = sum((hits / 45 - s) ** 2 for hits, s in zip(HITS, SEASON, strict=True))
    shrunk = sum((common.shrink(hits, 45) - s) ** 2 for hits, s in zip(HITS, SEASON, strict=True))
    assert raw == pytest.approx(0.0755, abs=1e-4)
    assert raw / shrunk == pytest.approx(3.45, abs=0.01)


@pytest.mark.parametrize("groups", [{}, {"one": (3, 9)}, {"a": (0, 9), "b": (0, 5)}])
def test_nothing_to_learn_from_gives_the_common_share(groups: dict[str, tuple[int, int]]) -> None:
    assert prior(groups).weight == TIGHTEST


def test_real_differences_are_hardly_shrunk() -> None:
    common = prior({"bad": (900, 1000), "good": (100, 1000)})
    assert common.shrink(900, 1000) == pytest.approx(0.9, abs=0.01)
