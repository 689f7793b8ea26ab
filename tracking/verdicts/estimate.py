"""Means over seeds and their differences, by the intervals of `tracking.analysis`, and the verdict against a bound.

A criterion holds where all of its interval is on its side of the bound, and fails where all of it is on the other;
an interval that contains the bound is not enough data. n seeds.

Two cases that no formula settles are settled here:

    one seed    a claim gets one seed only where it asks for no more (`Claim.min_seeds`), of an experiment without
                chance: then its number has no error.
    no spread   equal errors that were counted on known numbers of examples have the interval of Clopper and Pearson.
                Other equal values of three seeds or more have none, as of an exact expectation. Two equal values may
                well be a coincidence (an error is a multiple of 1 / number of images), and say nothing.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from tracking.analysis.specs.quantity import Quantity
from tracking.analysis.statistics import intervals
from tracking.analysis.statistics.intervals import LEVEL, NO_CHANCE, Bounds, Interval
from tracking.verdicts.finding import Word, worst
from tracking.verdicts.line import Cell, Numbers


@dataclass(frozen=True)
class Estimate:
    """What is known of a mean or a difference, and what that says of a bound."""

    found: Interval

    @property
    def mean(self) -> float:
        """The estimate itself."""
        return self.found.centre

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.found.low

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.found.high

    @property
    def interval(self) -> str:
        """The interval in words, as evidence."""
        return self.found.words()

    def above(self, bound: float) -> Word:
        """Whether the true mean is greater than a bound."""
        return {"above": HOLDS, "below": FAILS, "both": OPEN}[self.found.side(bound)]

    def at_most(self, bound: float) -> Word:
        """Whether the true mean is at most a bound."""
        return {"above": FAILS, "below": HOLDS, "both": OPEN}[self.found.side(bound)]

    def within(self, low: float, high: float) -> Word:
        """Whether the true mean is at least `low` and at most `high`: equivalence, which ignorance does not show."""
        return HOLDS if self.found.inside(low, high) else FAILS if self.found.outside(low, high) else OPEN


HOLDS: Word = "holds"
FAILS: Word = "fails"
OPEN: Word = "not enough data"


def mean_of(values: Numbers, tests: int = 1, bounds: Bounds = "any", examples: int | None = None) -> Estimate:
    """The mean of values [n], n >= 1. tests: how many intervals are looked at together (Bonferroni). examples: on how
    many each value, an error, was counted."""
    found = intervals.interval(values, "share" if examples else bounds, _level(tests), examples)
    if len(values) == 1:
        return Estimate(replace(found, low=found.centre, high=found.centre, kind=NO_CHANCE))
    if len(values) == 2 and not found.spread and examples is None:
        return Estimate(replace(found, low=-math.inf, high=math.inf, kind="no interval of two equal values"))
    return Estimate(found)


def difference(one: Numbers, two: Numbers, tests: int = 1) -> Estimate:
    """mean(one) - mean(two), values [n] and [m] of independent seeds (Welch 1947)."""
    if len(one) == len(two) == 1:
        return mean_of(one - two)
    return Estimate(intervals.difference(one, two, "any", _level(tests)))


def of_cells(one: Cell, two: Cell, y: Quantity, split: str, tests: int = 1) -> Estimate:
    """The difference of the means of two cells in y, which the claim calls "y"; errors with the numbers of examples."""
    first, second = one.last("y"), two.last("y")
    examples = counted_on(one, y, split), counted_on(two, y, split)
    if examples[0] is None or examples[1] is None or len(first) == len(second) == 1:
        return difference(first, second, tests)
    return Estimate(intervals.difference(first, second, "share", _level(tests), (examples[0], examples[1])))


def counted_on(cell: Cell, y: Quantity, split: str) -> int | None:
    """On how many examples the error of each seed of a cell was counted; None of any other measure, and where that is
    not the same number in all of them, or not known."""
    sizes = {run.settings.get(f"data.{split}_size") for run in cell.runs}
    (size,) = sizes if len(sizes) == 1 else (None,)
    return size if y == "error" and isinstance(size, int) else None


def paired(one: Cell, two: Cell, name: str, tests: int = 1) -> Estimate | None:
    """The mean of one - two, seed by seed; None where the two have different seeds."""
    first, second = one.by_seed(name), two.by_seed(name)
    if first.keys() != second.keys():
        return None
    return mean_of(np.array([first[seed] - second[seed] for seed in first]), tests)


def at_once(certain: list[Word], doubted: list[Word]) -> Word:
    """A conjunction of k criteria: all must hold, each at its own level, which never makes it hold too often; it fails
    where one of them fails at the level divided by k, since one of many fails by chance sooner or later."""
    if set(certain) == {HOLDS}:
        return HOLDS
    return FAILS if worst(doubted) == FAILS else OPEN


def standard_deviation(values: Numbers) -> Estimate:
    """The standard deviation of values [n], n >= 2, that are normal; equal values say nothing of it."""
    from scipy.special import gammaincinv

    n, of = len(values), f"standard deviation over {len(values)} seeds"
    if n < 2 or np.ptp(values) == 0:
        return Estimate(Interval(0.0, 0.0, math.inf, of, "no interval of equal values", LEVEL, spread=False))
    deviation = float(values.std(ddof=1))
    low, high = (
        math.sqrt((n - 1) / 2 / float(gammaincinv((n - 1) / 2, q))) for q in (0.5 + LEVEL / 2, 0.5 - LEVEL / 2)
    )
    return Estimate(Interval(deviation, deviation * low, deviation * high, of, "chi-squared", LEVEL))


def _level(tests: int) -> float:
    return 1 - (1 - LEVEL) / tests
