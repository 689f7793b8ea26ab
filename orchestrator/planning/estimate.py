"""Estimates how long bundles will take, from the speed at which this machine has run trials of the same kind.

Every launch saves how fast its bundles were, and the ratio of estimate to time taken, in the user's cache folder. A
kind is an experiment with its network and data. Where none of the kind has run here, the median of the experiment is
used; where no trial of the experiment has, a rough rate.
"""

import logging
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from orchestrator.planning.pack import cost, operations
from tracking.records.manifest import AT_THE_END, Manifest
from workers.bundle import Bundle
from workers.runtime import cache
from workers.trial import Trial, digest

LOG = logging.getLogger(__name__)
ROUGH_RATE = 8e10  # floating-point operations a second of one core with the compiled kernels
KEPT = 20  # newest measurements of a kind
SHORTEST_S = 0.2  # bundles that took less are not measured: starting them takes most of it
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
SOURCES = ("the same kind of trial", "the same experiment", "a rough rate")


def kind(trial: Trial) -> str:
    """What decides the speed, as far as it is known without running: experiment, network, data, precision."""
    about = {key: trial.plain.get(key) for key in ("net", "precision", "basis", "surface")}
    data = trial.plain.get("data")
    return digest({**about, "experiment": trial.experiment, "data": data.get("name") if isinstance(data, dict) else ""})


@dataclass(frozen=True)
class Estimate:
    """seconds: of one lane (a core or a GPU), for each bundle. wall_s: of all of them, on all lanes."""

    seconds: tuple[float, ...]
    wall_s: float
    sources: dict[str, int]
    earlier: dict[str, float] = field(default_factory=dict)  # estimate over what it took: n, median, lowest, highest

    def summary(self) -> dict[str, Any]:
        """As plain values, for --json."""
        return {"lane_s": sum(self.seconds), "wall_s": self.wall_s, "from": self.sources, "earlier": self.earlier}


class Measured(BaseModel):
    """What is kept of one device. rates: floating-point operations a second, by experiment and kind. off: ratios of
    estimate to time taken."""

    rates: dict[str, dict[str, list[Positive]]] = {}
    off: list[Positive] = []


FILE = TypeAdapter(dict[str, Measured])


class Speeds:
    """Measured speeds of bundles on `device`, which is named as in provenances."""

    def __init__(self, device: str) -> None:
        self.device, self.path = device, cache.folder() / "speeds.json"
        self.all = _read(self.path)
        here = self.all.get(device, Measured())
        self.rates, self.off = here.rates, here.off

    def seconds(self, bundle: Bundle) -> tuple[float, str]:
        """The estimate for one bundle, and the one of SOURCES that it is from."""
        trial = bundle.trials[0]
        known = self.rates.get(trial.experiment, {})
        same, near = known.get(kind(trial)) or None, [rate for rates in known.values() for rate in rates]
        rate, source = (same, SOURCES[0]) if same else (near, SOURCES[1]) if near else ([ROUGH_RATE], SOURCES[2])
        return operations(bundle) / statistics.median(rate), source

    def estimate(self, bundles: Sequence[Bundle], lanes: int) -> Estimate:
        """Of bundles, `lanes` at a time."""
        found = [self.seconds(bundle) for bundle in bundles]
        seconds = tuple(s for s, _ in found)
        wall = max(sum(seconds) / lanes, max(seconds, default=0.0))
        return Estimate(seconds, wall, dict(Counter(source for _, source in found)), self._earlier())

    def _earlier(self) -> dict[str, float]:
        if not self.off:
            return {}
        off = sorted(self.off)
        return {"n": len(off), "median": statistics.median(off), "lowest": off[0], "highest": off[-1]}

    def remember(self, manifests: Iterable[Manifest]) -> None:
        """Measures bundles that are done; `manifests` of other devices are ignored. Never fails for the cache."""
        for manifest in manifests:
            seconds = (manifest.clock[-1][1] - manifest.started_ms) / 1000 if manifest.clock else 0.0
            if {p.device for p in manifest.provenances} != {self.device} or seconds < SHORTEST_S or not manifest.done:
                continue
            if manifest.observed and manifest.observed.every == AT_THE_END:  # nothing was trained
                continue
            try:
                trials = tuple(Trial.of(manifest.experiment, t.settings) for t in manifest.trials)
            except ValueError:  # of another launch, with files of the user's own that are not those of this sweep
                continue
            rate = sum(cost(t) for t in trials) / seconds
            if not 0 < rate < math.inf:  # an experiment of the user's own that says it costs nothing
                continue
            before, source = self.seconds(Bundle(manifest.bundle, trials))
            if source == SOURCES[0]:
                self.off = [*self.off, float(f"{before / seconds:.4g}")][-KEPT:]
            rates = self.rates.setdefault(manifest.experiment, {})
            rates[kind(trials[0])] = [*rates.get(kind(trials[0]), []), rate][-KEPT:]
        self.all[self.device] = Measured(rates=self.rates, off=self.off)
        try:
            with cache.lock("speeds"), cache.replacing(self.path) as temporary:
                temporary.write_bytes(FILE.dump_json(self.all))
        except OSError as error:  # a full disk, a quota: an estimate is not worth a launch
            LOG.info("note     speeds are not kept for the next estimate: %s", error)


def _read(path: Path) -> dict[str, Measured]:
    """What was measured by device; nothing where the file is not there, cannot be read, or is damaged."""
    try:
        return FILE.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
