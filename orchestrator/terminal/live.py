"""Drawings that are refreshed while work goes on: pictures, progress bars, a sparkline, repeated output."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from orchestrator.terminal import console as terminal
from orchestrator.terminal.console import LINE_S, animated, say
from orchestrator.terminal.tables import rendered
from tracking.common.text import printable

Advance = Callable[[str, int], None]  # what is being done, and how many steps that is


class Picture(NamedTuple):
    """What a live view shows at one moment: the share that is done (0 to 1) with a note, a table, and lines below."""

    done: float
    note: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[str]


@contextlib.contextmanager
def drawn(look: Callable[[], Picture]) -> Iterator[None]:
    """Draws what `look` returns, refreshed in one place, while the body runs; on a terminal only."""
    bar = Progress(
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeElapsedColumn(),
        console=terminal.console,
        auto_refresh=False,
    )
    task = bar.add_task("", total=1.0)

    def picture() -> Group:
        now = look()
        bar.update(task, completed=now.done)
        below = [_cut(line) for line in now.lines]
        return Group(bar, _cut(now.note), *([rendered(now.header, now.rows)] if now.rows else []), *below)

    if not animated():
        yield
        return
    with Live(get_renderable=picture, console=terminal.console, transient=True, refresh_per_second=2):
        yield


def _cut(line: str) -> Text:
    return Text(printable(line), no_wrap=True, overflow="ellipsis")


def sparkline(values: Sequence[float]) -> str:
    """Finite numbers as a row of bars between the smallest and the largest, one character each."""
    bars = "▁▂▃▄▅▆▇█" if (terminal.console.encoding or "").lower().startswith("utf") else "_.-=+*%#"
    low, span = min(values), (max(values) - min(values)) or 1.0
    return "".join(bars[round((v - low) / span * (len(bars) - 1))] for v in values)


@contextlib.contextmanager
def steps(title: str, total: int) -> Iterator[Advance]:
    """The live view of `total` steps: call what it yields with a few words and the number of steps that they name."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
        console=terminal.console, transient=True, disable=not animated(),
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
    """Shows what is waited for: on a terminal while it lasts, else in a line."""
    if not animated():
        say(what)
        yield
        return
    with terminal.console.status(what):
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
                terminal.console.clear()
            say(time.strftime("%H:%M:%S, Ctrl-C ends the watching and nothing else"))
            if look():
                return
            time.sleep(seconds)
    except KeyboardInterrupt:
        return
