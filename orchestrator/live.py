"""The live view of a launch: which bundles are at work, how their errors fall, images per second, time left."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from orchestrator.bundle import cost, described
from orchestrator.progress import LINE_S, Picture, console, curve, drawn, duration, say
from workers.work import Bundle, Report

SHOWN = 8  # bundles at work
POINTS = 32  # of a curve
MEASURES = {"train error": "train_error", "train risk": "train_risk"}  # as people call them, and in a report


class Work(NamedTuple):
    """A bundle at work: its last report, and the seconds at which it came."""

    report: Report
    heard: float


class Launching:
    """Takes in what bundles report. On a terminal a table in one place; else a line every few seconds.

    `behind`: how many trials MLflow is behind, and why, "" where it is not.
    """

    def __init__(self, bundles: Sequence[Bundle], behind: Callable[[], str] = str) -> None:
        self.bundles = {b.id: b for b in bundles}
        self.which = described(bundles)
        self.cost = {b.id: sum(cost(t) for t in b.trials) for b in bundles}
        self.steps = {b.id: getattr(b.trials[0].settings, "epochs", 1) for b in bundles}
        self.behind = behind
        self.done: dict[str, float] = {}  # bundle -> fraction of its steps
        self.at_work: dict[str, Work] = {}
        self.ended: Counter[str] = Counter()  # bundle -> trials that have ended
        self.states: Counter[str] = Counter()
        self.curves = {name: _Curve() for name in MEASURES}
        self.total = sum(len(b.trials) for b in bundles)
        self.visits, self.start, self.line = 0, time.monotonic(), 0.0
        self.screen = ExitStack()

    def __enter__(self) -> "Launching":
        self.screen.enter_context(drawn(self.picture))
        return self

    def __exit__(self, *error: object) -> None:
        self.screen.close()

    def __call__(self, report: Report) -> None:
        """Takes in what a bundle says of itself."""
        self.states.update(report.ended.values())
        self.ended[report.bundle] += len(report.ended)
        self.visits += report.visits
        fraction = min(max(report.step, 0) / self.steps.get(report.bundle, 1), 1.0)
        self.done[report.bundle] = fraction
        self.at_work[report.bundle] = Work(report, time.monotonic())
        for name, field in MEASURES.items():
            self.curves[name].add(fraction, getattr(report, field))
        if not console.is_terminal and time.monotonic() - self.line > LINE_S:
            self.line = time.monotonic()
            say(f"  {self.note(report)}")

    def picture(self) -> Picture:
        """What a terminal shows now."""
        working = [work for id, work in list(self.at_work.items()) if not self._over(id)]
        rows = [self._row(work) for work in sorted(working, key=lambda w: -w.heard)[:SHOWN]]
        lines = [f"{name:<12}{drawing}" for name, c in self.curves.items() if (drawing := str(c))]
        if late := self.behind():
            lines.append(f"MLflow is behind: {late}")
        return Picture(self._fraction(), self.note(), ("at work", "models", "epoch", "train error"), rows, lines)

    def _row(self, work: Work) -> tuple[str, ...]:
        report = work.report
        error = "" if report.train_error is None else f"{report.train_error:.3f}"
        bundle, steps = self.bundles.get(report.bundle), self.steps.get(report.bundle, 1)
        step = f"{report.step}/{steps}" if report.step >= 0 else "starting"
        if bundle is None:  # a part of one that was split
            return (report.bundle[:8], "", step, error)
        return (self.which[bundle.id], str(len(bundle.trials)), step, error)

    def _over(self, id: str) -> bool:
        return id in self.bundles and self.ended[id] >= len(self.bundles[id].trials)

    def _fraction(self) -> float:
        whole = sum(self.cost.values())
        return sum(self.cost[b] * f for b, f in list(self.done.items()) if b in self.cost) / whole if whole else 1.0

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


class _Curve:
    """The mean of what bundles reported, against the share of their epochs that is done."""

    def __init__(self) -> None:
        self.sums, self.counts = [0.0] * POINTS, [0] * POINTS

    def add(self, fraction: float, value: float | None) -> None:
        if value is not None:
            point = min(int(fraction * POINTS), POINTS - 1)
            self.sums[point] += value
            self.counts[point] += 1

    def __str__(self) -> str:
        """Empty where nothing was reported; gaps, where no bundle spoke, are filled with what was before."""
        known = [s / n for s, n in zip(self.sums, self.counts, strict=True) if n]
        if not known:
            return ""
        last = max(i for i, n in enumerate(self.counts) if n)
        means, mean = list[float](), known[0]
        for s, n in zip(self.sums[: last + 1], self.counts, strict=False):
            mean = s / n if n else mean
            means.append(mean)
        return f"{curve(means):<{POINTS}}  {known[0]:.3g} to {known[-1]:.3g}, mean of the bundles"
