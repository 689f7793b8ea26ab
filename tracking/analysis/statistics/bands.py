"""The points of curves: mean or median over seeds, and the band around it, of many cells at once.

The band `ci95` of a mean is the interval of `tracking.analysis.statistics.intervals`. Every band is NaN where n is
too small for it: one seed has no spread, and five have no 95 % interval of the median.
"""

from typing import TYPE_CHECKING

from tracking.analysis.statistics.intervals import LEVEL, Bounds, limits

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def centre_and_band(values: "pd.DataFrame", keys: list[str], centre: str, band: str, bounds: Bounds) -> "pd.DataFrame":
    """One line per combination of `keys`: the keys, n, centre, low, high of the column `value`, which is finite."""
    groups = values.groupby(keys, sort=True)["value"]
    out = groups.agg(n="size", centre=centre).reset_index()
    out["low"], out["high"] = float("nan"), float("nan")
    if band == "none" or out.empty:
        return out
    if band == "ci95" and centre == "median":
        return _order_statistics(values, keys, out)
    if band == "ci95":
        n, mean = out["n"].to_numpy(), out["centre"].to_numpy()
        low, high = limits(n, mean, _spread(values, keys), bounds)
        return out.assign(low=low, high=high)
    if band == "sd":
        half = _spread(values, keys)
        return out.assign(low=out["centre"] - half, high=out["centre"] + half)
    ends = (0.0, 1.0) if band == "minmax" else (0.25, 0.75)
    low, high = (groups.quantile(q).where(groups.size() > 1).to_numpy() for q in ends)
    return out.assign(low=low, high=high)


def _spread(values: "pd.DataFrame", keys: list[str]) -> "NDArray[np.float64]":
    """Standard deviations; exactly 0 where all values are the same, NaN where there is only one."""
    import numpy as np

    groups = values.groupby(keys, sort=True)["value"]
    spread = groups.std().to_numpy(dtype=np.float64)
    return np.where((groups.max() == groups.min()) & ~np.isnan(spread), 0.0, spread)


def _order_statistics(values: "pd.DataFrame", keys: list[str], out: "pd.DataFrame") -> "pd.DataFrame":
    """The k-th smallest and k-th largest value, k from `median_rank`; NaN where there is no such k."""
    ranked = values.sort_values([*keys, "value"], ignore_index=True)
    ranked["rank"] = ranked.groupby(keys).cumcount() + 1
    rank = {int(n): median_rank(int(n)) for n in out["n"].unique()}
    wide = out[[*keys, "n"]].assign(rank=out["n"].map(rank))
    low = wide.merge(ranked, on=[*keys, "rank"], how="left")["value"]
    high = wide.assign(rank=wide["n"] + 1 - wide["rank"]).merge(ranked, on=[*keys, "rank"], how="left")["value"]
    return out.assign(low=low.to_numpy(), high=high.to_numpy())


def median_rank(n: int) -> int:
    """The largest k with P(X_(k) <= median <= X_(n+1-k)) = 1 - 2 P(Bin(n, 1/2) < k) >= 95 %; 0 when there is none."""
    from scipy.special import bdtr

    k = 0
    while 2 * bdtr(k, n, 0.5) <= 1 - LEVEL:
        k += 1
    return k
