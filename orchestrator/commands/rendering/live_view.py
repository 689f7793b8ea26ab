"""The live view of a launch: a table that is drawn again and again in one place, or a line every few seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from orchestrator.execution.progress import Progress, RunningBundle, steps
from orchestrator.terminal import live
from orchestrator.terminal.console import LINE_S, animated, columns, say
from tracking.common.text import count_of
from workers.bundle import Report

SHOWN = 8  # running bundles
ERRORS = 3  # kinds of failure
BESIDE = 32  # columns of a terminal beside a sparkline, for its name and its ends
HEADER = ("at work", "models", "epoch", "train error")


class LiveView:
    """Implements `orchestrator.execution.observer.Observer`: on a terminal a picture in one place, else lines."""

    def __init__(self) -> None:
        self.errors: set[str] = set()  # that were named
        self.next_line_s = 0.0  # on the monotonic clock

    def waiting(self, what: str) -> AbstractContextManager[None]:
        return live.waiting(what)

    @contextmanager
    def running(self, progress: Progress, mirror_lag: Callable[[], str]) -> Iterator[None]:
        self.progress = progress
        with live.drawn(lambda: picture(progress, mirror_lag())):
            yield

    def reported(self, report: Report) -> None:
        """Without a place to draw in, each kind of failure is named once, and a line follows every few seconds."""
        if animated():
            return
        if report.error and report.error not in self.errors:
            self.errors.add(report.error)
            say(f"  failed: {report.error}")
        if time.monotonic() > self.next_line_s:
            self.next_line_s = time.monotonic() + LINE_S
            say(f"  {self.progress.summary(report)}")


def picture(progress: Progress, mirror_lag: str = "") -> live.Picture:
    """What a terminal shows now."""
    rows = [_row(progress, one) for one in progress.still_running()[:SHOWN]]
    means = {name: found.values() for name, found in progress.means.items()}
    lines = [f"mean {name:<12}{_sparkline(values)}" for name, values in means.items() if values]
    lines += [f"{n} failed: {error}" for error, n in progress.errors.most_common(ERRORS)]
    if len(progress.errors) > ERRORS:
        lines.append(f"and {count_of(len(progress.errors) - ERRORS, 'more kind')} of failure")
    if mirror_lag:
        lines.append(f"MLflow is behind: {mirror_lag}")
    return live.Picture(progress.fraction, progress.summary(), HEADER, rows, lines)


def _row(progress: Progress, one: RunningBundle) -> tuple[str, ...]:
    bundle, report, _ = one
    error = "" if report.train_error is None else f"{report.train_error:.3f}"
    step = f"{report.step}/{steps(bundle)}" if report.step >= 0 else "starting"
    return (progress.names[bundle.trials[0].id], str(len(bundle.trials)), step, error)


def _sparkline(means: Sequence[float]) -> str:
    """The first value, as many of all as there is room for, and the last value."""
    last = len(means) - 1
    room = min(max(columns() - BESIDE, 2), len(means))
    shown = [means[round(i * last / max(room - 1, 1))] for i in range(room)]
    return f"{means[0]:<7.3g}{live.sparkline(shown)} {means[-1]:.3g}"
