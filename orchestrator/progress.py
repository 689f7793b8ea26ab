"""What a person sees: tables, messages and the live view of a launch. The only file that imports rich."""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from orchestrator.bundle import cost
from workers.work import Bundle, Report

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
    out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    body = [[_text(cell) for cell in line] for line in lines]
    for i, name in enumerate(header):
        numeric = all(_numeric(line[i]) for line in body)
        out.add_column(name, justify="right" if numeric else "left", style=None, header_style="dim")
    for line in body:
        out.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in line))
    console.print(out)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _numeric(cell: str) -> bool:
    return cell.strip("-−–+.,0123456789e% ") == "" or cell == "nan"


class Launching:
    """The live view of a launch: how many trials have ended and how, images per second, time left."""

    def __init__(self, bundles: Sequence[Bundle], already_done: int) -> None:
        self.cost = {b.id: sum(cost(t) for t in b.trials) for b in bundles}
        self.steps = {b.id: getattr(b.trials[0].settings, "epochs", 1) for b in bundles}
        self.done: dict[str, float] = {}  # bundle -> fraction of its steps
        self.first: dict[str, float] = {}  # bundle -> fraction at which it began, in this launch
        self.total, self.already_done = sum(len(b.trials) for b in bundles), already_done
        self.states: Counter[str] = Counter()
        self.visits, self.start, self.line = 0, time.monotonic(), 0.0
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("training", total=1.0, note="")

    def __enter__(self) -> "Launching":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def __call__(self, report: Report) -> None:
        """Takes in what a bundle says of itself."""
        self.states.update(report.ended.values())
        self.visits += report.visits
        fraction = min(max(report.step, 0) / self.steps.get(report.bundle, 1), 1.0)
        self.first.setdefault(report.bundle, fraction if not report.visits else 0.0)
        self.done[report.bundle] = fraction
        self.bar.update(self.task, completed=self._fraction(), note=self.note(report))
        if not console.is_terminal and time.monotonic() - self.line > LINE_S:
            self.line = time.monotonic()
            say(f"  {self.note(report)}")

    def _fraction(self) -> float:
        whole = sum(self.cost.values())
        return sum(self.cost[b] * f for b, f in self.done.items() if b in self.cost) / whole if whole else 1.0

    def note(self, report: Report | None = None) -> str:
        """One line: trials ended of all, images per second, error of the bundle that spoke last, time left."""
        seconds, fraction = time.monotonic() - self.start, self._fraction()
        parts = [f"{sum(self.states.values())}/{self.total} trials"]
        parts += [f"{n} {state}" for state, n in sorted(self.states.items()) if state != "finished"]
        if self.visits:
            parts.append(f"{self.visits / seconds:,.0f} images/s")
        if report and report.train_error is not None:
            parts.append(f"train error {report.train_error:.3f}")
        if 0.02 < fraction < 1:
            parts.append(f"{duration(seconds / fraction - seconds)} left")
        return ", ".join(parts)


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
