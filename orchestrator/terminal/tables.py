"""Tables on standard error. No number is cut; texts are wrapped."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from orchestrator.terminal import console as terminal
from tracking.common.text import number, printable

WORD = 20  # columns for the longest word of a text in a table, if it is as long
COLOURS = {"holds": "green", "fails": "red", "not enough data": "yellow", "failed": "red", "diverged": "yellow"}


def table(title: str, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """A table on stderr: numbers to the right, verdicts and states in their colour."""
    if title:  # not the table's own, which would be wrapped to the table's width
        terminal.console.print(Text(printable(title), style="bold"))
    body = [[_text(cell) for cell in line] for line in lines]
    out = rendered(header, body)
    least = _least(header, body)
    if least > terminal.console.width:
        out.width = least  # the terminal breaks its lines, and no number is cut
    terminal.console.print(out, crop=False)


def rendered(header: Sequence[str], body: Sequence[Sequence[str]]) -> Table:
    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    header, body = [printable(name) for name in header], [[printable(cell) for cell in line] for line in body]
    for name, cells in zip(header, _columns(header, body), strict=True):
        numeric = all(map(_numeric, cells))
        out.add_column(
            name, justify="right" if numeric else "left", header_style="dim", no_wrap=numeric,
            overflow="ellipsis" if numeric else "fold",
        )  # fmt: skip
    for line in body:
        out.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in line))
    return out


def _columns(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[line[i] for line in body] for i in range(len(header))]


def _least(header: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    """Columns that a table needs so that every number is whole, and every word of up to WORD characters."""
    out = 2 * (len(header) - 1)
    for name, cells in zip(header, _columns(header, body), strict=True):
        if all(map(_numeric, cells)):
            out += max(map(cell_len, [name, *cells]))
        else:
            out += min(max(cell_len(word) for cell in [name, *cells] for word in cell.split() or [""]), WORD)
    return out


def _text(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _numeric(cell: str) -> bool:
    return cell.strip("-−–+.,0123456789e% ") == "" or cell == "nan"
