"""What the report's page draws of a heat map: its cells with their borders, and the names of its axes."""

from tracking.analysis.heat import Axis, Heat, Sheet
from tracking.analysis.values import text, words
from tracking.plotting.kinds.heatmaps import axes_of, notes, title
from tracking.plotting.style.labels import Caption, averaged, in_unicode, is_share, measure, named_axis
from tracking.report.chart import MOST_POINTS, Plain

MOST_TICKS = 10


def heat_chart(heat: Heat, caption: Caption) -> Plain | None:
    """The chart of a heat map; None where it has too many cells for a page, or no value."""
    heatmap = heat.heatmap
    cells = [_cells(sheet, heat) for sheet in heat.sheets]
    values = [z for of_it in cells for z in of_it if z["z"] is not None]
    if sum(map(len, cells)) > MOST_POINTS or not values:
        return None
    (x_label, x), (y_label, y) = axes_of(heatmap)
    return {
        "kind": "heat",
        "title": title(heatmap, caption),
        "notes": notes(heat, caption),
        "x": {"label": x_label or in_unicode(named_axis(x, caption)), **_axis(heat.x)},
        "y": {"label": y_label or in_unicode(named_axis(y, caption)), **_axis(heat.y)},
        "z": {
            "label": f"{in_unicode(measure(heatmap.z, heatmap.split, caption.step))} "
            f"({averaged(heatmap.curve(), heat.table)})",
            "scale": heatmap.z_scale,
            "percent": is_share(heatmap.z) and heatmap.z_scale == "linear",
        },
        "sheets": [{"name": sheet.name, "cells": of_it} for sheet, of_it in zip(heat.sheets, cells, strict=True)],
    }


def _cells(sheet: Sheet, heat: Heat) -> list[Plain]:
    """The cells of one panel; z is null where no trial has a value, or where it has no place on the scale."""
    lowest = 0.0 if heat.heatmap.z_scale == "log" else float("-inf")
    return [
        {
            "x1": float(heat.x.edges[i]), "x2": float(heat.x.edges[i + 1]), "x": _named(heat.x.values[i]),
            "y1": float(heat.y.edges[j]), "y2": float(heat.y.edges[j + 1]), "y": _named(heat.y.values[j]),
            "z": float(z) if lowest < z < float("inf") else None,
        }
        for (j, i), z in ((place, float(sheet.z[place])) for place in _places(sheet))
    ]  # fmt: skip


def _places(sheet: Sheet) -> list[tuple[int, int]]:
    rows, columns = sheet.z.shape
    return [(j, i) for j in range(rows) for i in range(columns)]


def _axis(axis: Axis) -> Plain:
    """Scale, borders, and the ticks with their names: the values themselves where they are few."""
    every = max(1, -(-len(axis.values) // MOST_TICKS))
    ticks = [[float(place), _named(v)] for place, v in zip(axis.places, axis.values, strict=True)][::every]
    return {
        "scale": "log" if axis.kind == "log" else "linear",
        "domain": [float(axis.edges[0]), float(axis.edges[-1])],
        "ticks": ticks,
    }


def _named(value: object) -> str:
    return words("", value) if isinstance(value, str) else text(value)
