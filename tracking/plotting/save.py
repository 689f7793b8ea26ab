"""The page of every figure, title above, legend and notes below, and how it becomes PNG and SVG.

Matplotlib's constrained layout places everything; the page grows until the axes have the height that they should have.
"""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.plotting.labels import verbatim
from tracking.plotting.style import GREY, NOTE, TITLE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

DPI = 300
NOTE_LINE, EDGE = 0.112, 0.08  # inches: a line of the notes, and what is left free at the edges
FEW = 8  # entries of a legend that is laid out at once
TITLE_LETTERS, NOTE_LETTERS = 12.5, 22.0  # an inch


class Page:
    """A figure in the making: `body` takes the axes and what belongs to them; title and notes are there already."""

    def __init__(self, width: float, title: str, notes: Sequence[str]) -> None:
        """`width` in inches; `notes`: one or more sentences each, wrapped here."""
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        lines = [line for note in notes for line in textwrap.wrap(note, int(NOTE_LETTERS * width))]
        self.width, self.foot = width, NOTE_LINE * len(lines) + EDGE
        layout = ConstrainedLayoutEngine(w_pad=EDGE, h_pad=0.75 * EDGE)
        self.figure = Figure(figsize=(width, width), layout=layout)
        self.grid = self.figure.add_gridspec(2, 1, height_ratios=(width - self.foot, self.foot))
        self.body, below = (self.figure.add_subfigure(self.grid[row]) for row in (0, 1))
        heading = "\n".join(textwrap.wrap(title, int(TITLE_LETTERS * width)))
        if heading:
            self.body.suptitle(
                verbatim(heading), x=EDGE / width, ha="left", fontsize=TITLE, fontweight="bold", linespacing=1.2
            )
        below.text(EDGE / width, 1, verbatim("\n".join(lines)), va="top", fontsize=NOTE, color=GREY, linespacing=1.25)

    def legend(self, entries: "Sequence[Line2D]") -> None:
        """A legend below the axes, in as many columns as fit."""
        for columns in range(self._most_columns(entries), 0, -1):
            legend = self.body.legend(handles=entries, loc="outside lower left", ncols=columns, borderpad=0.2)
            for text in legend.get_texts():
                text.set_text(verbatim(text.get_text()))
            if columns == 1 or legend.get_window_extent().width <= (self.width - EDGE) * self.figure.dpi:
                return
            legend.remove()

    def _most_columns(self, entries: "Sequence[Line2D]") -> int:
        """More columns than this cannot fit, since each takes as much as the narrowest entry. A legend takes long to
        lay out, and one of a hundred lines would be laid out in every number of columns."""
        if len(entries) <= FEW:
            return len(entries)
        widths = []
        for entry in entries:
            alone = self.body.legend(handles=[entry], loc="outside lower left", borderpad=0.0)
            alone.get_texts()[0].set_text(verbatim(str(entry.get_label())))
            widths.append(alone.get_window_extent().width)
            alone.remove()
        return max(min(len(entries), int((self.width - EDGE) * self.figure.dpi / min(widths))), 1)

    def finished(self, axes: "Axes", height: float, rows: int = 1) -> "Figure":
        """The figure, as high as it takes for `rows` rows of axes like `axes` to be `height` inches high."""
        self.figure.draw_without_rendering()
        lacking = height - axes.get_window_extent().height / self.figure.dpi
        total = float(self.figure.get_figheight()) + rows * lacking
        self.figure.set_figheight(total)
        self.grid.set_height_ratios((total - self.foot, self.foot))
        return self.figure


def save(make: "Callable[[], Figure]", folder: Path, name: str) -> dict[str, str]:
    """Makes a figure in the common style and writes <folder>/<name>.png and .svg, the same bytes for the same figure;
    returns their paths as {"png", "svg"}."""
    import matplotlib

    paths = {kind: folder / f"{name}.{kind}" for kind in ("png", "svg")}
    with matplotlib.rc_context(style()):
        made = make()
        made.savefig(paths["png"], dpi=DPI)
        made.savefig(paths["svg"], metadata={"Date": None})
    return {kind: str(path) for kind, path in paths.items()}
