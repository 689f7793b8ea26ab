"""Intervals over seeds for what claims compare, and the verdict where an interval lies against a bound.

A criterion holds where all of its interval is on its side of the bound, and fails where all of it is on the other;
an interval that contains the bound is not enough data. n seeds.

One seed gives an interval without width: a claim gets one seed only where it asks for no more (`Claim.min_seeds`). So
do equal values of three seeds or more, as of an exact expectation. Two equal values may well be a coincidence (an error
is a multiple of 1 / number of images), and say nothing.
"""

from dataclasses import dataclass

import numpy as np

from tracking.verdicts.finding import Word, worst
from tracking.verdicts.line import Cell, Numbers

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean, and an interval that contains the true one with the stated probability."""

    mean: float
    low: float
    high: float

    @property
    def interval(self) -> list[float]:
        """Its ends, as evidence."""
        return [self.low, self.high]

    def above(self, bound: float) -> Word:
        """Whether the true mean is greater than a bound."""
        return "holds" if self.low > bound else "fails" if self.high <= bound else "not enough data"

    def at_most(self, bound: float) -> Word:
        """Whether the true mean is at most a bound."""
        return "holds" if self.high <= bound else "fails" if self.low > bound else "not enough data"

    def within(self, low: float, high: float) -> Word:
        """Whether the true mean is at least `low` and at most `high`: equivalence, which ignorance does not show."""
        if low <= self.low and self.high <= high:
            return "holds"
        return "fails" if self.low > high or self.high < low else "not enough data"


def mean_of(values: Numbers, tests: int = 1) -> Estimate:
    """Student's t interval of the mean of values [n], n >= 1, with n - 1 degrees of freedom.

    tests: how many intervals are looked at together (Bonferroni).
    """
    from scipy.stats import t

    mean, n = float(np.mean(values)), len(values)
    if n == 2 and np.ptp(values) == 0:
        return Estimate(mean, float("-inf"), float("inf"))
    if n < 2 or np.ptp(values) == 0:
        return Estimate(mean, mean, mean)
    half = float(t.ppf(1 - (1 - LEVEL) / 2 / tests, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half)


def difference(one: Numbers, two: Numbers, tests: int = 1) -> Estimate:
    """Interval of mean(one) - mean(two), values [n] and [m] of independent seeds (Welch 1947)."""
    from scipy.stats import t

    mean = float(np.mean(one) - np.mean(two))
    freedom = [max(len(side) - 1, 1) for side in (one, two)]
    parts = [float(side.var(ddof=1)) / len(side) if len(side) > 1 and np.ptp(side) else 0.0 for side in (one, two)]
    if sum(parts) == 0:
        return Estimate(mean, mean, mean)
    degrees = sum(parts) ** 2 / sum(p**2 / f for p, f in zip(parts, freedom, strict=True))
    half = float(t.ppf(1 - (1 - LEVEL) / 2 / tests, degrees) * np.sqrt(sum(parts)))
    return Estimate(mean, mean - half, mean + half)


def paired(one: Cell, two: Cell, name: str, tests: int = 1) -> Estimate | None:
    """Interval of the mean of one - two, seed by seed; None where the two have different seeds."""
    first, second = one.by_seed(name), two.by_seed(name)
    if first.keys() != second.keys():
        return None
    return mean_of(np.array([first[seed] - second[seed] for seed in first]), tests)


def at_once(certain: list[Word], doubted: list[Word]) -> Word:
    """A conjunction of k criteria: all must hold, each at its own level, which never makes it hold too often; it fails
    where one of them fails at the level divided by k, since one of many fails by chance sooner or later."""
    if set(certain) == {"holds"}:
        return "holds"
    return "fails" if worst(doubted) == "fails" else "not enough data"


def correlation(r: float, variance: float) -> Estimate:
    """Interval of a correlation whose atanh(r) is normal with that variance (Fisher 1921; Fieller et al. 1957)."""
    from scipy.stats import norm

    centre = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15))
    half = float(norm.ppf((1 + LEVEL) / 2) * np.sqrt(variance))
    return Estimate(r, float(np.tanh(centre - half)), float(np.tanh(centre + half)))
