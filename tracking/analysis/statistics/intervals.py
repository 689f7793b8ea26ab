"""Intervals of means over seeds, of differences of means and of paired differences: the only place that makes them.

The unit is the seed. Every interval is Student's t with n - 1 degrees of freedom, at the stated level, on the scale
that keeps it within the bounds of the measured quantity:

    no bounds   m +- t s / sqrt(n)
    one bound   b + (m - b) exp(+- t s / (sqrt(n) (m - b))), above b: the t interval of log(m - b) by the delta method;
                below a largest value in the same way
    two bounds  the t interval of the logit of m, as a share of the way from one bound to the other, by the delta
                method, transformed back: inside of the bounds

with m the mean, s the standard deviation (n - 1 in its denominator) and t = t(1/2 + level/2, n - 1). All three are
intervals of the mean itself, not of a mean of logarithms. The transformed ones are the usual intervals of proportions
in survey statistics (Korn and Graubard 1998, Survey Methodology 24, 193-201; Agresti 2013, Categorical Data Analysis,
3.1). Share of 95 % intervals that cover the mean, from 20,000 simulated samples of n seeds each (the tests repeat it):

                                                n = 2    3      5      10
    Beta, mean 0.1, sd 0.02     plain t           0.95   0.95   0.95   0.95
                                logit             0.95   0.95   0.95   0.95
    Beta, mean 0.01, sd 0.01    plain t           0.91   0.89   0.88   0.90
                                logit             0.95   0.95   0.93   0.93
                                bootstrap         0.46   0.64   0.76

A percentile bootstrap over two seeds is at most the range of two values; hence there is none (Hesterberg 2015, The
American Statistician 69, 371-386).

Two cases that no formula settles:

    n = 1       nothing is known of the spread: the interval is everything the quantity can be.
    s = 0       all seeds gave the same number, as errors of fitted networks do. No interval without assumptions is of
                use here (with all of n shares 0 an exact bound is 1 - (0.025)^(1/n), 0.52 for n = 5), so low = high = m
                and `spread` is False: a statement about these seeds. Where it is known on how many examples each share
                was counted, `examples` gives the Clopper-Pearson interval (1934) of all n * examples of them instead:
                without it, two seeds with 100 examples each and a true error of 0.01 are covered in 69 % of the cases.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.common.text import count_of, number, rounded

Floats = NDArray[np.float64]


class Bounds(NamedTuple):
    """Between which numbers the values of a quantity lie, both included; infinite where there is none."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def kind(self) -> str:
        """How the interval of a mean within them is made."""
        ends = sum(map(math.isfinite, self))
        return f"Student's t{('', ', log scale', ', logit scale')[ends]}"

    def holding(self, *values: Floats) -> "Bounds":
        """These bounds; none where a value lies outside of them, since they are not those of the quantity then."""
        return self if all(v.min() >= self.low and v.max() <= self.high for v in values) else Bounds()


ANY, POSITIVE, SHARE = Bounds(), Bounds(0.0), Bounds(0.0, 1.0)
LEVEL = 0.95
NO_CHANCE = "no chance"  # kind of the one number of an experiment without chance, which has no error


@dataclass(frozen=True)
class Interval:
    """What is known of a mean or of a difference of means.

    centre: the estimate. low, high: the interval at `level`, infinite where there is no bound. of: what it is an
    interval of, in words, with the number of seeds. kind: how it was made. spread: whether the seeds differed at all.
    """

    centre: float
    low: float
    high: float
    of: str
    kind: str
    level: float
    spread: bool = True

    def inside(self, low: float, high: float) -> bool:
        """Whether the whole interval lies in [low, high]: what a claim of equivalence needs."""
        return low <= self.low and self.high <= high

    def outside(self, low: float, high: float) -> bool:
        """Whether no part of the interval lies in [low, high]."""
        return self.high < low or self.low > high

    def words(self) -> str:
        """The centre with its interval, in two digits of the half width: '0.031 (95 % interval 0.020 to 0.047)'."""
        if not math.isfinite(self.high - self.low):
            return f"{number(self.centre)} ({self.kind})"
        if self.low == self.high:
            return number(self.centre) if self.kind == NO_CHANCE else f"{number(self.centre)} in every seed"
        centre, low, high = rounded((self.centre, self.low, self.high), (self.high - self.low) / 2)
        return f"{centre} ({self.level * 100:.3g} % interval {low} to {high})"


def interval(
    values: Sequence[float] | Floats,
    bounds: Bounds = ANY,
    level: float = LEVEL,
    examples: int | None = None,
    step: float = 0.0,
) -> Interval:
    """The interval of the mean of `values` [n], one value a seed.

    `examples`: on how many examples each value, a share, was counted. `step`: what the values are multiples of, as rank
    correlations of few networks are; no standard deviation is taken to be below that of rounding to it,
    step / sqrt(12), since equal values are then a coincidence. Raises ValueError for no values, values that are not
    finite, and values out of bounds.
    """
    x = _checked(values, bounds)
    n, mean, spread = len(x), float(x.mean()), float(np.ptp(x)) > 0
    of = f"mean of {count_of(n, 'seed')}"
    if bounds == SHARE and examples is not None and not spread:
        return Interval(
            mean,
            *_clopper_pearson(mean, n * examples, level),
            of,
            f"Clopper-Pearson, {count_of(examples, 'example')} a seed",
            level,
            spread,
        )
    if n == 1:
        return Interval(mean, *bounds, of, "no interval of one seed", level, spread=False)
    sd = np.array([max(x.std(ddof=1) if spread else 0.0, step / math.sqrt(12))])
    low, high = (float(end[0]) for end in limits(np.array([n]), np.array([mean]), sd, bounds, level))
    return Interval(mean, low, high, of, bounds.kind, level, spread)


def paired(
    one: Sequence[float] | Floats, other: Sequence[float] | Floats, bounds: Bounds = ANY, level: float = LEVEL
) -> Interval:
    """The interval of the mean of one - other, both [n], where each pair shares its seed.

    Student's t on the differences; of shares, cut to [-1, 1]. Raises ValueError as `interval` does, and for unequal n.
    """
    x, y = _checked(one, bounds), _checked(other, bounds)
    if len(x) != len(y):
        raise ValueError(f"paired differences need as many values on either side, got {len(x)} and {len(y)}")
    found = interval(x - y, ANY, level)
    return _difference(found, f"mean difference of {count_of(len(x), 'pair')} of seeds", f"paired {found.kind}", bounds)


def difference(
    one: Sequence[float] | Floats,
    other: Sequence[float] | Floats,
    bounds: Bounds = ANY,
    level: float = LEVEL,
    examples: tuple[int, int] | None = None,
) -> Interval:
    """The interval of mean(one) - mean(other), [n] and [m], of independent seeds.

    Welch's t with Satterthwaite's degrees of freedom (Welch 1947); of shares, cut to [-1, 1]. With one seed on either
    side the interval is all that a difference can be. `examples`: on how many examples the shares of either side were
    counted: where all seeds of a side are equal, the difference has the interval that follows from those of the two
    sides (MOVER: Zou and Donner 2008, Statistics in Medicine 27, 1693-1702). Raises ValueError as `interval` does.
    """
    from scipy.special import stdtrit

    x, y = _checked(one, bounds), _checked(other, bounds)
    centre, of = float(x.mean() - y.mean()), f"difference of the means of {len(x):,} and {count_of(len(y), 'seed')}"
    if bounds == SHARE and examples is not None and min(np.ptp(x), np.ptp(y)) == 0:
        return _of_sides(interval(x, bounds, level, examples[0]), interval(y, bounds, level, examples[1]), of)
    if min(len(x), len(y)) == 1:
        found = Interval(centre, -math.inf, math.inf, of, "no interval of one seed", level, spread=False)
        return _difference(found, of, found.kind, bounds)
    a, b = (float(v.var(ddof=1)) / len(v) if np.ptp(v) > 0 else 0.0 for v in (x, y))
    half = 0.0
    if a + b > 0:
        weight = a / (a + b)
        freedom = 1 / (weight**2 / (len(x) - 1) + (1 - weight) ** 2 / (len(y) - 1))
        half = float(stdtrit(freedom, 0.5 + level / 2)) * math.sqrt(a + b)
    found = Interval(centre, centre - half, centre + half, of, "Welch's t", level, spread=a + b > 0)
    return _difference(found, of, found.kind, bounds)


def _of_sides(one: Interval, other: Interval, of: str) -> Interval:
    """The interval of a difference from those of its sides."""
    centre, kinds = one.centre - other.centre, " and ".join(dict.fromkeys((one.kind, other.kind)))
    low = centre - math.hypot(one.centre - one.low, other.high - other.centre)
    high = centre + math.hypot(one.high - one.centre, other.centre - other.low)
    return Interval(centre, max(low, -1.0), min(high, 1.0), of, kinds, one.level)


def _difference(found: Interval, of: str, kind: str, bounds: Bounds) -> Interval:
    """The interval under its own name, cut to what a difference within these bounds can be."""
    end = bounds.high - bounds.low
    return Interval(found.centre, max(found.low, -end), min(found.high, end), of, kind, found.level, found.spread)


def limits(
    n: NDArray[np.int64], mean: Floats, sd: Floats, bounds: Bounds, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Low and high ends, [K] each, for K means of n [K] seeds with standard deviation sd [K]; NaN where n < 2.

    A mean on a bound or out of them gets the interval without bounds.
    """
    from scipy.special import stdtrit

    seeds = np.where(n > 1, n, 2)
    half = np.where(n > 1, stdtrit(seeds - 1, 0.5 + level / 2) * sd / np.sqrt(seeds), np.nan)
    low, high = mean - half, mean + half
    if bounds == ANY:
        return low, high
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if math.isfinite(bounds.low) and math.isfinite(bounds.high):
            usable, ends = _logit_limits(mean, half, bounds)
        elif math.isfinite(bounds.low):
            usable, ends = _log_limits(mean - bounds.low, half)
            ends = bounds.low + ends[0], bounds.low + ends[1]
        else:
            usable, ends = _log_limits(bounds.high - mean, half)
            ends = bounds.high - ends[1], bounds.high - ends[0]
    scaled = usable & (half > 0)
    return np.where(scaled, ends[0], low), np.where(scaled, ends[1], high)


def _log_limits(above: Floats, half: Floats) -> tuple[NDArray[np.bool_], tuple[Floats, Floats]]:
    """Of means that lie so far above a bound: where there are limits, and how far above it these are."""
    ratio = np.exp(half / above)
    return above > 0, (above / ratio, above * ratio)


def _logit_limits(mean: Floats, half: Floats, bounds: Bounds) -> tuple[NDArray[np.bool_], tuple[Floats, Floats]]:
    width = bounds.high - bounds.low
    share = (mean - bounds.low) / width
    ratio, odds = np.exp(half / width / (share * (1 - share))), share / (1 - share)
    low, high = odds / (odds + ratio), 1 / (1 + 1 / (odds * ratio))
    return (share > 0) & (share < 1), (bounds.low + width * low, bounds.low + width * high)


def _clopper_pearson(share: float, examples: int, level: float) -> tuple[float, float]:
    """The exact interval of a probability from counted examples (Clopper and Pearson 1934)."""
    from scipy.special import betaincinv

    hits = round(share * examples)
    low = float(betaincinv(hits, examples - hits + 1, 0.5 - level / 2)) if hits else 0.0
    high = float(betaincinv(hits + 1, examples - hits, 0.5 + level / 2)) if hits < examples else 1.0
    return low, high


def _checked(values: Sequence[float] | Floats, bounds: Bounds) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    low, high = bounds
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"an interval needs finite values, at least one, got {x.tolist()}")
    if x.min() < low or x.max() > high:
        raise ValueError(f"values of a quantity in [{low:g}, {high:g}] lie outside of it: {x.min():g} to {x.max():g}")
    return x
