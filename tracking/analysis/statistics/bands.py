"""The points of curves: mean or median over seeds, and the band around it, of many cells at once.

The band `ci95` of a mean is the interval of `tracking.analysis.statistics.intervals`. Every band is NaN where n is
too small for it: one seed has no spread, and five have no 95 % interval of the median.
"""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.statistics.intervals import LEVEL, Bounds, limits

if TYPE_CHECKING:
    import pandas as pd
    from pandas.core.groupby.generic import SeriesGroupBy

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def numbered(values: "pd.DataFrame", keys: list[str]) -> "tuple[Numbers, pd.DataFrame]":
    """The number [T] of the group of each value, and one line per group: its keys. Groups ascend by their keys, whole
    numbers."""
    import pandas as pd

    whole, strides = np.zeros(len(values), np.int64), []
    for key in keys:
        column = values[key].to_numpy(np.int64)
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        whole = whole * (high - low + 1) + column - low
        strides.append((low, high - low + 1))
    group, found = pd.factorize(whole, sort=True)
    heads: dict[str, Numbers] = {}
    for key, (low, stride) in zip(reversed(keys), reversed(strides), strict=True):
        found, rest = np.divmod(found, stride)
        heads[key] = rest + low
    return group, pd.DataFrame({key: heads[key] for key in keys})


def centre_and_band(values: Floats, group: Numbers, centre: str, band: str, bounds: Bounds) -> "pd.DataFrame":
    """One line per number of a group that has values [T], which are finite: n, centre, low, high."""
    import pandas as pd

    groups = pd.Series(values).groupby(group, sort=True)
    out = pd.DataFrame({"n": groups.size(), "centre": groups.agg(centre)})
    out["low"], out["high"] = float("nan"), float("nan")
    if band == "none" or out.empty:
        return out
    if band == "ci95" and centre == "median":
        return _order_statistics(values, group, out)
    if band == "ci95":
        n, mean = out["n"].to_numpy(), out["centre"].to_numpy()
        low, high = limits(n, mean, _spread(groups), bounds)
        return out.assign(low=low, high=high)
    if band == "sd":
        half = _spread(groups)
        return out.assign(low=out["centre"] - half, high=out["centre"] + half)
    ends = (0.0, 1.0) if band == "minmax" else (0.25, 0.75)
    quantiles = (groups.quantile(q).where(out["n"] > 1) for q in ends)
    return out.assign(**dict(zip(("low", "high"), quantiles, strict=True)))


def _spread(groups: "SeriesGroupBy[float, Any]") -> Floats:
    """Standard deviations; exactly 0 where all values are the same, NaN where there is only one."""
    spread = groups.std().to_numpy(dtype=np.float64)
    return np.where((groups.max() == groups.min()) & ~np.isnan(spread), 0.0, spread)


def _order_statistics(values: Floats, group: Numbers, out: "pd.DataFrame") -> "pd.DataFrame":
    """The k-th smallest and k-th largest value, k from `median_rank`; NaN where there is no such k."""
    ranked, n = values[np.lexsort((values, group))], out["n"].to_numpy()
    rank = np.array([median_rank(int(size)) for size in n], np.int64)
    start = np.cumsum(n) - n
    places = ((start + rank - 1).clip(0), np.minimum(start + n - rank, len(ranked) - 1))
    low, high = (np.where(rank > 0, ranked[at], np.nan) for at in places)
    return out.assign(low=low, high=high)


@functools.cache
def median_rank(n: int) -> int:
    """The largest k with P(X_(k) <= median <= X_(n+1-k)) = 1 - 2 P(Bin(n, 1/2) < k) >= 95 %; 0 when there is none."""
    from scipy.special import bdtr

    k = 0
    while 2 * bdtr(k, n, 0.5) <= 1 - LEVEL:
        k += 1
    return k
