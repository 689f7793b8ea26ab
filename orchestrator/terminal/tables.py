"""Tables on standard error. No number is cut; texts are wrapped between words."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from orchestrator.terminal import console as terminal
from tracking.common.text import number, printable

WORD = 20  # columns for the longest word of a text in a table, if it is as long
STACKED = 80  # cells of a table that is too wide for the terminal, and that is then shown line by line
GAP = 2  # columns between columns
COLOURS = {"holds": "green", "fails": "red", "not enough data": "yellow", "failed": "red", "diverged": "yellow"}


def table(title: str, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """A table on stderr: numbers to the right, verdicts and states in their colour. On a terminal that is too narrow
    for its words a small one has a line for each cell."""
    if title:  # not the table's own, which would be wrapped to the table's width
        terminal.console.print(Text(printable(title), style="bold"))
    header, body = [printable(name) for name in header], [[printable(_text(cell)) for cell in line] for line in lines]
    if _all(_least(header, body)) > terminal.console.width and len(header) * len(body) <= STACKED:
        return _stacked(header, body)
    out = rendered(header, body)
    out.width = _all([column.width or 0 for column in out.columns])  # where too wide, the terminal breaks its lines
    terminal.console.print(out, crop=False)


def rendered(header: Sequence[str], body: Sequence[Sequence[str]]) -> Table:
    """A table that is as wide as the terminal at most, where no word of up to WORD characters has to be broken for it:
    it is wider then."""
    out = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    header, body = [printable(name) for name in header], [[printable(cell) for cell in line] for line in body]
    widths = _widths(header, body)
    for name, cells, width in zip(header, _columns(header, body), widths, strict=True):
        numeric = all(map(_numeric, cells))
        out.add_column(
            name, justify="right" if numeric else "left", header_style="dim", no_wrap=numeric, width=width,
            overflow="ellipsis" if numeric else "fold",
        )  # fmt: skip
    for line in body:
        out.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in line))
    return out


def _stacked(header: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    """Each line as a block: for each cell that holds something its column, and what it holds."""
    left = max(map(cell_len, header)) + GAP
    room = max(terminal.console.width - left, WORD)
    for i, line in enumerate(body):
        if i:
            terminal.console.print()
        for name, cell in zip(header, line, strict=True):
            for part in textwrap.wrap(cell, room, break_long_words=False, break_on_hyphens=False):
                about = Text(name + " " * (left - cell_len(name)), style="dim")
                terminal.console.print(about.append(part, COLOURS.get(cell, "")), overflow="ignore", crop=False)
                name = ""


def _columns(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[line[i] for line in body] for i in range(len(header))]


def _widths(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[int]:
    """Of each column: as its longest line, or, where all of that is too wide, less in the widest that can be less."""
    least, columns = _least(header, body), _columns(header, body)
    widths = [max(map(cell_len, [name, *cells])) for name, cells in zip(header, columns, strict=True)]
    while _all(widths) > terminal.console.width and (wider := [i for i, w in enumerate(widths) if w > least[i]]):
        widths[max(wider, key=widths.__getitem__)] -= 1
    return widths


def _least(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[int]:
    """Columns that each needs so that every number is whole, and every word of up to WORD characters."""
    return [
        max(map(cell_len, [name, *cells])) if all(map(_numeric, cells)) else min(_longest_word([name, *cells]), WORD)
        for name, cells in zip(header, _columns(header, body), strict=True)
    ]


def _longest_word(texts: Sequence[str]) -> int:
    return max(cell_len(word) for text in texts for word in text.split() or [""])


def _all(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _text(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _numeric(cell: str) -> bool:
    return cell.strip("-−–+.,0123456789e% ") == "" or cell == "nan"
