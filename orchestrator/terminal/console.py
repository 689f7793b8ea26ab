"""What a person sees: tables, messages and the live view of a launch. The only file that imports rich."""

import contextlib
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Advance = Callable[[str, int], None]  # what is being done, and how many steps that is

LINE_S = 5.0  # seconds between lines when the output is no terminal

LONG = 140  # columns of a log file or a pipe, which do not say; 80 would break most tables
WORD = 20  # columns for the longest word of a text in a table, if it is as long
COLOURS = {"holds": "green", "fails": "red", "not enough data": "yellow", "failed": "red", "diverged": "yellow"}


def _console() -> Console:
    """On stderr. A terminal is asked for its width each time that it is drawn on, but rich asks no dumb one."""
    if sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown"):
        return Console(stderr=True, highlight=False)
    width = os.get_terminal_size(sys.stderr.fileno()).columns or 80 if sys.stderr.isatty() else LONG
    given = os.environ.get("COLUMNS", "0")
    return Console(stderr=True, highlight=False, width=int(given) or width if given.isdigit() else width, height=25)


console = _console()


def animated() -> bool:
    """Whether something can be drawn again and again in one place; else a line now and then must do."""
    return console.is_terminal and not console.is_dumb_terminal


def columns() -> int:
    """How wide the terminal is now."""
    return console.width


def say(message: str = "") -> None:
    """One line for people, on stderr: stdout belongs to results. A terminal gets it in several, broken between words
    only: a path that is longer can still be copied."""
    if console.is_terminal:
        options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
        broken = [textwrap.fill(line, console.width, **options) for line in message.splitlines()]
        message = "\n".join(broken)
    console.print(Text(message), overflow="ignore", crop=False)


def table(title: str, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """A table for people, on stderr; numbers to the right, verdicts and states in their colour."""
    if title:  # not the table's own, which would be wrapped to the table's width
        console.print(Text(title, style="bold"))
    body = [[_text(cell) for cell in line] for line in lines]
    out = _table(header, body)
    least = _least(header, body)
    if least > console.width:
        out.width = least  # the terminal breaks its lines, and no number is cut
    console.print(out, crop=False)


def _table(header: Sequence[str], body: Sequence[Sequence[str]]) -> Table:
    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
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
    """Columns that a table needs: for whole numbers, and for texts without broken words, or not many."""
    out = 2 * (len(header) - 1)
    for name, cells in zip(header, _columns(header, body), strict=True):
        if all(map(_numeric, cells)):
            out += max(map(cell_len, [name, *cells]))
        else:
            out += min(max(cell_len(word) for cell in [name, *cells] for word in cell.split() or [""]), WORD)
    return out


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _numeric(cell: str) -> bool:
    return cell.strip("-−–+.,0123456789e% ") == "" or cell == "nan"


class Picture(NamedTuple):
    """What a live view shows at one moment: a share that is done with a note, a table, and lines below it."""

    done: float
    note: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[str]


@contextlib.contextmanager
def drawn(look: Callable[[], Picture]) -> Iterator[None]:
    """Draws what `look` returns, again and again and in one place, while the body runs; on a terminal only."""
    bar = Progress(
        BarColumn(), TextColumn("{task.percentage:.0f}%"), TimeElapsedColumn(), console=console, auto_refresh=False
    )
    task = bar.add_task("", total=1.0)

    def picture() -> Group:
        now = look()
        bar.update(task, completed=now.done)
        below = [_cut(line) for line in now.lines]
        return Group(bar, _cut(now.note), *([_table(now.header, now.rows)] if now.rows else []), *below)

    if not animated():
        yield
        return
    with Live(get_renderable=picture, console=console, transient=True, refresh_per_second=2):
        yield


def _cut(line: str) -> Text:
    return Text(line, no_wrap=True, overflow="ellipsis")


def curve(values: Sequence[float]) -> str:
    """Finite numbers as a row of bars between the smallest and the largest, one character each."""
    bars = "▁▂▃▄▅▆▇█" if (console.encoding or "").lower().startswith("utf") else "_.-=+*%#"
    low, span = min(values), (max(values) - min(values)) or 1.0
    return "".join(bars[round((v - low) / span * (len(bars) - 1))] for v in values)


@contextlib.contextmanager
def steps(title: str, total: int) -> Iterator[Advance]:
    """The live view of `total` steps: call what it yields with a few words and the number of steps that they name."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
        console=console, transient=True, disable=not animated(),
    )  # fmt: skip
    task = bar.add_task(title, total=total, note="")
    next_s = time.monotonic() + LINE_S

    def advance(note: str, count: int) -> None:
        nonlocal next_s
        bar.update(task, advance=count, note=note)
        if not animated() and time.monotonic() > next_s:
            next_s = time.monotonic() + LINE_S
            say(f"  {title} {bar.tasks[0].completed:g}/{total}: {note}")

    with bar:
        yield advance


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Says what is waited for: on a terminal while it lasts, else in a line."""
    if not animated():
        say(what)
        yield
        return
    with console.status(what):
        yield


def repeat(look: Callable[[], bool], seconds: float | None) -> None:
    """Calls `look`, which prints, every few seconds until it returns True, on a terminal always in the same place; or
    only once, if `seconds` is None."""
    if seconds is None:
        look()
        return
    try:
        while True:
            if animated():
                console.clear()
            say(time.strftime("%H:%M:%S, Ctrl-C ends the watching and nothing else"))
            if look():
                return
            time.sleep(seconds)
    except KeyboardInterrupt:
        return


def duration(seconds: float) -> str:
    """Seconds as people say it: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else "under 1 s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )
