"""Estimates how long a launch will take on a machine that does nothing else, as a range, and on it as loaded as it is.

    wall time = start and end of the launch + the bundles, the longest first, on as many lanes as there are

A bundle takes what arithmetic gives (`Experiment.seconds`), times what trials of its kind took on this device against
arithmetic (`planning/measured_speeds.py`). How wide the range is depends on what that factor is from.
"""

import heapq
import math
import os
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orchestrator.planning import measured_speeds
from orchestrator.planning.measured_speeds import Measured, Names, Sample, Spent
from orchestrator.planning.resources import cores
from orchestrator.spec.sweep import Sweep
from workers.bundle import Bundle

ROUGH_RATE = 8e10  # floating-point operations a second of one core, of an experiment of which nothing is known
SOURCES = ("the same kind of trial", "the same net", "the same engine", "other work on this machine", "arithmetic")
# How far an estimate from each source may be off: a factor in either direction.
UNSURE = dict(zip(SOURCES, (1.25, 2.0, 2.5, 3.0, 3.0), strict=True))
EARLY, EARLY_UNSURE = 1 / 3, 3.0  # share of the planned steps after which trials end that may end early, if none ran
# Seconds of a launch outside of its bundles: imports and the end of it, a figure, a trial in MLflow, all of which the
# processor time of launches corrects, and Ray and its workers. benchmarks/README.md has what was measured.
BASE_S, RAY_S, FIGURE_S, TRIAL_S = 4.0, 9.0, 1.0, 0.005
BUSY = 0.5  # of the cores are in use by others: then the load is said


class Bundled(NamedTuple):
    """The processor seconds of a bundle, lowest and highest, and the one of SOURCES that they are from."""

    seconds: float
    low: float
    high: float
    source: str


@dataclass(frozen=True)
class Estimate:
    """seconds: of one lane (a core or a GPU), for each bundle. wall_s: of the launch on an idle machine, with its
    bounds low_s and high_s. overhead_s: of that, start and end. slowed: by how much the present load multiplies it.
    earlier: estimate over what it took, in processor time, of launches of these kinds of trials: n, median, lowest,
    highest."""

    seconds: tuple[float, ...]
    wall_s: float
    low_s: float
    high_s: float
    overhead_s: float
    slowed: float
    sources: dict[str, int]
    earlier: dict[str, float] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """As plain values, for --json."""
        return {
            "lane_s": sum(self.seconds), "wall_s": self.wall_s, "low_s": self.low_s, "high_s": self.high_s,
            "overhead_s": self.overhead_s, "slowed": self.slowed, "from": self.sources, "earlier": self.earlier,
        }  # fmt: skip


class Speeds:
    """What is known of the speed of one device. on: "cpu" or "cuda"."""

    def __init__(self, device: str, on: str = "cpu") -> None:
        self.device, self.on = device, on
        self.known = measured_speeds.read().get(device, Measured())
        self.by_name: dict[str, list[Sample]] = {}
        for sample in (one for of_kind in self.known.samples.values() for one in of_kind):
            for name in (sample.net, sample.engine, ""):
                self.by_name.setdefault(name, []).append(sample)

    def bundle(self, bundle: Bundle) -> Bundled:
        """The estimate for one bundle."""
        work = measured_speeds.work(bundle, self.on)
        found, source = self._samples(work.names)
        factor, unsure = _average(found), UNSURE[source]
        if source == SOURCES[0] and len(found) > 1:
            factors = [sample.factor for sample in found]
            unsure = max(unsure, math.sqrt(max(factors) / min(factors)))
        share = low = high = 1.0
        if work.ends_early and source == SOURCES[0]:
            share = low = high = statistics.median(sample.share for sample in found)
        elif work.ends_early:
            share, low, high = EARLY, EARLY / EARLY_UNSURE, 1.0
        start, each = work.arithmetic.bundle, work.arithmetic.each * factor
        return Bundled(start + each * share, start + each * low / unsure, start + each * high * unsure, source)

    def _samples(self, names: Names) -> tuple[list[Sample], str]:
        """Those that are nearest, and which of SOURCES they are."""
        same = self.known.samples.get(names.kind)
        nearest = (same, *(self.by_name.get(name) for name in (names.net, names.engine, "")))
        return next(
            ((found, source) for found, source in zip(nearest, SOURCES, strict=False) if found), ([], SOURCES[-1])
        )

    def overhead_s(self, sweep: Sweep, trials: int, local: bool) -> float:
        """Seconds of a launch outside of its bundles, corrected by the processor time that launches before took."""
        ratio = statistics.median(self.known.overheads.get(_where(local), [1.0]))
        return _ray(local) + own_processor_s(sweep, trials) * ratio

    def estimate(self, bundles: Sequence[Bundle], lanes: int, overhead_s: float = 0.0) -> Estimate:
        """Of a launch that runs bundles, `lanes` at a time."""
        found = [self.bundle(bundle) for bundle in bundles]
        wall, low, high = (
            overhead_s * off + schedule([getattr(one, name) for one in found], lanes)
            for name, off in (("seconds", 1.0), ("low", 0.7), ("high", 1.5))
        )
        sources, earlier = Counter(one.source for one in found), self._earlier(bundles)
        slowed = _slowed(lanes)
        return Estimate(tuple(o.seconds for o in found), wall, low, high, overhead_s, slowed, dict(sources), earlier)

    def _earlier(self, bundles: Iterable[Bundle]) -> dict[str, float]:
        kinds = {measured_speeds.work(bundle, self.on).names.kind for bundle in bundles}
        ratios = [s.estimated for kind in kinds for s in self.known.samples.get(kind, []) if s.estimated]
        if not ratios:
            return {}
        return {"n": len(ratios), "median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}

    def remember(self, done: Sequence[tuple[Bundle, Spent]]) -> None:
        """Measures bundles that were begun and done by one launch on this device."""
        trained = [(bundle, spent) for bundle, spent in done if not bundle.trained_in]
        before = {b.id: found.seconds for b, _ in trained if (found := self.bundle(b)).source == SOURCES[0]}
        taken = sum(spent.processor_s for _, spent in trained)
        measured_speeds.add(
            self.device, measured_speeds.samples(trained, self.on, before), taken if 0 < taken < math.inf else 0.0
        )


def _where(local: bool) -> str:
    return f"processor seconds, {'in this process' if local else 'under Ray'}"


def _ray(local: bool) -> float:
    return 0.0 if local else RAY_S


def own_processor_s(sweep: Sweep, trials: int) -> float:
    """Processor seconds that the launching process takes outside of bundles, by arithmetic."""
    figures = len(sweep.curves) + len(sweep.heatmaps) + len(sweep.panels) + len(sweep.surfaces) + len(sweep.claim_plots)
    return BASE_S + FIGURE_S * figures + TRIAL_S * trials


def remember_overhead(device: str, sweep: Sweep, trials: int, local: bool, processor_s: float) -> None:
    """Keeps what the launching process took outside of bundles. Processor time: wall time is that of an idle machine
    only where nothing else ran."""
    measured_speeds.add(device, {}, where=_where(local), overhead=processor_s / own_processor_s(sweep, trials))


def _average(samples: Sequence[Sample]) -> float:
    """The geometric mean of their factors, weighted by processor time."""
    weight = sum(sample.processor_s for sample in samples)
    return math.exp(sum(s.processor_s * math.log(s.factor) for s in samples) / weight) if samples else 1.0


def schedule(seconds: Iterable[float], lanes: int) -> float:
    """When the last bundle ends, the longest begun first."""
    free = [0.0] * lanes
    for one in sorted(seconds, reverse=True):
        heapq.heappush(free, heapq.heappop(free) + one)
    return max(free)


def _slowed(lanes: int) -> float:
    """By how much the processes that are there now slow a launch down, which shares the cores with them."""
    load = os.getloadavg()[0] - 1  # without the process that asks
    return (load + lanes) / cores() if load > BUSY * cores() and load + lanes > cores() else 1.0
