"""What a person sees: tables, messages and the live view of a launch. The only file that imports rich."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Advance = Callable[[str, int], None]  # what is being done, and how many steps that is

LINE_S = 5.0  # seconds between lines when the output is no terminal

# A terminal says how wide it is; a log file or a pipe does not, and 80 columns would break most tables.
console = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 140)
COLOURS = {"holds": "green", "fails": "red", "not enough data": "yellow", "failed": "red", "diverged": "yellow"}


def say(message: str = "") -> None:
    """One line for people, on stderr: stdout belongs to results."""
    console.print(Text(message))


def table(title: str, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> None:
    """A table for people, on stderr; numbers to the right, verdicts and states in their colour."""
    if title:  # not the table's own, which would be wrapped to the table's width
        console.print(Text(title, style="bold"))
    console.print(_table(header, list(lines)))


def _table(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> Table:
    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    body = [[_text(cell) for cell in line] for line in lines]
    for i, name in enumerate(header):
        numeric = all(_numeric(line[i]) for line in body)
        out.add_column(name, justify="right" if numeric else "left", style=None, header_style="dim")
    for line in body:
        out.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in line))
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
    rows: Sequence[Sequence[Any]]
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

    if not console.is_terminal or console.is_dumb_terminal:
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
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
    task = bar.add_task(title, total=total, note="")
    next_s = time.monotonic() + LINE_S

    def advance(note: str, count: int) -> None:
        nonlocal next_s
        bar.update(task, advance=count, note=note)
        if not console.is_terminal and time.monotonic() > next_s:
            next_s = time.monotonic() + LINE_S
            say(f"  {title} {bar.tasks[0].completed:g}/{total}: {note}")

    with bar:
        yield advance


def repeat(look: Callable[[], bool], seconds: float) -> None:
    """Calls `look`, which prints, every few seconds until it returns True; on a terminal always in the same place."""
    try:
        while True:
            if console.is_terminal:
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
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )


def out(text: str) -> None:
    """A result, on stdout."""
    sys.stdout.write(text + "\n")
