"""Means over seeds and their differences, by the intervals of `tracking.analysis`, and the verdict against a bound.

A comparison holds where all of its interval is on its side of the bound, and fails where all of it is on the other;
an interval that contains the bound is not enough data. `tracking.verdicts.criterion` says at which level, where a claim
makes several comparisons. n seeds.

Two cases that no formula settles are settled here:

    one seed    a claim gets one seed only where it asks for no more (`Claim.min_seeds`), of an experiment without
                chance: then its number has no error.
    no spread   equal errors that were counted on known numbers of examples have the interval of Clopper and Pearson.
                Other equal values of three seeds or more have none, as of an exact expectation. Two equal values may
                well be a coincidence (an error is a multiple of 1 / number of images), and say nothing.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from tracking.analysis.specs.quantity import Quantity
from tracking.analysis.statistics import intervals
from tracking.analysis.statistics.intervals import ANY, LEVEL, NO_CHANCE, SHARE, Bounds, Interval
from tracking.common.text import count_of
from tracking.verdicts.criterion import Comparison, Criterion
from tracking.verdicts.line import Cell, Numbers

TWO_EQUAL = "no interval of two equal values"
LEAST_TO_CHOOSE = 3  # seeds of which half choose: one does, and two have an interval


@dataclass(frozen=True)
class Estimate:
    """What is known of a mean, a difference or a correlation. by_level: its interval at a level."""

    by_level: Callable[[float], Interval]
    at: Callable[[int], Interval] = field(init=False)  # the interval at 1 - 5 %/tests, by the number of tests

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", functools.cache(lambda tests: self.by_level(1 - (1 - LEVEL) / tests)))

    @property
    def mean(self) -> float:
        """The estimate itself."""
        return self.at(1).centre

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.at(1).low

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.at(1).high

    @property
    def interval(self) -> str:
        """The 95 % interval in words, as evidence."""
        return self.at(1).words()

    def above(self, bound: float) -> Criterion:
        """That the true mean is greater than a bound."""
        return Comparison(self.at, low=bound, strict=True)

    def at_least(self, bound: float) -> Criterion:
        """That the true mean is at least a bound."""
        return Comparison(self.at, low=bound)

    def at_most(self, bound: float) -> Criterion:
        """That the true mean is at most a bound."""
        return Comparison(self.at, high=bound)

    def within(self, low: float, high: float) -> Criterion:
        """That the true mean is at least `low` and at most `high`: equivalence, which ignorance does not show."""
        return Comparison(self.at, low=low, high=high)


def mean_of(values: Numbers, bounds: Bounds = ANY, examples: int | None = None, step: float = 0.0) -> Estimate:
    """The mean of values [n], n >= 1. examples: on how many each value, an error, was counted. step: what the values
    are multiples of, where that is coarse."""
    return Estimate(lambda level: _mean(values, bounds, examples, step, level))


def difference(one: Numbers, two: Numbers) -> Estimate:
    """mean(one) - mean(two), values [n] and [m] of independent seeds (Welch 1947)."""
    if len(one) == len(two) == 1:
        return mean_of(one - two)
    return Estimate(lambda level: _difference(one, two, level))


def of_cells(one: Cell, two: Cell, y: Quantity, split: str, name: str = "y") -> Estimate:
    """The difference of the means of two cells in y, which the claim calls so; errors with the numbers of examples."""
    first, second = one.last(name), two.last(name)
    examples = counted_on(one, y, split), counted_on(two, y, split)
    if examples[0] is None or examples[1] is None or len(first) == len(second) == 1:
        return difference(first, second)
    counted = (examples[0], examples[1])
    return Estimate(lambda level: intervals.difference(first, second, SHARE, level, counted))


def counted_on(cell: Cell, y: Quantity, split: str) -> int | None:
    """On how many examples the error of each seed of a cell was counted; None of any other measure, and where that is
    not the same number in all of them, or not known."""
    sizes = {run.settings.get(f"data.{split}_size") for run in cell.runs}
    (size,) = sizes if len(sizes) == 1 else (None,)
    return size if y == "error" and isinstance(size, int) else None


def rounding(cell: Cell, y: Quantity, split: str) -> float:
    """The step for the mean of a difference within each trial, as of its values at two steps: that of two errors which
    are multiples of 1 / examples, root of 2 times that; 0 of any other measure."""
    examples = counted_on(cell, y, split)
    return math.sqrt(2) / examples if examples else 0.0


def paired(one: Cell, two: Cell, name: str, step: float = 0.0) -> Estimate | None:
    """The mean of one - two, seed by seed; None where the two have different seeds."""
    first, second = one.by_seed(name), two.by_seed(name)
    if first.keys() != second.keys():
        return None
    return mean_of(np.array([first[seed] - second[seed] for seed in first]), step=step)


def halves(values: Numbers) -> tuple[Numbers, Numbers]:
    """Values [n, ...] of the seeds that choose a place (a step, a peak), and of the others, which are compared there.

    Of noisy values the highest is above its mean, so that no seed is compared at a place that it has chosen itself; nor
    may each be compared where all others are highest, since then no two of them are independent.
    """
    choosing, judged = np.split(values, [len(values) // 2])
    return choosing, judged


def standard_deviation(values: Numbers) -> Estimate:
    """The standard deviation of values [n], n >= 2, that are normal; equal values say nothing of it."""
    return Estimate(lambda level: _deviation(values, level))


def _mean(values: Numbers, bounds: Bounds, examples: int | None, step: float, level: float) -> Interval:
    found = intervals.interval(values, SHARE if examples else bounds, level, examples, step)
    if len(values) == 1:
        return replace(found, low=found.centre, high=found.centre, kind=NO_CHANCE)
    if len(values) == 2 and not found.spread and examples is None and not step:
        return replace(found, low=-math.inf, high=math.inf, kind=TWO_EQUAL)
    return found


def _difference(one: Numbers, two: Numbers, level: float) -> Interval:
    found = intervals.difference(one, two, ANY, level)
    if min(len(one), len(two)) == 2 and not found.spread:
        return replace(found, low=-math.inf, high=math.inf, kind=TWO_EQUAL)
    return found


def _deviation(values: Numbers, level: float) -> Interval:
    from scipy.special import gammaincinv

    n, of = len(values), f"standard deviation over {count_of(len(values), 'seed')}"
    if n < 2 or np.ptp(values) == 0:
        return Interval(0.0, 0.0, math.inf, of, "no interval of equal values", level, spread=False)
    deviation = float(values.std(ddof=1))
    low, high = (
        math.sqrt((n - 1) / 2 / float(gammaincinv((n - 1) / 2, q))) for q in (0.5 + level / 2, 0.5 - level / 2)
    )
    return Interval(deviation, deviation * low, deviation * high, of, "chi-squared", level)
