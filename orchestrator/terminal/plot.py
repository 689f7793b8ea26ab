"""A small plot of lines in the terminal, by plotext: in colours, or with ASCII marks where there are none."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.text import Text

from orchestrator.terminal import console as terminal
from tracking.common.text import count_of, number, printable

NARROWEST, WIDEST, HEIGHT = 60, 100, 16  # characters, and rows with the ticks below
COLOURS = (33, 208, 36, 170, 45, 203)  # of 256: readable on a dark and on a light background
MARKS = "ox+*#%"  # of lines where there are no colours
TICKS = 5
GAP = "   "  # between two entries of the legend
MOST = len(MARKS)  # lines that can be told apart


class Line(NamedTuple):
    """Points [P] in the order of x; what is not finite is left out."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


class Axis(NamedTuple):
    """names: what stands at places along the axis where the values are no numbers."""

    label: str
    logarithmic: bool = False
    names: Mapping[float, str] = {}

    def place(self, value: float) -> float:
        """Where a value is on the axis; NaN where it is nowhere."""
        if not math.isfinite(value) or (self.logarithmic and value <= 0):
            return math.nan
        return math.log10(value) if self.logarithmic else value


def fits() -> bool:
    """Whether the terminal is wide enough."""
    return terminal.console.width >= NARROWEST


def plot(title: str, lines: Sequence[Line], x: Axis, y: Axis) -> None:
    """Draws at most `MOST` lines on standard error, with a legend below; nothing where no point can be placed."""
    placed = [_placed(line, x, y) for line in lines[:MOST]]
    if not any(line.x for line in placed):
        return
    coloured = terminal.console.color_system is not None and not terminal.console.no_color
    terminal.console.print(Text(printable(title), style="bold"))
    for row in _drawn(placed, x, y, coloured).splitlines():
        terminal.console.print(Text.from_ansi(row), crop=False, overflow="ignore", no_wrap=True)
    terminal.console.print(_legend(placed, len(lines), coloured))


def _placed(line: Line, x: Axis, y: Axis) -> Line:
    points = [(x.place(a), y.place(b)) for a, b in zip(line.x, line.y, strict=True)]
    there = [point for point in points if not any(map(math.isnan, point))]
    return Line(line.name, [a for a, _ in there], [b for _, b in there])


def _drawn(lines: Sequence[Line], x: Axis, y: Axis, coloured: bool) -> str:
    """The plot as text, with the colours as escape sequences."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(min(terminal.console.width, WIDEST), HEIGHT)
    for i, line in enumerate(lines):
        if line.x:
            draw = plotext.scatter if x.names else plotext.plot
            mark = "braille" if coloured and not x.names else MARKS[i]
            draw(line.x, line.y, marker=mark, **({"color": COLOURS[i]} if coloured else {}))
    every_x, every_y = sorted({a for line in lines for a in line.x}), [b for line in lines for b in line.y]
    at = [a for a in x.names if a in every_x] or _few(every_x)
    plotext.xticks(at, [printable(x.names[a]) for a in at] if x.names else [_value(a, x) for a in at])
    low, high = min(every_y), max(every_y)
    levels = [low + (high - low) * i / (TICKS - 1) for i in range(TICKS)] if high > low else [low]
    plotext.yticks(levels, [_value(b, y) for b in levels])
    plotext.xlabel(printable(x.label))
    plotext.ylabel(printable(y.label))
    return str(plotext.build())


def _value(place: float, axis: Axis) -> str:
    return number(float(f"{10**place:.4g}") if axis.logarithmic else float(f"{place:.4g}"))


def _few(places: Sequence[float]) -> list[float]:
    """Of places in their order, at most `TICKS` that are far enough from each other for their labels."""
    apart = (places[-1] - places[0]) / (TICKS + 1)
    chosen = [places[0]]
    for place in places[1:-1]:
        if place - chosen[-1] >= apart and places[-1] - place >= apart:
            chosen.append(place)
    return [*chosen, places[-1]] if len(places) > 1 else chosen


def _legend(lines: Sequence[Line], number_of_lines: int, coloured: bool) -> Text:
    """Marks and names, as many of them in a row as fit."""
    entries = [
        Text.assemble(
            ("━━" if coloured else MARKS[i], f"color({COLOURS[i]})" if coloured else ""), f" {printable(line.name)}"
        )
        for i, line in enumerate(lines)
    ]
    if number_of_lines > len(lines):
        entries.append(Text(f"and {count_of(number_of_lines - len(lines), 'more line')} in the figure"))
    rows = [entries[0]]
    for entry in entries[1:]:
        if rows[-1].cell_len + len(GAP) + entry.cell_len <= terminal.console.width:
            rows[-1] = Text.assemble(rows[-1], GAP, entry)
        else:
            rows.append(entry)
    return Text("\n").join(rows)
