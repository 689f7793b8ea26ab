"""A curve: the rows of a sweep's trials aggregated over seeds; for each x a centre, a band, and what is not in them.

A point of a curve is one cell (the trials that differ only in their seed), never a mixture of cells. Only finished
trials are averaged. Diverged ones, at whatever step, are left out of centre and band and counted instead, as are
failed ones (failed or cancelled) and missing ones (not recorded, still running, or without the measure), so that

    used + diverged + failed + missing = the trials that the sweep asks for.

Bands over n seeds; where n is too small for one there is none:
    ci95    of the mean: Student's t with n - 1 degrees of freedom, within the bounds of the measure (see
            `tracking.analysis.intervals`), n >= 2
            of the median: the narrowest pair of order statistics, as far from either end, whose exact (binomial)
            coverage of the median is at least 95 %, n >= 6
    sd      mean +- standard deviation (n - 1 in its denominator), n >= 2
    iqr     first to third quartile, n >= 2
    minmax  smallest to largest, n >= 2
"""

from typing import TYPE_CHECKING

from tracking.analysis.curve_spec import Curve
from tracking.analysis.grouping import Prepared, prepare
from tracking.analysis.reduce import Reduced, reduced
from tracking.common.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


def aggregate(frame: "Frame", curve: Curve, varied: list[str]) -> "pd.DataFrame":
    """The points of a curve, in drawing order.

    Columns: curve, line (what the legend says), each setting of the group, split, layer, at, x, x_text (of an x that
    is no number), centre, low, high, n (seeds averaged), diverged, missing, failed (trials of that cell), threshold
    (number of training examples). A cell with nothing to show has a line with centre NaN, and x NaN where only a
    recorded measure could tell it. Raises Refused where the curve does not fit what is recorded.
    """
    return both(frame, curve, varied)[0]


def single(frame: "Frame", curve: Curve, varied: list[str]) -> "pd.DataFrame":
    """What `aggregate` averages, one line per value: line, split, layer, at, trial, seed, x, value. Empty where there
    are more seeds than a figure can show: there may be 10^8 values."""
    return both(frame, curve, varied)[1]


def both(frame: "Frame", curve: Curve, varied: list[str]) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """`aggregate` and `single` in one reading of the rows."""
    prepared = prepare(frame, curve, varied)
    found = reduced(prepared, curve)
    points = _points(prepared, found, curve)
    _no_mixture(points, curve, varied, prepared.group)
    columns = ["curve", "line", *prepared.group, "split", "layer", "at", "x", "x_text", "centre", "low", "high", "n"]
    return points[[*columns, "diverged", "missing", "failed", "threshold"]], _seeds(prepared, found, curve)


def _points(p: Prepared, found: Reduced, curve: Curve) -> "pd.DataFrame":
    table = p.cells.merge(found.series, how="cross", suffixes=("", "_series"))
    table = table.merge(found.used, on=["key", "series"], how="left")
    table = table.merge(found.points, on=["key", "series"], how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table["missing"] = table["planned"] - table["diverged"] - table["failed"] - table["used"].fillna(0).astype(int)
    if curve.x == "step":
        table["x"] = table["step"].astype(float)
    table = table.assign(curve=curve.name, line=_line(table, curve))
    return table.sort_values(["group", "series", "x"], kind="stable", ignore_index=True)


def _seeds(p: Prepared, found: Reduced, curve: Curve) -> "pd.DataFrame":
    table = found.values.merge(p.cells, on="key", how="left")
    table = table.merge(found.series, on="series", suffixes=("", "_series"))
    if curve.x == "step":
        table["x"] = table["step"].astype(float)
    table = table.assign(line=_line(table, curve), seed=table["trial"].map(p.frame.trials["seed"]))
    table = table.sort_values(["group", "series", "seed", "x"], kind="stable", ignore_index=True)
    return table[["line", "split", "layer", "at", "trial", "seed", "x", "value"]]


def _line(legends: "pd.DataFrame", curve: Curve) -> list[str]:
    """What the legend says of each line of a table: what tells it from the others, or else what is drawn."""
    both = zip(legends["legend"], legends["legend_series"], legends["split"], strict=True)
    return [", ".join(part for part in (one, two) if part) or split or curve.y for one, two, split in both]


def _no_mixture(table: "pd.DataFrame", curve: Curve, varied: list[str], group: list[str]) -> None:
    """Raises Refused where two points of one line have the same x: a line would jump between different networks."""
    placed = table[table["x"].notna()]
    if curve.points or not placed.duplicated(["group", "series", "x"]).any():
        return
    rest = [v for v in varied if v not in (*group, "seed", curve.x)]
    raise Refused(
        f"curve '{curve.name}': one line has several points at the same {curve.x}; its trials differ in "
        f"{', '.join(rest) or 'their step'}: name that in `group`, or choose one value with `where`"
    )
