"""Intervals: against formulas written another way, and how often they cover the mean of simulated samples."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tracking.analysis.statistics.bands import centre_and_band
from tracking.analysis.statistics.intervals import ANY, POSITIVE, SHARE, Bounds, difference, interval, limits, paired
from workers.interfaces.bounds import of_measures
from workers.plugins import MEASURES

VALUES = [0.021, 0.034, 0.027, 0.050]
OTHER = [0.041, 0.048, 0.060]


def test_any_is_students_t() -> None:
    known = stats.ttest_1samp(VALUES, 0.0).confidence_interval(0.95)
    found = interval(VALUES)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert found.centre == pytest.approx(np.mean(VALUES))


def test_difference_is_welchs_t() -> None:
    known = stats.ttest_ind(VALUES, OTHER, equal_var=False).confidence_interval(0.9)
    found = difference(VALUES, OTHER, SHARE, level=0.9)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert (difference(OTHER, VALUES, SHARE, 0.9).low, found.level) == (pytest.approx(-found.high), 0.9)


def test_paired_is_students_t_of_the_differences() -> None:
    known = stats.ttest_rel(VALUES[:3], OTHER).confidence_interval(0.95)
    found = paired(VALUES[:3], OTHER, SHARE)
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


def test_delta_method_on_the_log_and_the_logit_scale() -> None:
    mean, error = np.mean(VALUES), stats.sem(VALUES) * stats.t.ppf(0.975, 3)
    positive, share = interval(VALUES, POSITIVE), interval(VALUES, SHARE)
    assert np.log([positive.low, positive.high]) == pytest.approx(np.log(mean) + np.array([-1, 1]) * error / mean)
    logits = np.log(mean / (1 - mean)) + np.array([-1, 1]) * error / (mean * (1 - mean))
    assert np.log([share.low / (1 - share.low), share.high / (1 - share.high)]) == pytest.approx(logits)


def _beta(mean: float, sd: float) -> tuple[float, float]:
    size = mean * (1 - mean) / sd**2 - 1
    return mean * size, (1 - mean) * size


@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize(
    ("bounds", "draw", "mean"),
    [
        (ANY, lambda rng, shape: rng.normal(1.0, 0.3, shape), 1.0),
        (SHARE, lambda rng, shape: rng.beta(*_beta(0.1, 0.02), shape), 0.1),
        (SHARE, lambda rng, shape: rng.beta(*_beta(0.01, 0.01), shape), 0.01),
        (SHARE, lambda rng, shape: rng.uniform(0, 1, shape), 0.5),
        (POSITIVE, lambda rng, shape: rng.gamma(4.0, 0.25, shape), 1.0),
    ],
    ids=["normal", "beta", "skewed-beta", "uniform", "gamma"],
)
def test_coverage(
    bounds: Bounds, draw: Callable[[np.random.Generator, tuple[int, int]], np.ndarray], mean: float, n: int
) -> None:
    """At least 92 % of 95 % intervals; the standard error of this share is 0.16 %."""
    x = draw(np.random.default_rng(n), (20_000, n))
    low, high = limits(np.full(len(x), n), x.mean(1), x.std(1, ddof=1), bounds)
    assert 0.92 < np.mean((low <= mean) & (mean <= high)) <= 1


@pytest.mark.parametrize("n", [2, 3, 5])
def test_coverage_where_seeds_are_equal_because_few_examples_are_counted(n: int) -> None:
    """True error 0.01, 100 examples: 13 % of pairs of seeds are both without an error."""
    counts = np.random.default_rng(n).binomial(100, 0.01, (4_000, n))
    found = [interval(one, SHARE, examples=100) for one in counts / 100]
    assert np.mean([i.low <= 0.01 <= i.high for i in found]) > 0.92
    equal = interval([0.0] * n, SHARE, examples=100)
    assert (equal.low, equal.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / (100 * n))))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.sampled_from([SHARE, POSITIVE]))
def test_within_bounds_and_around_the_mean(values: list[float], bounds: Bounds) -> None:
    found = interval(values, bounds)
    rounding = 1e-12
    assert found.low <= found.centre + rounding and found.centre <= found.high + rounding
    assert found.low >= 0 and (bounds != SHARE or found.high <= 1)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_difference_of_shares_stays_within_one(one: list[float], other: list[float]) -> None:
    found = difference(one, other, SHARE)
    assert -1 <= found.low <= found.centre + 1e-12 <= found.high + 2e-12 <= 1 + 2e-12


def test_one_seed_says_nothing() -> None:
    assert (interval([0.3], SHARE).low, interval([0.3], SHARE).high) == (0.0, 1.0)
    assert (interval([0.3]).low, interval([0.3], POSITIVE).high) == (-math.inf, math.inf)
    assert (difference([0.3], VALUES, SHARE).low, difference(VALUES, [0.3], SHARE).high) == (-1.0, 1.0)
    assert not paired([0.3], [0.1]).outside(0.0, 0.0)


def test_equal_seeds_have_no_spread_and_say_so() -> None:
    for found in (interval([0.0] * 3, SHARE), interval([0.1] * 3, POSITIVE), paired([0.4] * 3, [0.4] * 3)):
        assert found.low == found.high == found.centre and not found.spread
        assert found.words() == f"{found.centre:g} in every seed"
    assert difference([0.1] * 3, [0.4] * 3).inside(-0.3 - 1e-9, -0.3 + 1e-9)


def test_sides_of_a_bound() -> None:
    found = interval([0.9, 1.0, 1.1])
    assert found.inside(0.5, 1.5) and not found.inside(0.9, 1.5) and not found.outside(0.9, 1.5)
    assert found.outside(1.5, 2.0) and found.outside(0.0, 0.5)


def test_words() -> None:
    found = interval([0.02, 0.03, 0.04], SHARE)
    assert found.words() == f"0.030 (95 % interval {found.low:.3f} to {found.high:.3f})"
    assert interval([0.3]).words() == "0.3 (no interval of one seed)"


@pytest.mark.parametrize("values", [[], [1.0, math.inf], [math.nan], [-0.1, 0.2], [0.2, 1.1]])
def test_values_without_an_interval_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        interval(values, SHARE)
    with pytest.raises(ValueError):
        paired([*values, 0.1], values, SHARE)


def test_bands_of_curves_are_the_same_intervals() -> None:
    values, group = np.array([*VALUES, *OTHER, 0.0, 0.0, 0.2]), np.repeat([0, 1, 2, 3], [4, 3, 2, 1])
    bands = centre_and_band(values, group, "mean", "ci95", SHARE)
    for (_, band), sample in zip(bands.iterrows(), (VALUES, OTHER, [0.0, 0.0]), strict=False):
        found = interval(sample, SHARE)
        assert (band["low"], band["high"]) == pytest.approx((found.low, found.high))
    assert bands.loc[3, ["low", "high"]].isna().all()


def test_a_negative_mean_of_a_positive_quantity_has_the_plain_interval() -> None:
    """A loss of the user's own may be negative though losses are not."""
    low, high = limits(np.array([3]), np.array([-1.0]), np.array([0.1]), POSITIVE)
    assert (low[0], high[0]) == pytest.approx(stats.t.interval(0.95, 2, -1.0, 0.1 / math.sqrt(3)))


@pytest.mark.parametrize(
    ("bounds", "like", "moved"),
    [
        (Bounds(1.0), POSITIVE, lambda x: 1 + x),
        (Bounds(-math.inf, 0.5), POSITIVE, lambda x: 0.5 - x),
        (Bounds(-1.0, 1.0), SHARE, lambda x: 2 * x - 1),
    ],
)
def test_any_bounds_are_respected_as_0_and_1_are(bounds: Bounds, like: Bounds, moved: Callable[[float], float]) -> None:
    """The interval of a quantity that is moved and scaled is the moved and scaled one."""
    known, found = interval(VALUES, like), interval([moved(value) for value in VALUES], bounds)
    assert (found.low, found.high) == pytest.approx(tuple(sorted((moved(known.low), moved(known.high)))))
    assert bounds.low < found.low < found.high < bounds.high and found.kind == known.kind


MAY_BE_NEGATIVE = {
    *("margin", "margin_10th_percentile", "normalized_margin", "normalized_margin_10th_percentile"),
    *("norm_product", "spectral_norm_product"),  # logarithms
    *("sharpness", "trace"),  # of a Hessian with negative eigenvalues
    "box_sharpness",  # the end of a search, by rounding
}


def test_every_measure_of_this_program_is_bounded_as_it_can_be() -> None:
    """Else the band of a norm may reach below 0."""
    found = of_measures(MEASURES.names())
    assert (found["error"], found["risk"]) == (SHARE, POSITIVE)
    assert {*MEASURES.names()} - {*found} == MAY_BE_NEGATIVE
