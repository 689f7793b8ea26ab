"""Correlations of points, each against SciPy's own, and their intervals against the formulas."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tracking.analysis.statistics.correlation import AnyCoefficient, of_points

RNG = np.random.default_rng(4)
X = RNG.normal(size=40)
Y = X + RNG.normal(size=40)


@pytest.mark.parametrize(("coefficient", "scipys", "variance"), [
    ("kendall", stats.kendalltau, 0.437 / 36), ("spearman", stats.spearmanr, 1.06 / 37),
    ("pearson", stats.pearsonr, 1 / 37),
])  # fmt: skip
def test_the_correlation_and_its_interval(
    coefficient: AnyCoefficient, scipys: Callable[..., Any], variance: float
) -> None:
    found = of_points(X, Y, coefficient)
    assert found is not None
    assert found.centre == pytest.approx(scipys(X, Y).statistic)
    half = stats.norm.ppf(0.975) * math.sqrt(variance)
    assert math.atanh(found.low) == pytest.approx(math.atanh(found.centre) - half)
    assert math.atanh(found.high) == pytest.approx(math.atanh(found.centre) + half)


def test_points_without_a_number_are_left_out() -> None:
    assert of_points(np.append(X, np.nan), np.append(Y, 1.0), "pearson") == of_points(X, Y, "pearson")


def test_too_few_points_and_constants_have_none() -> None:
    assert of_points(X[:5], Y[:5], "pearson") is None
    assert of_points(X, np.ones(40), "pearson") is None
