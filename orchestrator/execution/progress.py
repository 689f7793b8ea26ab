"""How far a launch is: the reports of its bundles, added up. Drawn by `orchestrator.commands.rendering`."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.planning.bundling import costs, described
from orchestrator.planning.measured_speeds import Spent
from tracking.common.text import count_of, duration
from workers.bundle import Bundle, Report

POINTS = 32  # of a mean over the share of the epochs that is done
LEAST_SHARE = 0.02  # of the work of a launch must be done before the time left is estimated


class RunningBundle(NamedTuple):
    """A bundle that runs, its last report, and the time of that report on the monotonic clock."""

    bundle: Bundle
    report: Report
    reported_s: float


@dataclass
class Means:
    """The mean of what bundles reported of one measure, against the share of their epochs that is done."""

    sums: list[float] = field(default_factory=lambda: [0.0] * POINTS)
    counts: list[int] = field(default_factory=lambda: [0] * POINTS)

    def add(self, fraction: float, value: float | None) -> None:
        if value is not None:
            point = min(int(fraction * POINTS), POINTS - 1)
            self.sums[point] += value
            self.counts[point] += 1

    def values(self) -> list[float]:
        """The first point up to the last that has a report; a point without one has the mean before it, or the first
        mean. Empty where nothing was reported."""
        known = [s / n for s, n in zip(self.sums, self.counts, strict=True) if n]
        if not known:
            return []
        last = max(i for i, n in enumerate(self.counts) if n)
        means, mean = list[float](), known[0]
        for s, n in zip(self.sums[: last + 1], self.counts, strict=False):
            mean = s / n if n else mean
            means.append(mean)
        return means


class Progress:
    """What the bundles of one launch have reported. The share of the work that is done is weighted by the cost of each
    trial, so that the time left can be estimated from it."""

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        names = described(bundles)
        self.names = {t.id: names[b.id] for b in bundles for t in b.trials}
        self.cost = costs(t for b in bundles for t in b.trials)
        self.total_cost = sum(self.cost.values())
        self.cost_done, self.fractions = 0.0, dict[str, float]()  # trial -> fraction of its steps that is done
        self.cost_before, self.opened = 0.0, set[str]()  # what earlier launches did of the trials opened until now
        self.running: dict[str, RunningBundle] = {}
        self.trials_ended: Counter[str] = Counter()  # by bundle
        self.states: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()  # why trials were given up
        self.means = {"train error": Means(), "train risk": Means()}
        self.visits, self.start_s = 0, time.monotonic()
        self.spent: dict[str, tuple[Bundle, Spent]] = {}  # by bundle, of all rounds
        self.next_round(bundles)

    def next_round(self, bundles: Sequence[Bundle]) -> None:
        """Bundles are about to run, and those before have ended: at first all, then what is left of those that
        failed."""
        self.bundles = {b.id: b for b in bundles}
        self.running = {}

    def add(self, report: Report) -> None:
        """Takes a report in."""
        bundle = self.bundles[report.bundle]
        self.states.update(report.ended.values())
        self.trials_ended[bundle.id] += len(report.ended)
        self.visits += report.visits
        _, spent = self.spent.setdefault(bundle.id, (bundle, Spent()))
        spent.processor_s, spent.visits = report.processor_s, spent.visits + report.visits
        self.running[bundle.id] = RunningBundle(bundle, report, time.monotonic())
        over = self.trials_ended[bundle.id] >= len(bundle.trials)
        fraction = 1.0 if over else min(max(report.step, 0) / steps(bundle), 1.0)
        self._count_earlier_launches(bundle, report)
        for t in bundle.trials:
            self.cost_done += self.cost[t.id] * (fraction - self.fractions.get(t.id, 0.0))
            self.fractions[t.id] = fraction
        self.means["train error"].add(fraction, report.train_error)
        self.means["train risk"].add(fraction, report.train_risk)
        if report.error:
            self.errors[report.error] += len(report.ended)

    def _count_earlier_launches(self, bundle: Bundle, report: Report) -> None:
        """Once a trial, with the first report of its training."""
        if report.resumed is None:
            return
        new = [t.id for t in bundle.trials if t.id not in self.opened]
        self.opened.update(new)
        self.cost_before += sum(self.cost[trial] for trial in new) * min(report.resumed / steps(bundle), 1.0)

    def still_running(self) -> list[RunningBundle]:
        """Bundles that have not ended, the one that reported last first."""
        left = [one for one in list(self.running.values()) if self.fractions[one.bundle.trials[0].id] < 1]
        return sorted(left, key=lambda one: -one.reported_s)

    @property
    def fraction(self) -> float:
        """The share of the work that is done, from 0 to 1."""
        return self.cost_done / self.total_cost if self.total_cost else 1.0

    @property
    def left_s(self) -> float | None:
        """Seconds until all is done, at the pace of this launch; None before that can be said, and at the end."""
        if not (left := self.total_cost - self.cost_done) > 0:
            return None
        made, todo = self.cost_done - self.cost_before, self.total_cost - self.cost_before
        return (time.monotonic() - self.start_s) * left / made if made > LEAST_SHARE * todo else None

    def summary(self, report: Report | None = None) -> str:
        """One line: trials ended of all, images per second, training error of `report`, time left."""
        parts = [f"{sum(self.states.values())}/{count_of(len(self.cost), 'trial')}"]
        parts += [f"{n} {state}" for state, n in sorted(self.states.items()) if state != "finished"]
        if self.visits:
            parts.append(f"{self.visits / (time.monotonic() - self.start_s):,.0f} images/s")
        if report and report.train_error is not None:
            parts.append(f"train error {report.train_error:.3f}")
        if (left := self.left_s) is not None:
            parts.append(f"{duration(left)} left")
        return ", ".join(parts)


def steps(bundle: Bundle) -> int:
    """Epochs of a bundle's trials; 1 for experiments that have none."""
    return int(getattr(bundle.trials[0].settings, "epochs", 1))
