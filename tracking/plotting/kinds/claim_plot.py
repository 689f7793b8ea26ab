"""The numbers of several claims of one kind, a row each: an estimate with its interval, and others beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from tracking.analysis.specs.curve_spec import FigureName
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import Frozen
from tracking.plotting.save import Page
from tracking.plotting.style.labels import Caption, verbatim
from tracking.plotting.style.style import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW = 6.2, 0.215  # inches: the page, and each row
MARKS = ("D", "|", "x", "+", "s")  # of the numbers beside the estimate

Number = float | int | str | list[float] | list[str]  # as the evidence of a verdict holds it


class ClaimPlot(Frozen):
    """Estimates of all claims of one file, ordered by size, each with the ends of its interval where it has some."""

    name: FigureName = Field(description="File name of the figure, without ending.")
    claim: str = Field(description="The file of the claims, such as ranks_granulated; of those that have the estimate.")
    estimate: str = Field(description="The number of their evidence that is drawn; its interval is <estimate>_ends.")
    beside: tuple[str, ...] = Field((), max_length=len(MARKS), description="Numbers that are marked in the same row.")
    reference: float | None = Field(None, description="A line to compare with.")
    title: str = Field("", description="Above the figure; the sweep's title if absent.")
    x_label: str = Field("", description="Below the axis; the estimate's name if absent.")


class Row(NamedTuple):
    """One claim: what it is called, its estimate with the ends of its interval, and the numbers beside it."""

    label: str
    estimate: float
    low: float
    high: float
    beside: tuple[float | None, ...]


def rows(plot: ClaimPlot, evidence: Sequence[tuple[str, Mapping[str, Number]]]) -> list[Row]:
    """The claims that have both the estimate and the ends of its interval, the largest estimate first. evidence: label
    and numbers of each claim of the file.

    Raises Refused where none has the estimate.
    """
    found = []
    for label, numbers in evidence:
        value, ends = numbers.get(plot.estimate), numbers.get(f"{plot.estimate}_ends")
        if isinstance(value, int | float) and isinstance(ends, list):
            others = tuple(number if isinstance(number := numbers.get(key), int | float) else None
                           for key in plot.beside)  # fmt: skip
            found.append(Row(label, float(value), float(ends[0]), float(ends[1]), others))
    if not found:
        raise Refused(f"claim plot '{plot.name}': no claim {plot.claim} has {plot.estimate} with an interval yet")
    return sorted(found, key=lambda row: -row.estimate)


def figure(plot: ClaimPlot, shown: Sequence[Row], caption: Caption) -> "Figure":
    """One axis, a row for each claim."""
    page = Page(WIDTH, plot.title or caption.title, [_footer(caption)], caption.title if plot.title else "")
    axes = page.body.add_subplot()
    places = range(len(shown))
    if plot.reference is not None:
        axes.axvline(plot.reference, color=GREY, linewidth=1.0, linestyle=(0, (1, 1.4)), zorder=1)
    axes.hlines(places, [r.low for r in shown], [r.high for r in shown], color=PALETTE[0], linewidth=1.4, gid="band")
    axes.plot([r.estimate for r in shown], places, "o", markersize=4.6, color=PALETTE[0], label=_said(plot.estimate),
              gid="centre", zorder=3)  # fmt: skip
    for i, key in enumerate(plot.beside):
        there = [(x, y) for y, row in enumerate(shown) if (x := row.beside[i]) is not None]
        axes.plot([x for x, _ in there], [y for _, y in there], MARKS[i], markersize=5, color=PALETTE[1 + i],
                  markeredgewidth=1.3, markerfacecolor="none", label=_said(key), gid="beside", zorder=2)  # fmt: skip
    _axis(axes, plot, shown)
    page.legend(list(axes.get_lines()[plot.reference is not None :]))
    return page.finished(axes, ROW * len(shown) + 0.25)


def _axis(axes: "Axes", plot: ClaimPlot, shown: Sequence[Row]) -> None:
    axes.set_yticks(range(len(shown)), [verbatim(row.label) for row in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel(verbatim(plot.x_label) or _said(plot.estimate))
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def _said(key: str) -> str:
    return verbatim(key.replace("_", " "))


def _footer(caption: Caption) -> str:
    return f"Bars: the 95 % intervals by which the claims are judged. {caption.origin()}".strip()
