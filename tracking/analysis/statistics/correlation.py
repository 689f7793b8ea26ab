"""Correlations over networks and their intervals, by Fisher's z.

The interval of a correlation r is that of atanh(r), taken as normal with a variance that depends on the coefficient
(Fisher 1921; Fieller, Hartley and Pearson 1957, Biometrika 44, 470-481). M networks, each an independent observation.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.statistics.intervals import LEVEL, Interval

Floats = NDArray[np.float64]
Coefficient = Literal["kendall", "spearman"]
AnyCoefficient = Literal["kendall", "spearman", "pearson"]
FEWEST = 6  # networks of a rank correlation


def by_fisher(r: float, variance: float, networks: int) -> Interval:
    """The interval of a correlation r whose atanh has that variance."""
    from scipy.special import ndtri

    centre = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    half = float(ndtri(0.5 + LEVEL / 2) * math.sqrt(variance))
    low, high = (float(np.tanh(centre + end)) for end in (-half, half))
    return Interval(r, low, high, f"correlation over {networks} networks", "Fisher's z", LEVEL)


def of_ranks(x: Floats, y: Floats, coefficient: Coefficient) -> Interval | None:
    """The rank correlation of x [M] and y [M]; the variance of atanh(r) is 0.437 / (M - 4) for Kendall's and
    1.06 / (M - 3) for Spearman's. None where M < `FEWEST`, or one of them is constant."""
    from scipy import stats

    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    kendall = coefficient == "kendall"
    rank = float((stats.kendalltau if kendall else stats.spearmanr)(x, y).statistic)
    return by_fisher(rank, 0.437 / (len(x) - 4) if kendall else 1.06 / (len(x) - 3), len(x))


def of_points(x: Floats, y: Floats, coefficient: AnyCoefficient) -> Interval | None:
    """As `of_ranks`; Pearson's r, whose variance of atanh(r) is 1 / (M - 3), too. Points with a number that is not
    finite are left out."""
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    if coefficient != "pearson":
        return of_ranks(x, y, coefficient)
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return by_fisher(float(np.corrcoef(x, y)[0, 1]), 1 / (len(x) - 3), len(x))
