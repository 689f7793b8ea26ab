"""The cells of a heat map: a quantity over two axes, averaged over seeds, with the place and the size of each cell.

X, Y cells along the axes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.aggregate import aggregate
from tracking.analysis.specs.curve_spec import Scale
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.values import is_number, words
from tracking.common.errors import Refused

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

EVEN = 1.6  # how much larger than another a distance may be: integers rounded from even logarithms differ by this much
Floats = NDArray[np.float64]


class Axis(NamedTuple):
    """One axis: the values [X] in their order, the places of the cells' middles [X] and of their borders [X + 1].

    kind: "names" where the cells have equal sizes, whatever the values.
    """

    kind: Literal["linear", "log", "names"]
    values: list[object]
    places: Floats
    edges: Floats


class Sheet(NamedTuple):
    """One panel: what it is called, and z [Y, X]; NaN where no trial has a value."""

    name: str
    z: Floats


class Heat(NamedTuple):
    """A heat map: its cells as a table (as of a curve, see `Heatmap.curve`), its axes and its panels.

    without_place: values that have no place on a logarithmic axis.
    """

    heatmap: Heatmap
    table: "pd.DataFrame"
    x: Axis
    y: Axis
    sheets: list[Sheet]
    without_place: int


def heat(frame: "Frame", heatmap: Heatmap, varied: list[str]) -> Heat:
    """The cells of a heat map. Raises Refused where it does not fit what is recorded, as `aggregate` does."""
    import pandas as pd

    table = aggregate(frame, heatmap.curve(), varied)
    layers = list(dict.fromkeys(table["layer"]))
    if len(layers) > 1:
        raise Refused(f"heat map '{heatmap.name}': {heatmap.z} is of several layers, {', '.join(layers)}; choose one")
    along = table["x_text"].where(table["x_text"] != "", table["x"])
    both = (along, table[heatmap.across])
    x, y = both if heatmap.y != "step" else both[::-1]
    cells = pd.DataFrame({"x": x, "y": y, "z": table["centre"], "panel": _panels(table, heatmap)})[table["x"].notna()]
    scales = {"x": heatmap.x_scale, "y": heatmap.y_scale}
    off = np.logical_or.reduce([_not_positive(cells[axis]) for axis, scale in scales.items() if scale == "log"], axis=0)
    kept = cells[~np.broadcast_to(off, len(cells))]
    steps = {"x": heatmap.x == "step", "y": heatmap.y == "step"}
    axes = {name: axis(kept[name].tolist(), scales[name] or ("linear" if steps[name] else None)) for name in scales}
    sheets = [_sheet(str(name), part, *axes.values()) for name, part in kept.groupby("panel", sort=False)]
    return Heat(heatmap, table, axes["x"], axes["y"], sheets, len(cells) - len(kept))


def _panels(table: "pd.DataFrame", heatmap: Heatmap) -> list[str]:
    """What the panel of each cell is called."""
    alone = len(heatmap.group) == 1
    return [", ".join(words(name, row[name], alone) for name in heatmap.group) for _, row in table.iterrows()]


def _not_positive(values: "pd.Series[float]") -> NDArray[np.bool_]:
    return np.array([is_number(value) and float(value) <= 0 for value in values], bool)


def _sheet(name: str, cells: "pd.DataFrame", x: Axis, y: Axis) -> Sheet:
    z = np.full((len(y.values), len(x.values)), np.nan)
    rows, columns = (cells[at].map(of.values.index).to_numpy(int) for at, of in (("y", y), ("x", x)))
    z[rows, columns] = cells["z"].to_numpy(float)
    return Sheet(name, z)


def axis(values: Sequence[object], scale: Scale | None) -> Axis:
    """The axis of these values, which may repeat. Numbers ascend; anything else stays in its order.

    Without a scale, numbers lie where they belong if their distances, or those of their logarithms, are about equal.
    """
    different = list(dict.fromkeys(values))
    if not different or not all(is_number(value) for value in different):
        return _beside_each_other(different)
    ordered = sorted(different, key=lambda value: float(str(value)))
    places = np.array([float(str(value)) for value in ordered])
    logs = np.log(places) if (places > 0).all() else None
    kind = scale or _spacing(places, logs)
    if kind == "names" or len(places) < 2 or (kind == "log" and logs is None):
        return _beside_each_other(ordered)
    edges = _edges(places) if kind == "linear" or logs is None else np.exp(_edges(logs))
    return Axis(kind, ordered, places, edges)


def _spacing(places: Floats, logs: Floats | None) -> Literal["linear", "log", "names"]:
    linear, logarithmic = _unevenness(places), np.inf if logs is None else _unevenness(logs)
    if min(linear, logarithmic) > EVEN:
        return "names"
    return "log" if logarithmic < linear else "linear"


def _unevenness(places: Floats) -> float:
    """The largest distance between neighbours divided by the smallest."""
    distances = np.diff(places)
    return float(distances.max() / distances.min()) if len(distances) else 1.0


def _beside_each_other(values: list[object]) -> Axis:
    return Axis("names", values, np.arange(len(values), dtype=float), np.arange(len(values) + 1.0) - 0.5)


def _edges(places: Floats) -> Floats:
    """Borders halfway between neighbours, and as far beyond the first and the last as before them."""
    middle = (places[1:] + places[:-1]) / 2
    ends: Floats = np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])
    return ends
