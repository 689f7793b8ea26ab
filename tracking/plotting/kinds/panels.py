"""Several curves side by side on one page, as papers print them: a letter each, legend and footer once."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from tracking.analysis.specs.curve_spec import Curve, FigureName
from tracking.common.named_files.plugins import Frozen
from tracking.plotting.kinds import curve_figure
from tracking.plotting.save import Page
from tracking.plotting.style.labels import Caption, footer, in_two_lines, verbatim
from tracking.plotting.style.looks import one_group
from tracking.plotting.style.style import PANEL_TITLE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

PANEL_WIDTH, AXES_HEIGHT = 2.9, 1.75  # inches
LETTERS = 26  # of a label beside axes of that height


class Panel(Frozen):
    """Curves that are drawn side by side."""

    name: FigureName = Field(description="File name of the page, without ending.")
    curves: tuple[str, ...] = Field(min_length=2, description="Names of the sweep's curves, row by row.")
    columns: int = Field(3, ge=1, description="Curves in a row.")


class Part(NamedTuple):
    """One curve with what `aggregate` and `single` made of it."""

    curve: Curve
    table: "pd.DataFrame"
    single: "pd.DataFrame"


def figure(panel: Panel, parts: Sequence[Part], caption: Caption) -> "Figure":
    """The page of a panel; `parts` in its order."""
    columns = min(panel.columns, len(parts))
    rows = math.ceil(len(parts) / columns)
    page = Page(columns * PANEL_WIDTH, caption.title, notes(parts, caption))
    by_split = all(one_group(table) for _, table, _ in parts)  # a colour means the same in all of them
    entries: dict[str, Line2D] = {}
    for i, part in enumerate(parts):
        axes = page.body.add_subplot(rows, columns, i + 1)
        entries |= {str(e.get_label()): e for e in curve_figure.plot(axes, *part, caption, by_split)}
        axes.set_ylabel(in_two_lines(axes.get_ylabel(), LETTERS))
        axes.set_title(verbatim(heading(i, part.curve)), loc="left", fontsize=PANEL_TITLE)
    page.legend(list(entries.values()))
    return page.finished(axes, AXES_HEIGHT, rows)


def heading(place: int, curve: Curve) -> str:
    """What stands above one of the curves, such as "(a)  Test error"."""
    return f"({chr(97 + place)})  {curve.title or curve.name}"


def notes(parts: Sequence[Part], caption: Caption) -> list[str]:
    """The footers of all curves, each line once."""
    said = dict.fromkeys(note for curve, table, _ in parts for note in footer(curve, table, caption, False, False))
    return list(said)
