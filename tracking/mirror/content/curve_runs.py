"""The lines of a sweep's curves as runs of MLflow: one run a line, so that MLflow draws a curve as one chart.

MLflow draws the same metric of several runs into one chart. A line is therefore a run below the sweep's own, its
metric `curve/<name>` has x as its step, and its band and its number of seeds are metrics of sections of their own.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

BANDS = {"low": "curve_band", "high": "curve_band", "n": "curve_seeds"}  # columns of a curve's table -> chart section
SHORT = {"frobenius_norm": "norm"}  # measures whose chart section has a friendlier name


class Point(NamedTuple):
    """One value of a metric; `ms` since 1970."""

    key: str
    value: float
    ms: int
    step: int


class CurveLine(NamedTuple):
    """One line of a curve. values: by metric key, then by x, which is the step of the metric."""

    curve: str
    line: str
    values: dict[str, dict[int, float]]

    @property
    def name(self) -> str:
        """What its run is called: "error: test, noise 0"."""
        return f"{self.curve}: {self.line}" if self.line else self.curve

    def points(self, ms: int) -> list[Point]:
        """Its points, all of one time: a curve has no time of its own."""
        return [Point(key, value, ms, x) for key, line in self.values.items() for x, value in line.items()]


def metric_key(measure: str, layer: str, split: str) -> str:
    """`error/test`, `norm/conv1`, `parameters`: what comes before the slash is a section of charts in MLflow."""
    key = "/".join(part for part in (SHORT.get(measure, measure), layer, split) if part)
    return re.sub(r"[^\w./ -]", "_", key)


def curve_lines(table: "pd.DataFrame") -> tuple[tuple[CurveLine, ...], list[str]]:
    """The lines of all curves, and the names of the curves that cannot be shown so.

    table: columns curve, line, x, centre, low, high, n, as `aggregate` makes it. MLflow's steps are whole numbers, so
    a curve against label noise or time is in the figures only.
    """
    lines: list[CurveLine] = []
    left_out = []
    for curve, every in table.groupby("curve", sort=False):
        shown = every[every["centre"].notna() & every["x"].notna()]
        if not _whole_numbers(shown["x"]) or shown.duplicated(["line", "x"]).any():
            left_out.append(str(curve))
            continue
        for line, part in shown.groupby("line", sort=False):
            values = {metric_key("curve", str(curve), ""): _values(part, "centre")}
            values |= {metric_key(section, f"{curve} {c}", ""): _values(part, c) for c, section in BANDS.items()}
            lines.append(CurveLine(str(curve), str(line), {key: v for key, v in values.items() if v}))
    return tuple(line for line in lines if line.values), left_out


def _whole_numbers(x: "pd.Series[float]") -> bool:
    import pandas as pd

    numbers = pd.to_numeric(x, errors="coerce")
    return bool(numbers.notna().all() and (numbers % 1 == 0).all())


def _values(part: "pd.DataFrame", column: str) -> dict[int, float]:
    known = part[np.isfinite(part[column])]
    return {int(x): float(y) for x, y in zip(known["x"], known[column], strict=True)}
