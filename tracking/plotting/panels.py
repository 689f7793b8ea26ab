"""Several curves side by side on one page, as papers print them: a letter each, legend and footer once."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tracking.common.plugins import Frozen
from tracking.plotting import curve_figure
from tracking.plotting.labels import footer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_WIDTH, PANEL_HEIGHT = 2.9, 2.3  # inches


class Panel(Frozen):
    """Curves that are drawn side by side."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="File name of the page, without ending.")
    curves: tuple[str, ...] = Field(min_length=2, description="Names of the sweep's curves, row by row.")
    columns: int = Field(3, ge=1, description="Curves in a row.")


def draw(panel: Panel, parts: Sequence[Any], about: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Writes <folder>/<panel>.png and .svg; `parts` are (curve, aggregated, single seeds), in the panel's order."""
    import matplotlib

    paths = {kind: folder / f"{panel.name}.{kind}" for kind in ("png", "svg")}
    with matplotlib.rc_context(curve_figure.style()):
        page = _page(panel, parts, about)
        page.savefig(paths["png"], dpi=220)
        page.savefig(paths["svg"], metadata={"Date": None})
    return {kind: str(path) for kind, path in paths.items()}


def _page(panel: Panel, parts: Sequence[Any], about: Mapping[str, Any]) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(panel.columns, len(parts))
    rows = math.ceil(len(parts) / columns)
    notes = _notes(parts, about, columns)
    bottom, top = 0.34 + 0.12 * len(notes), 0.42
    height = rows * PANEL_HEIGHT + bottom + top
    layout = ConstrainedLayoutEngine(rect=(0, bottom / height, 1, 1 - (bottom + top) / height), w_pad=0.06, h_pad=0.06)
    page = Figure(figsize=(columns * PANEL_WIDTH, height), layout=layout)
    entries: dict[str, Any] = {}
    for i, (curve, table, single) in enumerate(parts):
        axes = page.add_subplot(rows, columns, i + 1)
        entries |= {str(e.get_label()): e for e in curve_figure.plot(axes, curve, table, single, about)}
        axes.set_title(f"({chr(97 + i)})  {curve.title or curve.name}", loc="left", fontsize=8.5)
    page.text(
        0.08 / page.get_figwidth(), 1 - 0.1 / height, str(about.get("title", "")), va="top", fontsize=9.5, weight="bold"
    )
    page.text(
        0.08 / page.get_figwidth(), 0.08 / height, "\n".join(notes), va="bottom", fontsize=6.3, color=curve_figure.GREY
    )
    if entries:
        page.legend(handles=list(entries.values()), loc="lower left", bbox_to_anchor=(0.01, (bottom - 0.24) / height),
                    ncols=len(entries), borderaxespad=0, borderpad=0)  # fmt: skip
    return page


def _notes(parts: Sequence[Any], about: Mapping[str, Any], columns: int) -> list[str]:
    """The footers of all curves, each line once."""
    said = dict.fromkeys(note for curve, table, _ in parts for note in footer(curve, table, about, False, False))
    return [line for note in said for line in textwrap.wrap(note, 68 * columns)]
