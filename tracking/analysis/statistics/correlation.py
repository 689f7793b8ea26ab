"""Correlations over networks and their intervals, by Fisher's z.

The interval of a correlation r is that of atanh(r), taken as normal with a variance that depends on the coefficient
(Fisher 1921; Fieller, Hartley and Pearson 1957, Biometrika 44, 470-481). M networks, each an independent observation.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.statistics.intervals import LEVEL, Interval
from tracking.common.text import count_of

Floats = NDArray[np.float64]
Coefficient = Literal["kendall", "spearman"]
AnyCoefficient = Literal["kendall", "spearman", "pearson"]
FEWEST = 6  # networks of a rank correlation


def by_fisher(r: float, variance: float, networks: int, level: float = LEVEL) -> Interval:
    """The interval of a correlation r whose atanh has that variance."""
    from scipy.special import ndtri

    centre = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    half = float(ndtri(0.5 + level / 2) * math.sqrt(variance))
    low, high = (float(np.tanh(centre + end)) for end in (-half, half))
    return Interval(r, low, high, f"correlation over {count_of(networks, 'network')}", "Fisher's z", level)


def rank_correlation(x: Floats, y: Floats, coefficient: Coefficient) -> tuple[float, float, int] | None:
    """The rank correlation r of x [M] and y [M], the variance of atanh(r), and M; None where M < `FEWEST`, or one of
    them is constant. The variance is 0.437 / (M - 4) for Kendall's and 1.06 / (M - 3) for Spearman's."""
    from scipy import stats

    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    kendall = coefficient == "kendall"
    rank = float((stats.kendalltau if kendall else stats.spearmanr)(x, y).statistic)
    return rank, 0.437 / (len(x) - 4) if kendall else 1.06 / (len(x) - 3), len(x)


def of_points(x: Floats, y: Floats, coefficient: AnyCoefficient) -> Interval | None:
    """The interval of `rank_correlation`, or of Pearson's r, whose variance of atanh(r) is 1 / (M - 3). Points with a
    number that is not finite are left out."""
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    if coefficient != "pearson":
        found = rank_correlation(x, y, coefficient)
        return None if found is None else by_fisher(*found)
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return by_fisher(float(np.corrcoef(x, y)[0, 1]), 1 / (len(x) - 3), len(x))
