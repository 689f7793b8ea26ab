"""The live view of a launch: which bundles are at work, how their errors fall, images per second, time left."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from orchestrator.planning.pack import cost, described
from orchestrator.terminal.console import LINE_S, Picture, animated, columns, curve, drawn, duration, say
from workers.bundle import Bundle, Report

SHOWN = 8  # bundles at work
ERRORS = 3  # kinds of failure
POINTS = 32  # of a curve
BESIDE = 32  # columns of a terminal beside a curve, for its name and its ends
MEASURES = {"train error": "train_error", "train risk": "train_risk"}  # as people call them, and in a report


class Work(NamedTuple):
    """A bundle at work, its last report, and the seconds at which it came."""

    bundle: Bundle
    report: Report
    heard: float


class Launching:
    """Takes in what bundles report. On a terminal a table in one place; else a line every few seconds.

    `behind`: how many trials MLflow is behind, and why, "" where it is not.
    """

    def __init__(self, bundles: Sequence[Bundle], behind: Callable[[], str] = str) -> None:
        which = described(bundles)
        self.which = {t.id: which[b.id] for b in bundles for t in b.trials}
        self.cost = {t.id: cost(t) for b in bundles for t in b.trials}
        self.whole = sum(self.cost.values())
        self.behind = behind
        self.spent, self.done = 0.0, dict[str, float]()  # of the cost; trial -> fraction of its steps
        self.at_work: dict[str, Work] = {}
        self.ended: Counter[str] = Counter()  # bundle -> trials that have ended
        self.states: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()  # why trials were given up
        self.curves = {name: _Curve() for name in MEASURES}
        self.visits, self.start, self.line = 0, time.monotonic(), 0.0
        self.screen = ExitStack()
        self.begin(bundles)

    def begin(self, bundles: Sequence[Bundle]) -> None:
        """A round of work, the one before being over: at first all bundles, then what is left of those that failed."""
        self.bundles = {b.id: b for b in bundles}
        self.at_work = {}

    def __enter__(self) -> "Launching":
        self.screen.enter_context(drawn(self.picture))
        return self

    def __exit__(self, *error: object) -> None:
        self.screen.close()

    def __call__(self, report: Report) -> None:
        """Takes in what a bundle says of itself."""
        bundle = self.bundles[report.bundle]
        self.states.update(report.ended.values())
        self.ended[bundle.id] += len(report.ended)
        self.visits += report.visits
        self.at_work[bundle.id] = Work(bundle, report, time.monotonic())
        over = self.ended[bundle.id] >= len(bundle.trials)
        fraction = 1.0 if over else min(max(report.step, 0) / _steps(bundle), 1.0)
        self._advance(bundle, fraction)
        for name, field in MEASURES.items():
            self.curves[name].add(fraction, getattr(report, field))
        if report.error:
            self._failed(report)
        if not animated() and time.monotonic() - self.line > LINE_S:
            self.line = time.monotonic()
            say(f"  {self.note(report)}")

    def _advance(self, bundle: Bundle, fraction: float) -> None:
        for t in bundle.trials:
            self.spent += self.cost[t.id] * (fraction - self.done.get(t.id, 0.0))
            self.done[t.id] = fraction

    def _failed(self, report: Report) -> None:
        if report.error not in self.errors and not animated():
            say(f"  failed: {report.error}")
        self.errors[report.error] += len(report.ended)

    def picture(self) -> Picture:
        """What a terminal shows now."""
        working = [work for work in list(self.at_work.values()) if self.done[work.bundle.trials[0].id] < 1]
        rows = [self._row(work) for work in sorted(working, key=lambda w: -w.heard)[:SHOWN]]
        lines = [f"mean {name:<12}{drawing}" for name, c in self.curves.items() if (drawing := str(c))]
        lines += [f"{n} failed: {error}" for error, n in self.errors.most_common(ERRORS)]
        if len(self.errors) > ERRORS:
            lines.append(f"and {len(self.errors) - ERRORS} more kinds of failure")
        if late := self.behind():
            lines.append(f"MLflow is behind: {late}")
        return Picture(self._fraction(), self.note(), ("at work", "models", "epoch", "train error"), rows, lines)

    def _row(self, work: Work) -> tuple[str, ...]:
        bundle, report, _ = work
        error = "" if report.train_error is None else f"{report.train_error:.3f}"
        step = f"{report.step}/{_steps(bundle)}" if report.step >= 0 else "starting"
        return (self.which[bundle.trials[0].id], str(len(bundle.trials)), step, error)

    def _fraction(self) -> float:
        return self.spent / self.whole if self.whole else 1.0

    def note(self, report: Report | None = None) -> str:
        """One line: trials ended of all, images per second, error of the bundle that spoke last, time left."""
        seconds, fraction = time.monotonic() - self.start, self._fraction()
        parts = [f"{sum(self.states.values())}/{len(self.cost)} trials"]
        parts += [f"{n} {state}" for state, n in sorted(self.states.items()) if state != "finished"]
        if self.visits:
            parts.append(f"{self.visits / seconds:,.0f} images/s")
        if report and report.train_error is not None:
            parts.append(f"train error {report.train_error:.3f}")
        if 0.02 < fraction < 1:
            parts.append(f"{duration(seconds / fraction - seconds)} left")
        return ", ".join(parts)


def _steps(bundle: Bundle) -> int:
    return int(getattr(bundle.trials[0].settings, "epochs", 1))


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
        room = min(max(columns() - BESIDE, 2), len(means))
        shown = [means[round(i * last / max(room - 1, 1))] for i in range(room)]
        return f"{known[0]:<7.3g}{curve(shown)} {known[-1]:.3g}"
