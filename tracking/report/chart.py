"""What the report's page draws of a curve: the same points, looks and labels as the figure, as plain values for JSON.

A colour is a pair, on a light page and on a dark one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds
from tracking.analysis.values import words
from tracking.plotting.kinds import curve_figure, panels
from tracking.plotting.kinds.panels import Panel, Part
from tracking.plotting.style.axes import limits_of_y
from tracking.plotting.style.labels import Caption, footer, in_unicode, is_share, measure, named_axis, title
from tracking.plotting.style.looks import Look, looks
from tracking.plotting.style.style import ON_DARK, PALETTE

if TYPE_CHECKING:
    import pandas as pd

Plain = dict[str, object]
BANDS = {"ci95": "95% interval", "sd": "mean ± sd", "iqr": "quartiles", "minmax": "smallest to largest", "none": ""}
MOST_POINTS = 10_000  # of one chart; a larger figure is shown as a picture


def chart(part: Part, caption: Caption) -> Plain | None:
    """The chart of a curve; None where it has too many points for a page, or none."""
    curve = part.curve
    shown = curve_figure.within_bounds(bounds(curve.y, caption.bounds), curve_figure.in_place(curve, part.table))
    if len(shown) > MOST_POINTS or not shown["centre"].notna().any():
        return None
    unordered = curve_figure.unordered_x(shown)
    found = looks(shown, curve.points, not unordered)
    places = curve_figure.beside(found) if unordered else dict.fromkeys(found, 0.0)
    colours = pairs([look.colour for look in found.values()])
    lines = [
        _line(str(line), of_it, found[str(line)], places[str(line)], colour, curve.points)
        for (line, of_it), colour in zip(shown.groupby("line", sort=False), colours, strict=True)
    ]
    single = _single(part, shown, places)
    splits = list(shown["split"].unique())
    notes = footer(curve, part.table, caption, bool(single), curve_figure.has_bars(shown))
    return {
        "kind": "curve",
        "title": title(curve, splits, caption),
        "notes": notes,
        "x": _x(curve, shown, caption),
        "y": _y(curve, shown, part, splits, caption),
        "band": BANDS[curve.band],
        "joined": not (unordered or curve.points),
        "lines": lines,
        "single": single,
        "reference": _reference(curve, shown),
        "thresholds": sorted({float(n) for n in shown["threshold"].dropna()}),
    }


def panel_chart(panel: Panel, parts: Sequence[Part], caption: Caption) -> Plain:
    """The chart of curves side by side, each of which the page has a chart of."""
    return {
        "kind": "panels",
        "title": f"{caption.title} ({panel.name})",
        "notes": panels.notes(parts, caption),
        "charts": [part.curve.name for part in parts],
        "headings": [panels.heading(place, part.curve) for place, part in enumerate(parts)],
    }


def pairs(colours: "list[object]") -> list[list[str]]:
    """Each colour of a figure as it is on a light page, and as it is on a dark one: of a ramp, its lighter part."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    ramp = list(dict.fromkeys(c for c in colours if c not in PALETTE))
    found = []
    for colour in colours:
        if colour in PALETTE:
            found.append([str(colour), ON_DARK[PALETTE.index(str(colour))]])
        else:
            lighter = 0.3 + 0.65 * ramp.index(colour) / max(len(ramp) - 1, 1)
            found.append([to_hex(colour), to_hex(colormaps["viridis"](lighter))])
    return found


def numbers(values: "pd.Series[float]") -> list[float | None]:
    """Numbers as JSON writes them, null where there is none; in seven digits, more than anybody sees of a chart."""
    return [float(f"{v:.7g}") if np.isfinite(v) else None for v in values]


def _line(name: str, part: "pd.DataFrame", look: Look, place: float, colour: list[str], points: bool) -> Plain:
    return {
        "name": name,
        "colour": colour,
        "dashed": look.dashed,
        "open": look.at not in ("", "last"),
        "mark": look.mark,
        "x": numbers(part["x"] + place),
        "at": [words("", t) for t in part["x_text"]] if (part["x_text"] != "").any() else [],
        "centre": numbers(part["centre"]),
        **{end: numbers(part[end]) if part[end].notna().any() else [] for end in ("low", "high")},
        "n": part["n"].tolist(),
        "gone": [] if points else numbers(curve_figure.without_number(part)["x"] + place),
    }


def _x(curve: Curve, shown: "pd.DataFrame", caption: Caption) -> Plain:
    """Label, scale and, where x has values that are no numbers, their names by place."""
    texts = shown[shown["x_text"] != ""].drop_duplicates("x").sort_values("x")
    positive = shown.loc[shown["x"] > 0, "x"]
    logarithmic = curve.x_logarithmic and texts.empty and not positive.empty and not (shown["x"] < 0).any()
    scale = "linear" if not logarithmic else "symlog" if (shown["x"] == 0).any() else "log"
    return {
        "label": curve.x_label or in_unicode(named_axis(curve.x, caption, curve.x_split)),
        "scale": scale,
        "smallest": float(positive.min()) if len(positive) else 1.0,
        "names": [[float(x), words("", t)] for x, t in zip(texts["x"], texts["x_text"], strict=True)],
        "whole": curve.x == "step",
    }


def _y(curve: Curve, shown: "pd.DataFrame", part: Part, splits: list[str], caption: Caption) -> Plain:
    logarithmic = curve.y_scale == "log" and bool((shown["centre"] > 0).any())
    low, high = limits_of_y(shown, part.single, logarithmic)
    return {
        "label": curve.y_label or in_unicode(measure(curve.y, splits[0] if len(splits) == 1 else "", caption.step)),
        "scale": "log" if logarithmic else "linear",
        "domain": [low, high] if low < high else None,
        "percent": is_share(curve.y) and not logarithmic,
    }


def _single(part: Part, shown: "pd.DataFrame", places: dict[str, float]) -> list[Plain]:
    """The lines of single seeds, where the figure has them."""
    curve = part.curve
    if not curve_figure.has_single(curve, shown, part.single) or len(part.single) > MOST_POINTS:
        return []
    seeds = curve_figure.in_place(curve, part.single)
    return [
        {"line": str(line), "x": numbers(of_it["x"] + places[str(line)]), "y": numbers(of_it["value"])}
        for (line, _), of_it in seeds.groupby(["line", "seed"], sort=False)
    ]


def _reference(curve: Curve, shown: "pd.DataFrame") -> Plain | None:
    """The lines to compare with: of all where they are the same, else of each line in its colour."""
    if curve.reference is None or shown["reference"].isna().all():
        return None
    one_of_all = bool((shown.groupby("x")["reference"].nunique() <= 1).all())
    parts = [("", shown.drop_duplicates("x").sort_values("x"))] if one_of_all else shown.groupby("line", sort=False)
    lines = [{"line": str(name), "x": numbers(p["x"]), "y": numbers(p["reference"])} for name, p in parts]
    return {"name": str(curve.reference), "lines": lines}
