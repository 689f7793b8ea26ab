"""A surface: a measure over two others as filled contours, one panel for each kind of trial, one trial in each.

Surfaces about different networks are not averaged: their directions have nothing in common. The trial drawn is the
finished one with the lowest seed.
"""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.analysis.curve_spec import Scalar
from tracking.analysis.grouping import selected, settings
from tracking.analysis.values import words
from tracking.common.errors import Refused
from tracking.common.plugins import Frozen, unknown
from tracking.plotting import curve_figure
from tracking.plotting.labels import measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tracking.analysis.frame import Frame

PANEL, LEVELS = 2.55, 13  # inches; contours


class Surface(Frozen):
    """Filled contours of z over x and y, which are measures recorded at the same steps."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="File name of the figure, without ending.")
    x: str = Field(description="The measure along x.")
    y: str = Field(description="The measure along y.")
    z: str = Field(description="The measure whose height is drawn.")
    split: Literal["train", "test", ""] = Field("", description="The data that z is measured on.")
    group: tuple[str, ...] = Field((), description="Settings that have a panel of their own for each of their values.")
    where: dict[str, Scalar | list[Scalar]] = Field({}, description="Only trials with these settings.")
    z_scale: Literal["linear", "log"] = Field("linear", description="Scale of the colours.")
    decades: int = Field(5, gt=0, description="What a logarithmic scale spans at most, below the largest value.")
    title: str = Field("", description="Above the figure; made from the sweep's title if absent.")
    x_label: str = Field("", description="Below the x axis; made from x if absent.")
    y_label: str = Field("", description="Beside the y axis; made from y if absent.")


class Sheet(NamedTuple):
    """One panel: what it is called, the seed drawn, and z [Y, X] over x [X] and y [Y]; NaN where not recorded."""

    name: str
    seed: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]


def sheets(frame: "Frame", surface: Surface) -> list[Sheet]:
    """The panels of a surface, in the sweep's order; none where nothing is recorded.

    Raises Refused for a setting or a measure that does not exist.
    """
    chosen = selected(frame, surface.where)
    for name in surface.group:
        if name not in chosen.trials:
            raise Refused(f"surface '{surface.name}': {unknown('setting', name, settings(frame))}")
    finished = chosen.trials[chosen.trials["state"] == "finished"].sort_values("seed", kind="stable")
    one_each = finished.drop_duplicates(list(surface.group)) if surface.group else finished.head(1)
    ordered = one_each.loc[[id for id in chosen.trials.index if id in one_each.index]]
    return [_sheet(chosen, surface, str(id), trial) for id, trial in ordered.iterrows()]


def _sheet(frame: "Frame", surface: Surface, id: str, trial: Any) -> Sheet:
    import pandas as pd

    rows = frame.only([id]).rows
    wanted = {"x": (surface.x, ""), "y": (surface.y, ""), "z": (surface.z, surface.split)}
    parts: dict[str, Any] = {}
    for axis, (name, split) in wanted.items():
        found = rows[(rows["measure"] == name) & (rows["split"] == split)]
        if found.empty:
            known = sorted(rows["measure"].astype(str).unique())
            raise Refused(f"surface '{surface.name}', {axis}: {unknown('recorded measure', name, known)}")
        parts[axis] = found.set_index("step")["value"]
    table = pd.concat(parts, axis=1, join="inner").pivot(index="y", columns="x", values="z")
    name = ", ".join(words(key, trial[key], len(surface.group) == 1) for key in surface.group)
    return Sheet(name, int(trial["seed"]), *(np.asarray(a, float) for a in (table.columns, table.index, table)))


def draw(surface: Surface, frame: "Frame", about: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Writes <folder>/<surface>.png and .svg; returns their paths. `about`: title, source and data of the sweep."""
    import matplotlib

    paths = {kind: folder / f"{surface.name}.{kind}" for kind in ("png", "svg")}
    with matplotlib.rc_context(curve_figure.style()):
        page = figure(surface, sheets(frame, surface), about)
        page.savefig(paths["png"], dpi=220)
        page.savefig(paths["svg"], metadata={"Date": None})
    return {kind: str(path) for kind, path in paths.items()}


def levels(found: list[Sheet], scale: str, decades: int) -> NDArray[np.float64]:
    """Where the colours change, the same in all panels: evenly spaced, or in equal ratios over some decades at most."""
    values = np.concatenate([s.z[np.isfinite(s.z)] for s in found])
    if scale == "linear":
        low, high = float(values.min()), float(values.max())
        return np.linspace(low, high if high > low else low + 1, LEVELS)
    top = float(values.max()) if (values > 0).any() else 1.0
    bottom = max(float(values[values > 0].min(initial=top)), top * 10.0**-decades)
    return np.geomspace(min(bottom, top / 10), top, LEVELS)


def figure(surface: Surface, found: list[Sheet], about: Mapping[str, Any]) -> "Figure":
    """All panels in a row with one scale of colours; a cross where x and y are 0."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width = max(len(found), 1) * PANEL + 0.9
    notes = textwrap.wrap(_footer(found, about), int(23 * width))
    bottom, top, height = 0.2 + 0.12 * len(notes), 0.4, PANEL
    whole = height + bottom + top
    layout = ConstrainedLayoutEngine(rect=(0, bottom / whole, 1, height / whole), w_pad=0.06, h_pad=0.04)
    page = Figure(figsize=(width, whole), layout=layout)
    panels = page.subplots(1, max(len(found), 1), squeeze=False, sharey=True)[0]
    if found:
        _fill(page, panels, surface, found)
    else:
        panels[0].text(0.5, 0.5, "nothing recorded yet", ha="center", va="center", color=curve_figure.GREY)
    title = surface.title or str(about.get("title", ""))
    page.text(0.08 / width, 1 - 0.1 / whole, title, va="top", fontsize=9.5, weight="bold")
    page.text(0.08 / width, 0.08 / whole, "\n".join(notes), va="bottom", fontsize=6.3, color=curve_figure.GREY)
    return page


def _fill(page: "Figure", panels: Any, surface: Surface, found: list[Sheet]) -> None:
    from matplotlib.colors import LogNorm, Normalize

    steps = levels(found, surface.z_scale, surface.decades)
    norm = (LogNorm if surface.z_scale == "log" else Normalize)(steps[0], steps[-1])
    for axes, sheet in zip(panels, found, strict=True):
        z = np.maximum(sheet.z, steps[0]) if surface.z_scale == "log" else sheet.z
        filled = axes.contourf(sheet.x, sheet.y, z, levels=steps, norm=norm, cmap="viridis")
        axes.contour(sheet.x, sheet.y, z, levels=steps, colors="white", linewidths=0.3, alpha=0.6)
        axes.plot([0], [0], marker="+", color="white", markersize=7, markeredgewidth=1.2)
        axes.set_title(sheet.name, loc="left", fontsize=8.5)
        axes.set_xlabel(surface.x_label or measure(surface.x))
        axes.grid(False)
    panels[0].set_ylabel(surface.y_label or measure(surface.y))
    bar = page.colorbar(filled, ax=list(panels), shrink=0.95, pad=0.02)
    bar.set_label(measure(surface.z, surface.split))
    if surface.z_scale == "log":
        decades = 10.0 ** np.arange(np.ceil(np.log10(steps[0])), np.floor(np.log10(steps[-1])) + 1)
        bar.set_ticks(list(decades))
        bar.ax.minorticks_off()


def _footer(found: list[Sheet], about: Mapping[str, Any]) -> str:
    seeds = sorted({s.seed for s in found})
    drawn = f"One trial in each panel (seed {', '.join(map(str, seeds))})." if found else ""
    known = (("Data: {}.", "data"), ("After {}.", "source"))
    return " ".join([drawn, *(said.format(about[k]) for said, k in known if about.get(k))]).strip()
