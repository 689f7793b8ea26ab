"""The axes of a figure: scales, limits that no single band can blow up, and ticks that can be read."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracking.analysis.curve_spec import Curve
from tracking.analysis.values import text, words
from tracking.plotting.labels import x_axis_label, y_axis_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


def prepare(
    axes: "Axes", curve: Curve, shown: "pd.DataFrame", single: "pd.DataFrame", about: Mapping[str, Any]
) -> None:
    """Scales, limits, ticks and labels."""
    from matplotlib.ticker import PercentFormatter

    axes.set_xscale(
        "log" if curve.x_logarithmic and (shown["x"] > 0).any() and (shown["x_text"] == "").all() else "linear"
    )
    axes.set_yscale("log" if curve.y_scale == "log" and (shown["centre"] > 0).any() else "linear")
    _x_ticks(axes, shown)
    low, high = _limits(shown, single, axes.get_yscale() == "log")
    if low < high:
        axes.set_ylim(low, high)
    if axes.get_yscale() == "log":
        _plain_log_ticks(axes.yaxis, low, high)
    if curve.y == "error" and axes.get_yscale() == "linear":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_xlabel(curve.x_label or x_axis_label(curve, about))
    axes.set_ylabel(curve.y_label or y_axis_label(curve, list(shown["split"].unique())))
    if shown["centre"].notna().sum() == 0:
        axes.text(0.5, 0.5, "nothing recorded yet", transform=axes.transAxes, ha="center", va="center", color="#5f5f5f")


def _x_ticks(axes: "Axes", shown: "pd.DataFrame") -> None:
    """Names where x is no number; the values themselves where they are few and a logarithmic axis is short."""
    from matplotlib.ticker import NullLocator

    values = sorted(shown["x"].dropna().unique())
    if (shown["x_text"] != "").any():
        texts = shown.drop_duplicates("x").set_index("x")["x_text"]
        axes.set_xticks(list(texts.index), [words("", t) for t in texts])
        axes.margins(x=0.15)
    elif axes.get_xscale() == "log" and 0 < len(values) <= 8 and values[-1] / values[0] <= 200:
        far = [v for i, v in enumerate(values) if i == 0 or v / values[i - 1] > 1.25]
        axes.set_xticks(far, [_number(v) for v in far])
        axes.xaxis.set_minor_locator(NullLocator())
    elif axes.get_xscale() == "log" and values:
        _plain_log_ticks(axes.xaxis, *axes.get_xlim())


def _plain_log_ticks(axis: "Axis", low: float, high: float) -> None:
    """Numbers as they are, at 1, 2 and 5, where the axis spans less than three decades of ordinary numbers; evenly
    spaced ones where it spans less than a factor of 3."""
    from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullFormatter, NullLocator

    if low < 1e-4 or high > 1e5 or high / low > 1e3:
        return
    marked = (1.0, 2.0, 3.0, 5.0) if high / low < 10 else (1.0, 2.0, 5.0) if high / low < 100 else (1.0,)
    locator: Locator = MaxNLocator(5) if high / low < 3 else LogLocator(subs=marked)
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
    axis.set_minor_formatter(NullFormatter())
    if high / low < 3:
        axis.set_minor_locator(NullLocator())


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else text(float(value))


def _limits(shown: "pd.DataFrame", single: "pd.DataFrame", logarithmic: bool) -> tuple[float, float]:
    """Limits of y: all centres and seeds, and of the bands as much again at most (two seeds have enormous ones)."""
    import numpy as np
    import pandas as pd

    def usable(*parts: Any) -> Any:
        values = pd.concat([pd.Series(part, dtype=float) for part in parts]).to_numpy()
        values = values[np.isfinite(values) & (values > (0 if logarithmic else -np.inf))]
        return np.log(values) if logarithmic else values

    inner, outer = usable(shown["centre"], single["value"]), usable(shown["low"], shown["high"])
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
