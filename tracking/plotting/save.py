"""The page of every figure, title above, legend and notes below, and how it becomes PNG, SVG and PDF.

Matplotlib's constrained layout places everything, once: the page grows until the axes have the height that they should
have, and all files show the same layout.
"""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tracking.common.whole_files import replacing
from tracking.plotting.style.glyphs import in_style
from tracking.plotting.style.labels import verbatim
from tracking.plotting.style.style import GREY, NOTE, SUBTITLE, TITLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

DPI = 300
# Inches: a line of the title, of the line below it and of the notes, and what is left free at the edges.
TITLE_LINE, SUBTITLE_LINE, NOTE_LINE, EDGE = 0.195, 0.16, 0.126, 0.08
TITLE_LETTERS, SUBTITLE_LETTERS, NOTE_LETTERS = 12.0, 17.0, 21.5  # an inch
FEW = 8  # entries of a legend that is laid out at once
UNDATED: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


class Page:
    """A figure in the making: `body` takes the axes and what belongs to them; title and notes are there already."""

    def __init__(self, width: float, title: str, notes: Sequence[str], subtitle: str = "") -> None:
        """`width` in inches; `notes`: one or more sentences each, wrapped here."""
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine

        heading = textwrap.wrap(title, int(TITLE_LETTERS * width))
        below = textwrap.wrap(subtitle, int(SUBTITLE_LETTERS * width))
        lines = [line for note in notes for line in textwrap.wrap(note, int(NOTE_LETTERS * width))]
        self.width, self.below = width, 0.0  # inches; below: of the legend
        self.head = TITLE_LINE * len(heading) + SUBTITLE_LINE * len(below) + EDGE
        self.foot = NOTE_LINE * len(lines) + EDGE
        layout = ConstrainedLayoutEngine(w_pad=EDGE, h_pad=0.75 * EDGE)
        self.figure = Figure(figsize=(width, width), layout=layout)
        self.grid = self.figure.add_gridspec(3, 1, height_ratios=(self.head, width - self.head - self.foot, self.foot))
        head, self.body, foot = (self.figure.add_subfigure(self.grid[row]) for row in range(3))
        self._text(head, heading, 1 - 0.6 * EDGE / self.head, fontsize=TITLE, fontweight="bold")
        self._text(head, below, 1 - (TITLE_LINE * len(heading) + 0.6 * EDGE) / self.head, fontsize=SUBTITLE, color=GREY)
        self._text(foot, lines, 1, fontsize=NOTE, color=GREY)

    def _text(self, part: "SubFigure", lines: list[str], top: float, **look: Any) -> None:
        """Lines from the left edge of the page downwards, letter by letter."""
        part.text(EDGE / self.width, top, verbatim("\n".join(lines)), va="top", linespacing=1.2, **look)

    def legend(self, entries: "Sequence[Line2D]") -> None:
        """A legend below the axes, in as many columns as fit."""
        for columns in range(self._most_columns(entries), 0, -1):
            legend = self.body.legend(handles=entries, loc="outside lower left", ncols=columns, borderpad=0.2)
            for text in legend.get_texts():
                text.set_text(verbatim(text.get_text()))
            takes = legend.get_window_extent()
            if columns == 1 or takes.width <= (self.width - EDGE) * self.figure.dpi:
                self.below = takes.height / self.figure.dpi
                return
            legend.remove()

    def _most_columns(self, entries: "Sequence[Line2D]") -> int:
        """More columns than this cannot fit, since each takes as much as the narrowest entry. A legend takes long to
        lay out, and one of a hundred lines would be laid out in every number of columns."""
        if len(entries) <= FEW:
            return len(entries)
        legend = self.body.legend(handles=entries, loc="outside lower left")
        for text in legend.get_texts():
            text.set_text(verbatim(text.get_text()))
        narrowest = min(text.get_window_extent().width for text in legend.get_texts())
        legend.remove()
        return max(min(len(entries), int((self.width - EDGE) * self.figure.dpi / narrowest)), 1)

    def finished(self, axes: "Axes", height: float, rows: int = 1) -> "Figure":
        """The figure, as high as it takes for `rows` rows of axes like `axes` to be `height` inches high. Its layout
        is final: no file that is written of it does it again."""
        if self.head + self.below + self.foot > 0.8 * self.width:  # no layout without room for the axes
            self._heighten(self.width + self.below)
        self._lay_out()
        lacking = height - axes.get_window_extent().height / self.figure.dpi
        self._heighten(round(float(self.figure.get_figheight()) + rows * lacking, 3))
        self._lay_out()
        self.figure.set_layout_engine("none")
        self._round()
        return self.figure

    def _heighten(self, total: float) -> None:
        """Gives the page a height in inches; title and notes keep theirs."""
        self.figure.set_figheight(total)
        self.grid.set_height_ratios((self.head, total - self.head - self.foot, self.foot))

    def _lay_out(self) -> None:
        """Places everything, without drawing it."""
        layout = self.figure.get_layout_engine()
        assert layout
        layout.execute(self.figure)

    def _round(self) -> None:
        """Rounds all places: the last digits that the solver finds differ between runs, and SVG makes names of them."""
        for part in self.figure.subfigs:
            part.bbox_relative.set_points(np.round(part.bbox_relative.get_points(), 6))
        for axes in self.figure.axes:
            axes.set_position(np.round(axes.get_position().bounds, 6).tolist())


def save(make: "Callable[[], Figure]", folder: Path, name: str) -> dict[str, str]:
    """Makes a figure in the common style and writes <folder>/<name>.png, .svg and .pdf, the same bytes for the same
    figure; returns their paths as {"png", "svg", "pdf"}."""
    paths = {kind: folder / f"{name}.{kind}" for kind in UNDATED}
    with in_style(make) as made, replacing(*paths.values()) as beside:
        for kind, path in zip(paths, beside, strict=True):
            made.savefig(path, format=kind, dpi=DPI, metadata=UNDATED[kind])
    return {kind: str(path) for kind, path in paths.items()}


def save_pages(makers: "Sequence[Callable[[], Figure]]", file: Path) -> None:
    """Makes figures in the common style and writes each as a page of one PDF file, the same bytes for the same ones."""
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(file, metadata=UNDATED["pdf"]) as pages:
        for make in makers:
            with in_style(make) as made:
                pages.savefig(made)
