"""Draws a heat map: a cell for each pair of values, one scale of colours, hatched where no trial has a value."""

import math
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.heat import Axis, Heat, Sheet
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.values import text, words
from tracking.common.text import count_of
from tracking.plotting.save import Page
from tracking.plotting.style.axes import percent, plain_log_ticks, why_empty
from tracking.plotting.style.labels import (
    Caption,
    averaged,
    in_unicode,
    is_share,
    left_out,
    measure,
    moments,
    named_axis,
    verbatim,
)
from tracking.plotting.style.style import GREY, INK, NOTE, PANEL_TITLE, PAPER, RULE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure, SubFigure

WIDTH, AXES_HEIGHT, SMALL = 4.4, 2.75, (2.7, 1.95)  # inches: of one panel; width and height of one of several
COLUMNS, MOST_TICKS = 3, 10
HATCH = "////"
MOST_WRITTEN, LIGHT = 40, 0.6  # cells whose values are written; of the colour scale, from where on ink must be dark


def figure(heat: Heat, caption: Caption) -> "Figure":
    """All panels with one scale of colours, a colour bar, and what the picture rests on."""
    heatmap, several = heat.heatmap, len(heat.sheets) > 1
    columns = min(max(len(heat.sheets), 1), COLUMNS)
    width = columns * SMALL[0] + 0.9 if several else WIDTH
    page = Page(width, title(heatmap, caption), notes(heat, caption), caption.title)
    rows = math.ceil(max(len(heat.sheets), 1) / columns)
    panels = page.body.subplots(rows, columns, squeeze=False).ravel()
    if any(np.isfinite(sheet.z).any() for sheet in heat.sheets):
        _fill(page.body, list(panels), heat, caption)
    else:
        panels[0].text(0.5, 0.5, why_empty(heat.table), ha="center", va="center", color=GREY)
    for axes in panels[max(len(heat.sheets), 1) :]:
        axes.remove()
    return page.finished(panels[0], SMALL[1] if several else AXES_HEIGHT, rows)


def title(heatmap: Heatmap, caption: Caption) -> str:
    """What the heat map says of itself, else what it shows: "Test error over width and epoch"."""
    if heatmap.title:
        return heatmap.title
    z = in_unicode(measure(heatmap.z, heatmap.split, caption.step))
    x, y = (label or named_axis(name, caption) for label, name in axes_of(heatmap))
    return f"{z} over {x[:1].lower()}{x[1:]} and {y[:1].lower()}{y[1:]}"


def axes_of(heatmap: Heatmap) -> tuple[tuple[str, str], tuple[str, str]]:
    """The labels and names of x and of y."""
    return (heatmap.x_label, heatmap.x), (heatmap.y_label, heatmap.y)


def _fill(page: "SubFigure", panels: "list[Axes]", heat: Heat, caption: Caption) -> None:
    heatmap, norm = heat.heatmap, _norm(heat)
    for i, (axes, sheet) in enumerate(zip(panels, heat.sheets, strict=False)):
        axes.patch.set(facecolor=RULE, edgecolor=GREY, hatch=HATCH, linewidth=0)
        shown = np.ma.masked_invalid(np.where(sheet.z > 0, sheet.z, np.nan) if heatmap.z_scale == "log" else sheet.z)
        drawn = axes.pcolormesh(heat.x.edges, heat.y.edges, shown, norm=norm, cmap="viridis", gid="cells")
        axes.set_title(verbatim(sheet.name), loc="left", fontsize=PANEL_TITLE)
        if sheet.z.size <= MOST_WRITTEN:
            _write(axes, heat, sheet, norm)
        _axis(axes, "x", heat.x)
        _axis(axes, "y", heat.y)
        axes.grid(False)
        axes.set_xlabel(verbatim(heatmap.x_label) or named_axis(heatmap.x, caption))
        if i % COLUMNS == 0:
            axes.set_ylabel(verbatim(heatmap.y_label) or named_axis(heatmap.y, caption))
    _colour_bar(page, panels[: len(heat.sheets)], drawn, heatmap, heat, caption)


def _write(axes: "Axes", heat: Heat, sheet: Sheet, norm: "Normalize") -> None:
    """The values in their cells, in per cent where they are shares, in dark or light ink by the colour below."""
    for y, row in zip(heat.y.places, sheet.z, strict=True):
        for x, z in zip(heat.x.places, row, strict=True):
            if np.isfinite(z):
                said = f"{100 * z:.1f}" if is_share(heat.heatmap.z) else f"{z:.3g}"
                ink = INK if norm(z) > LIGHT else PAPER
                axes.text(x, y, said, ha="center", va="center", fontsize=NOTE, color=ink, gid="value")


def _norm(heat: Heat) -> "Normalize":
    from matplotlib.colors import LogNorm, Normalize

    values = np.concatenate([sheet.z[np.isfinite(sheet.z)] for sheet in heat.sheets])
    if heat.heatmap.z_scale == "log" and (values > 0).any():
        return LogNorm(values[values > 0].min(), values.max())
    return Normalize(values.min(), values.max())


def _colour_bar(
    page: "SubFigure", panels: "list[Axes]", drawn: "ScalarMappable", heatmap: Heatmap, heat: Heat, caption: Caption
) -> None:
    shares = percent() if is_share(heatmap.z) and heatmap.z_scale == "linear" else None
    bar = page.colorbar(drawn, ax=panels, pad=0.02, format=shares)
    what = measure(heatmap.z, heatmap.split, caption.step)
    if heatmap.z_scale == "log":
        plain_log_ticks(bar.ax.yaxis, *bar.ax.get_ylim())
    bar.set_label(f"{what}\n({averaged(heatmap.curve(), heat.table)})", linespacing=1.25)


def _axis(axes: "Axes", which: str, axis: Axis) -> None:
    """Scale, limits and ticks: the values themselves where they are few."""
    from matplotlib.ticker import NullLocator

    of = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("log" if axis.kind == "log" else "linear")
    (axes.set_xlim if which == "x" else axes.set_ylim)(axis.edges[0], axis.edges[-1])
    if axis.kind == "names" or len(axis.values) <= MOST_TICKS:
        every = math.ceil(len(axis.values) / (2 * MOST_TICKS))
        names = [verbatim(words("", v) if isinstance(v, str) else text(v)) for v in axis.values]
        of.set_ticks(axis.places[::every], names[::every])
        of.set_minor_locator(NullLocator())
        if which == "x" and sum(map(len, names)) > 40:
            axes.tick_params("x", rotation=40)
    elif axis.kind == "log":
        plain_log_ticks(of, axis.edges[0], axis.edges[-1])


def notes(heat: Heat, caption: Caption) -> list[str]:
    """What the picture rests on, and whatever is not in it."""
    curve, table = heat.heatmap.curve(), heat.table
    said = [caption.origin(), *moments(curve, table, caption.step), left_out(curve, table)]
    empty = sum(int(np.isnan(sheet.z).sum()) for sheet in heat.sheets)
    if empty:
        cells = count_of(sum(sheet.z.size for sheet in heat.sheets), "cell")
        said.append(f"Hatched: {empty:,} of {cells}, for lack of a value.")
    if heat.heatmap.z_scale == "log" and (below := sum(int((sheet.z <= 0).sum()) for sheet in heat.sheets)):
        cells = count_of(below, "cell is", "cells are")
        said.append(f"{cells} 0 or less, without a place on the logarithmic scale, and hatched, too.")
    if heat.without_place:
        said.append(f"{count_of(heat.without_place, 'cell')} at 0 or less: not on the logarithmic axis.")
    return [note for note in said if note]
