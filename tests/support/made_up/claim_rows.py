"""Rows of trials written by hand, as a sweep's frame, for claims to be judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.verdicts.claim import CLAIMS, Claim
from tracking.verdicts.finding import Verdict
from tracking.verdicts.verify import verify

Values = dict[str, list[float]]  # "measure", "measure split" or "measure split layer": one value a step
COLUMNS = ["trial", "step", "split", "measure", "layer", "value"]


@dataclass(frozen=True)
class Trial:
    """One trial: settings, values, what became of it, and its seed; the steps of the values, if not 0, 1, 2, ...; the
    classes of its data."""

    settings: Mapping[str, Any]
    values: Mapping[str, Sequence[float]]
    state: str = "finished"
    seed: int | None = None
    steps: Sequence[int] | None = None
    classes: int = 10

    @property
    def cell(self) -> str:
        return str(sorted((k, str(v)) for k, v in self.settings.items()))

    def rows(self, id: str) -> list[tuple[str, int, str, str, str, float]]:
        rows = []
        for name, series in self.values.items():
            measure, split, layer = f"{name}  ".split(" ")[:3]
            steps = range(len(series)) if self.steps is None else self.steps
            rows += [(id, step, split, measure, layer, float(v)) for step, v in zip(steps, series, strict=False)]
        return rows


def recorded(trials: Sequence[Trial]) -> Frame:
    """A frame of trials; a seed that is not given is the place among those of equal settings."""
    planned, outcomes, rows = [], {}, list[tuple[str, int, str, str, str, float]]()
    counted: dict[str, int] = {}
    for place, trial in enumerate(trials):
        seed = counted.setdefault(trial.cell, 0) if trial.seed is None else trial.seed
        counted[trial.cell] = counted.get(trial.cell, 0) + 1
        planned.append(Planned(f"t{place}", trial.cell, seed, dict(trial.settings), trial.classes))
        if trial.state == "missing":
            continue
        outcomes[f"t{place}"] = {"state": trial.state, "step": 0, "reason": "", "digest": ""}
        rows += trial.rows(f"t{place}")
    return frame(planned, outcomes, in_memory(pd.DataFrame(rows, columns=COLUMNS).astype({"value": float})))


def claim(name: str, **fields: Any) -> Claim:
    """A claim of `tracking.claims` with these settings."""
    return CLAIMS.load(name).Settings(name=name, **fields)


def judged(trials: Sequence[Trial], name: str, **fields: Any) -> Verdict:
    """The verdict of one claim on these trials."""
    (verdict,) = verify(recorded(trials), [claim(name, **fields)])
    return verdict


def last(settings: Mapping[str, Any], seeds: Sequence[float] | Mapping[str, Sequence[float]]) -> list[Trial]:
    """One trial for each seed, with one value of each measure; a list alone is that of the test error."""
    each = seeds if isinstance(seeds, Mapping) else {"error test": seeds}
    n = len(next(iter(each.values())))
    return [Trial(settings, {name: [values[i]] for name, values in each.items()}) for i in range(n)]


def curves(settings: Mapping[str, Any], *trials: Values, steps: Sequence[int] | None = None) -> list[Trial]:
    """One trial for each seed, with values over steps."""
    return [Trial(settings, values, steps=steps) for values in trials]


def spread(mean: float, by: float = 0.002, seeds: int = 3) -> list[float]:
    """Values of several seeds about a mean: the same distances from it every time."""
    middle = (seeds - 1) / 2
    return [mean + by * (i - middle) for i in range(seeds)]
