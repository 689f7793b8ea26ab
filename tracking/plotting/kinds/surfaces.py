"""A surface: a measure over two others as filled contours, one panel for each kind of trial, one trial in each.

Surfaces about different networks are not averaged: their directions have nothing in common. The trial drawn is the
finished one with the lowest seed.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.analysis.frame import UNFINISHED
from tracking.analysis.grouping import selected, settings
from tracking.analysis.specs.curve_spec import FigureName, Scalar
from tracking.analysis.values import words
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import Frozen, unknown
from tracking.plotting.save import Page
from tracking.plotting.style.axes import none_finished
from tracking.plotting.style.labels import Caption, in_unicode, measure, verbatim
from tracking.plotting.style.style import GREY, PANEL_TITLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from tracking.analysis.frame import Frame

PANEL, AXES_HEIGHT, LEVELS = 2.55, 1.95, 13  # inches, inches, contours


class Surface(Frozen):
    """Filled contours of z over x and y, which are measures recorded at the same steps."""

    name: FigureName = Field(description="File name of the figure, without ending.")
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
    parts: dict[str, pd.Series[float]] = {}
    for axis, (name, split) in wanted.items():
        found = rows[(rows["measure"] == name) & (rows["split"] == split)]
        if found.empty:
            known = sorted(rows["measure"].astype(str).unique())
            raise Refused(f"surface '{surface.name}', {axis}: {unknown('recorded measure', name, known)}")
        parts[axis] = found.set_index("step")["value"]
    table = pd.concat(parts, axis=1, join="inner").pivot(index="y", columns="x", values="z")
    name = ", ".join(words(key, trial[key], len(surface.group) == 1) for key in surface.group)
    return Sheet(name, int(trial["seed"]), *(np.asarray(a, float) for a in (table.columns, table.index, table)))


def levels(found: list[Sheet], scale: str, decades: int) -> NDArray[np.float64]:
    """Where the colours change, the same in all panels: evenly spaced, or in equal ratios over some decades at most."""
    values = np.concatenate([s.z[np.isfinite(s.z)] for s in found])
    if not len(values):
        raise Refused("a surface needs finite heights; every recorded one is infinite or undefined")
    if scale == "linear":
        low, high = float(values.min()), float(values.max())
        return np.linspace(low, high if high > low else low + 1, LEVELS)
    top = float(values.max()) if (values > 0).any() else 1.0
    bottom = max(float(values[values > 0].min(initial=top)), top * 10.0**-decades)
    return np.geomspace(min(bottom, top / 10), top, LEVELS)


def title(surface: Surface) -> str:
    """What the surface says of itself, else what it shows: "Training loss over alpha and beta"."""
    if surface.title:
        return surface.title
    x, y = (in_unicode(measure(name)) for name in (surface.x, surface.y))
    x, y = surface.x_label or x[:1].lower() + x[1:], surface.y_label or y[:1].lower() + y[1:]
    return f"{in_unicode(measure(surface.z, surface.split))} over {x} and {y}"


def why_none(frame: "Frame", surface: Surface) -> str:
    """Why a surface has no panel: how its trials ended, or that none has."""
    states = set(selected(frame, surface.where).trials["state"])
    ended = [state for state in ("diverged", "failed") if state in states]
    return none_finished(ended, more=bool(states & UNFINISHED))


def figure(surface: Surface, found: list[Sheet], caption: Caption, empty: str = "") -> "Figure":
    """All panels in a row with one scale of colours; a cross where x and y are 0. empty: why there is no panel."""
    width = max(len(found), 1) * PANEL + 0.9
    page = Page(width, title(surface), [_footer(found, caption)], caption.title)
    panels = page.body.subplots(1, max(len(found), 1), squeeze=False, sharey=True)[0]
    if found:
        _fill(page.body, panels, surface, found)
    else:
        panels[0].text(0.5, 0.5, empty, ha="center", va="center", color=GREY)
    return page.finished(panels[0], AXES_HEIGHT)


def _fill(page: "SubFigure", panels: "Sequence[Axes]", surface: Surface, found: list[Sheet]) -> None:
    from matplotlib.colors import LogNorm, Normalize

    steps = levels(found, surface.z_scale, surface.decades)
    norm = (LogNorm if surface.z_scale == "log" else Normalize)(steps[0], steps[-1])
    for axes, sheet in zip(panels, found, strict=True):
        z = np.maximum(sheet.z, steps[0]) if surface.z_scale == "log" else sheet.z
        filled = axes.contourf(sheet.x, sheet.y, z, levels=steps, norm=norm, cmap="viridis")
        axes.contour(sheet.x, sheet.y, z, levels=steps, colors="white", linewidths=0.3, alpha=0.6)
        axes.plot([0], [0], marker="+", color="white", markersize=7, markeredgewidth=1.2)
        axes.set_title(verbatim(sheet.name), loc="left", fontsize=PANEL_TITLE)
        axes.set_xlabel(verbatim(surface.x_label) or measure(surface.x))
        axes.grid(False)
    panels[0].set_ylabel(verbatim(surface.y_label) or measure(surface.y))
    bar = page.colorbar(filled, ax=list(panels), shrink=0.95, pad=0.02)
    bar.set_label(measure(surface.z, surface.split))
    if surface.z_scale == "log":
        decades = 10.0 ** np.arange(np.ceil(np.log10(steps[0])), np.floor(np.log10(steps[-1])) + 1)
        bar.set_ticks(list(decades))
        bar.ax.minorticks_off()


def _footer(found: list[Sheet], caption: Caption) -> str:
    seeds = ", ".join(map(str, sorted({s.seed for s in found})))
    return " ".join([f"One trial in each panel (seed {seeds})."] * bool(found) + [caption.origin()]).strip()
