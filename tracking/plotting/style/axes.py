"""The axes of a figure: scales, limits that no single band can blow up, and ticks that can be read."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.values import words
from tracking.common.text import number
from tracking.plotting.style.labels import Caption, is_share, verbatim, x_axis_label, y_axis_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.ticker import Formatter

LETTERS = 64  # of tick labels beside each other; where the values have more, the labels are turned
NUMERALS = 36  # of numbers beside each other on an axis of a panel; where the values have more, round ones are marked


def prepare(axes: "Axes", curve: Curve, shown: "pd.DataFrame", single: "pd.DataFrame", caption: Caption) -> None:
    """Scales, limits, ticks and labels."""
    _x_axis(axes, curve, shown)
    axes.set_yscale("log" if curve.y_scale == "log" and (shown["centre"] > 0).any() else "linear")
    low, high = limits_of_y(shown, single, axes.get_yscale() == "log")
    if low < high:
        axes.set_ylim(low, high)
    if axes.get_yscale() == "log":
        plain_log_ticks(axes.yaxis, low, high)
    if is_share(curve.y) and axes.get_yscale() == "linear":
        axes.yaxis.set_major_formatter(percent())
    axes.set_xlabel(x_axis_label(curve, caption))
    axes.set_ylabel(y_axis_label(curve, list(shown["split"].unique()), caption))


def why_empty(table: "pd.DataFrame") -> str:
    """Why a figure has no point: that of the trials that finished none has a value, how those that did not finish
    ended, or that nothing is recorded. table: counts of trials by state, a row for each point."""
    if (table["finished"] > 0).any():
        return "no trial has a value"
    ended = [state for state in ("diverged", "failed") if (table[state] > 0).any()]
    return none_finished(ended, bool((table["missing"] > 0).any()))


def none_finished(ended: Sequence[str], more: bool) -> str:
    """That no trial finished, and in which states some have ended. more: whether others have not ended."""
    if not ended:
        return "nothing recorded yet"
    how = " or ".join(ended)
    return f"no trial finished yet, some {how}" if more else f"no trial finished, all {how}"


def _x_axis(axes: "Axes", curve: Curve, shown: "pd.DataFrame") -> None:
    """Names where x is no number; a logarithmic axis that holds 0 is linear up to its smallest positive value."""
    from matplotlib.ticker import MaxNLocator

    texts = shown[shown["x_text"] != ""].drop_duplicates("x").sort_values("x")
    if len(texts):
        return _names(axes, texts["x"].tolist(), [words("", t) for t in texts["x_text"]])
    positive = shown.loc[shown["x"] > 0, "x"]
    if not curve.x_logarithmic or positive.empty or (shown["x"] < 0).any():
        if curve.x == "step":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        return
    if (shown["x"] == 0).any():
        axes.set_xscale("symlog", linthresh=float(positive.min()), linscale=0.4)
    else:
        axes.set_xscale("log")
        log_x_ticks(axes, sorted(positive.unique()))


def _names(axes: "Axes", places: list[float], names: list[str]) -> None:
    """Ticks with the names of values; long ones in several lines, or turned where they are many."""
    room = max(LETTERS // len(names), 8)
    turned = sum(min(len(name), room) for name in names) > LETTERS
    wrapped = [verbatim(textwrap.fill(name, 24 if turned else room)) for name in names]
    axes.set_xticks(places, wrapped)
    if turned:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right", rotation_mode="anchor")
    axes.set_xlim(min(places) - 0.5, max(places) + 0.5)


def log_x_ticks(axes: "Axes", values: list[float]) -> None:
    """The values themselves where they are few and short, and the axis is short."""
    from matplotlib.ticker import NullLocator

    far = [v for i, v in enumerate(values) if i == 0 or v / values[i - 1] > 1.25]
    names = [number(v) for v in far]
    if len(values) <= 8 and values[-1] / values[0] <= 200 and sum(map(len, names)) <= NUMERALS:
        axes.set_xticks(far, names)
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        plain_log_ticks(axes.xaxis, *axes.get_xlim())


def plain_log_ticks(axis: "Axis", low: float, high: float) -> None:
    """Numbers as they are, at 1, 2 and 5, where the axis spans less than three decades of ordinary numbers; evenly
    spaced ones where it spans less than a factor of 3."""
    from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullFormatter, NullLocator

    if low < 1e-4 or high > 1e5 or high / low > 1e3:
        return
    marked = (1.0, 2.0, 3.0, 5.0) if high / low < 10 else (1.0, 2.0, 5.0) if high / low < 100 else (1.0,)
    locator: Locator = MaxNLocator(5) if high / low < 3 else LogLocator(subs=marked)
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
    if high / low < 3:
        axis.set_minor_locator(NullLocator())


def percent() -> "Formatter":
    """Shares in per cent, with as many decimals as a tick has: 65%, 62.5%."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda share, _: f"{100 * share:.6g}%")


def limits_of_y(shown: "pd.DataFrame", single: "pd.DataFrame", logarithmic: bool) -> tuple[float, float]:
    """Limits of y: all centres, seeds and references, and of the bands (two seeds have enormous ones) as much again."""
    inner = _usable(logarithmic, shown["centre"], shown["reference"], single["value"])
    outer = _usable(logarithmic, shown["low"], shown["high"])
    if not len(inner):
        return 0.0, 0.0
    low, high = float(inner.min()), float(inner.max())
    span = (high - low) or max(abs(high), 1e-12) * 0.1
    if len(outer):
        bottom, top = max(float(outer.min()), low - 0.6 * span), min(float(outer.max()), high + 0.6 * span)
        low, high = min(low, bottom), max(high, top)
    margin = 0.05 * (high - low)
    if not logarithmic and inner.min() >= 0:
        low = max(low, 0.0)
    return (math.exp(low - margin), math.exp(high + margin)) if logarithmic else (low - margin, high + margin)


def _usable(logarithmic: bool, *columns: "pd.Series[float]") -> NDArray[np.float64]:
    """The values of all columns that have a place on the axis, in its units."""
    values = np.concatenate([column.to_numpy(np.float64) for column in columns])
    values = values[np.isfinite(values) & (values > (0 if logarithmic else -np.inf))]
    found: NDArray[np.float64] = np.log(values) if logarithmic else values
    return found
