"""A curve: the rows of a sweep's trials aggregated over seeds, by select -> series -> reduce (a file each).

A point of a curve is one cell (the trials that differ only in their seed) at one step, never a mixture of cells. Its
trials are counted, so that

    planned = finished + diverged + failed + missing

where failed includes cancelled trials and missing are those not recorded, still running, interrupted, or without the
measure. Centre and band are those of the n finite values of finished trials; not_finite counts their values that are
infinite or NaN, not_reached those that have none since the trial never comes there: it ended before that step, or the
condition of a first step never held. The centre is then that of the trials that came there, and the figure says how
many did not. Diverged trials are left out at whatever step they diverged.

Bands over n seeds; where n is too small for one there is none:
    ci95    of the mean: Student's t with n - 1 degrees of freedom, within the bounds of the measure (see
            `tracking.analysis.statistics.intervals`), n >= 2
            of the median: the narrowest pair of order statistics, as far from either end, whose exact (binomial)
            coverage of the median is at least 95 %, n >= 6
    sd      mean +- standard deviation (n - 1 in its denominator), n >= 2
    iqr     first to third quartile, n >= 2
    minmax  smallest to largest, n >= 2
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from tracking.analysis.grouping import Selection, select
from tracking.analysis.reduce import Reduced, Wanted, reduce, tried
from tracking.analysis.series import level_of
from tracking.analysis.specs.curve_spec import Curve
from tracking.common.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

    Tables = tuple[pd.DataFrame, pd.DataFrame]

COUNTS = ("planned", "finished", "diverged", "failed", "missing", "not_finite", "not_reached")


def aggregate(frame: "Frame", curve: Curve, varied: list[str]) -> "pd.DataFrame":
    """The points of a curve, in drawing order.

    Columns: curve, line (its name), legend (its settings in words), each setting of the group, split, layer, at, x,
    x_text (of an x that is no number), centre, low, high, n (finite values averaged), the counts of trials of that cell
    (planned, finished, diverged, failed, missing), not_finite, not_reached, threshold (number of training examples),
    reference (where a line to compare with lies). A cell with
    nothing to show has a line with centre NaN, and x NaN where only a recorded measure could tell it. Raises Refused
    where the curve does not fit what is recorded.
    """
    return both(frame, curve, varied)[0]


def values(frame: "Frame", curve: Curve, varied: list[str]) -> "pd.DataFrame":
    """What `aggregate` averages, one line per value of a finished trial, infinite ones and NaN included: line, each
    setting of the group, split, layer, at, trial, seed, step, x, x_text, value. Raises Refused as `aggregate` does."""
    return both(frame, curve, varied, few=False)[1]


def single(frame: "Frame", curve: Curve, varied: list[str]) -> "pd.DataFrame":
    """`values`, but empty where there are more seeds than a figure can show: there may be 10^8 values."""
    return both(frame, curve, varied)[1]


def both(frame: "Frame", curve: Curve, varied: list[str], few: bool = True) -> "Tables":
    """`aggregate` and `single` in one reading of the rows; `aggregate` and `values` where not `few`."""
    (found,) = several(frame, [curve], varied, few)
    if isinstance(found, Exception):
        raise found
    return found


def several(frame: "Frame", curves: Sequence[Curve], varied: list[str], few: bool = True) -> "list[Tables | Exception]":
    """`both` of each of these curves, or what it raises; those of the same trials in one reading of the rows.

    Raises Damaged and StorageFailed where rows cannot be read.
    """
    prepared = [tried(partial(_wanted, frame, curve, varied)) for curve in curves]
    found: dict[int, Tables | Exception] = {}
    of_the_same: dict[str, list[int]] = {}  # places of curves
    for place, one in enumerate(prepared):
        if isinstance(one, Exception):
            found[place] = one
        else:
            of_the_same.setdefault(repr(sorted(one.curve.where.items())), []).append(place)
    for places in of_the_same.values():
        wanted = [one for place in places if isinstance(one := prepared[place], Wanted)]
        for place, one, read in zip(places, wanted, reduce(wanted, few), strict=True):
            found[place] = read if isinstance(read, Exception) else tried(partial(_tables, one, read, varied))
    return [found[place] for place in range(len(curves))]


def _wanted(frame: "Frame", curve: Curve, varied: list[str]) -> Wanted:
    selection = select(frame, curve, varied)
    return Wanted(curve, selection, level_of(selection.frame, curve))


def _tables(wanted: Wanted, found: Reduced, varied: list[str]) -> "Tables":
    curve, selection, _ = wanted
    points = _points(selection, found, curve)
    _no_mixture(points, curve, varied, selection.group)
    which = ["curve", "line", "legend", *selection.group, "split", "layer", "at", "x", "x_text"]
    whole = points[[*which, "centre", "low", "high", "n", *COUNTS, "threshold", "reference"]]
    return whole, _values(selection, found, curve)


def _points(selection: Selection, found: Reduced, curve: Curve) -> "pd.DataFrame":
    table = selection.cells.merge(found.series, how="cross", suffixes=("", "_series"))
    table = table.merge(found.finished, on=["key", "series"], how="left")
    table = table.merge(found.points, on=["key", "series"], how="left")
    for counted in ("n", "finished", "not_finite", "not_reached"):
        table[counted] = table[counted].fillna(0).astype(int)
    table = table[~_of_other_networks(table)]
    table["missing"] = table["planned"] - table["diverged"] - table["failed"] - table["finished"]
    if curve.x == "step":
        table["x"] = table["step"].astype(float)
    table = table.assign(curve=curve.name, line=_line(table, curve))
    return table.sort_values(["group", "series", "x"], kind="stable", ignore_index=True)


def _of_other_networks(table: "pd.DataFrame") -> "pd.Series[bool]":
    """Points of layers that the networks of a cell do not have: its finished trials have others. Nothing is missing."""
    has_some = table.groupby("key")["finished"].transform("max") > 0
    return has_some & (table["layer"] != "") & (table["finished"] == 0)


def _values(selection: Selection, found: Reduced, curve: Curve) -> "pd.DataFrame":
    table = found.values.merge(selection.cells, on="key", how="left")
    table = table.merge(found.series, on="series", suffixes=("", "_series"))
    if curve.x == "step":
        table["x"] = table["step"].astype(float)
    table = table.assign(line=_line(table, curve), seed=table["trial"].map(selection.frame.trials["seed"]))
    table = table.sort_values(["group", "series", "seed", "x"], kind="stable", ignore_index=True)
    columns = ("line", *selection.group, "split", "layer", "at", "trial", "seed", "step", "x", "x_text", "value")
    return table[list(dict.fromkeys(columns))]  # the seed may be in the group


def _line(legends: "pd.DataFrame", curve: Curve) -> list[str]:
    """What the legend says of each line of a table: what tells it from the others, or else what is drawn."""
    both = zip(legends["legend"], legends["legend_series"], legends["split"], strict=True)
    return [", ".join(part for part in (one, two) if part) or split or str(curve.y) for one, two, split in both]


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
