"""The table that curves and claims read: the rows of a sweep's trials beside their settings and outcomes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd


class Planned(NamedTuple):
    """A trial as the sweep asks for it: `settings` is flat ({"net.width": 8}) and includes the seed."""

    id: str
    cell: str
    seed: int
    settings: dict[str, Any]


@dataclass(frozen=True)
class Frame:
    """What is known of a sweep.

    trials: one line per planned trial, index = trial id; columns cell, seed, state ("finished", "diverged",
        "failed", "cancelled", "running", or "missing" when nothing is recorded), step (last recorded, -1 when
        none), reason, digest (of the data), then one column per flat setting. Settings that are lists are tuples.
    rows: trial, step, split, measure, layer, value: the committed rows of these trials.
    """

    trials: pd.DataFrame
    rows: pd.DataFrame

    def where(self, conditions: dict[str, Any]) -> "Frame":
        """Only the trials whose settings equal these values (a list means any of them)."""
        keep = pd.Series(True, index=self.trials.index)
        for key, value in conditions.items():
            wanted = value if isinstance(value, list) else [value]
            keep &= self.trials[key].isin([tuple(v) if isinstance(v, list) else v for v in wanted])
        if keep.all():
            return self
        trials = self.trials[keep]
        return Frame(trials, self.rows[self.rows["trial"].isin(trials.index)])

    def values(self, measure: str, split: str = "", layer: str = "") -> pd.DataFrame:
        """Columns trial, step, value of one measure, ordered by trial and step."""
        r = self.rows
        found = r[(r["measure"] == measure) & (r["split"] == split) & (r["layer"] == layer)]
        return found[["trial", "step", "value"]].sort_values(["trial", "step"], ignore_index=True)

    def last(self, measure: str, split: str = "", layer: str = "") -> pd.Series:
        """The value at each trial's last recorded step, indexed by trial id. Trials without any are absent."""
        return self.values(measure, split, layer).groupby("trial", observed=True)["value"].last()


def frame(planned: Iterable[Planned], outcomes: dict[str, dict[str, Any]], rows: pd.DataFrame) -> Frame:
    """Joins what was planned with what is recorded. `outcomes[id]` holds state, step, reason, digest."""
    lines = {}
    for trial in planned:
        known = outcomes.get(trial.id, {"state": "missing", "step": -1, "reason": "", "digest": ""})
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in trial.settings.items()}
        lines[trial.id] = {"cell": trial.cell, "seed": trial.seed, **known, **settings}
    trials = pd.DataFrame.from_dict(lines, orient="index")
    mine = rows["trial"].isin(trials.index)
    return Frame(trials, rows if mine.all() else rows[mine])
