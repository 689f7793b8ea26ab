"""Curves and heat maps as tables in the terminal."""

import math
from typing import TYPE_CHECKING

from orchestrator.commands.rendering import render_plot
from orchestrator.commands.rendering.shorten import shorten
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.tables import table
from tracking.analysis.aggregate import COUNTS
from tracking.analysis.values import text
from tracking.common.text import count_of

if TYPE_CHECKING:
    import pandas as pd

    from orchestrator.results.build import Results
    from tracking.analysis.heat import Heat

MOST_CELLS = 12  # of a heat map along either axis that fit on a screen


def tables(results: "Results", full: bool, plot: bool | None) -> None:
    """Every curve and heat map that has points."""
    from tracking.analysis.heat import Heat

    heats = [found for found in results.heatmaps.values() if isinstance(found, Heat)]
    curves(results.sweep, results.table, full, plot)
    for found in heats:
        _cells(found)


def curves(sweep: Sweep, whole: "pd.DataFrame", full: bool, plot: bool | None, remedy: str = "--full") -> None:
    """Some points of all curves, or all of them if `full`; nothing of a sweep that draws something else. plot: whether
    the first few are plotted, too; None: on a terminal. remedy: what shows all points."""
    if not sweep.curves:
        return
    if whole.empty or not whole["n"].any():
        from tracking.plotting.style.axes import why_empty

        return say(f"no curve can be drawn: {why_empty(whole) if len(whole) else 'nothing recorded yet'}")
    curves = {curve.name: curve for curve in sweep.curves}
    plotted = [*curves][: render_plot.MOST_CURVES] if render_plot.wanted(plot) else []
    for name, part in whole.groupby("curve", sort=False):
        curve = curves[str(name)]
        if name in plotted and not curve.points:
            render_plot.curve(curve, part)
        counts = ["n", *(c for c in COUNTS[2:] if part[c].any())]
        rows, said = shorten(part, "centre", full, remedy)
        lines = [
            (
                *(
                    r.line,
                    r.x_text or _place(r.x),
                    *(_number(float(getattr(r, part))) for part in ("centre", "low", "high")),
                ),
                *(getattr(r, count) for count in counts),
            )
            for r in rows.itertuples()
        ]
        centre = f"{curve.centre} {curve.y}"
        title = f"curve {name} ({said})" if said else f"curve {name}"
        table(title, ["line", curve.x, centre, "low", "high", *(c.replace("_", " ") for c in counts)], lines)


def _cells(found: "Heat") -> None:
    """The cells of a heat map, panel by panel."""
    names = [text(value) for value in found.x.values]
    for sheet in found.sheets:
        title = f"heat map {found.heatmap.name}{f', {sheet.name}' if sheet.name else ''}"
        if max(sheet.z.shape) > MOST_CELLS:
            cells = f"{sheet.z.shape[1]:,} x {count_of(sheet.z.shape[0], 'cell')}"
            say(f"{title}: {cells}, in the figure and in curves.parquet")
            continue
        rows = zip((text(value) for value in found.y.values), sheet.z.tolist(), strict=True)
        table(
            title,
            [f"{found.heatmap.y} by {found.heatmap.x}", *names],
            [(name, *map(_number, values)) for name, values in rows],
        )


def _place(x: object) -> str:
    """A value of x; of a line without points there is none."""
    return "–" if x != x else f"{x:g}"


def _number(value: float) -> float | str:
    return "–" if math.isnan(value) else value
