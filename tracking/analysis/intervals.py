"""Centre and band over seeds: mean or median, and Student's t, order-statistic, quartile or standard-deviation bands.

Every band is NaN where n is too small for it: one seed has no spread, and five have no 95 % interval of the median.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEVEL = 0.95


def centre_and_band(values: "pd.DataFrame", keys: list[str], centre: str, band: str) -> "pd.DataFrame":
    """One line per combination of `keys`: the keys, n, centre, low, high of the column `value`."""
    groups = values.groupby(keys, sort=True)["value"]
    out = groups.agg(n="size", centre=centre).reset_index()
    out["low"], out["high"] = float("nan"), float("nan")
    if band == "none" or out.empty:
        return out
    if band == "ci95" and centre == "median":
        return _order_statistics(values, keys, out)
    if band in ("ci95", "sd"):
        half = groups.std().to_numpy() * (_student(out["n"].to_numpy()) if band == "ci95" else 1.0)
        return out.assign(low=out["centre"] - half, high=out["centre"] + half)
    ends = (0.0, 1.0) if band == "minmax" else (0.25, 0.75)
    low, high = (groups.quantile(q).where(groups.size() > 1).to_numpy() for q in ends)
    return out.assign(low=low, high=high)


def _student(n: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Half width of the 95 % interval of the mean in units of the standard deviation; NaN for n = 1."""
    import numpy as np
    from scipy.stats import t

    some = np.where(n > 1, n, 2)
    half: NDArray[np.float64] = t.ppf(0.5 + LEVEL / 2, some - 1) / np.sqrt(some)
    return np.where(n > 1, half, np.nan)


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
    from scipy.stats import binom

    k = 0
    while 2 * binom.cdf(k, n, 0.5) <= 1 - LEVEL:
        k += 1
    return k
