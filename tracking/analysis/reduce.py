"""The third step of a curve, reduce: centre, band and counts of every point, and the values of single seeds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracking.analysis.derive import NEVER
from tracking.analysis.grouping import Selection, agreed
from tracking.analysis.series import Reader, batches, level_of
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds, once_a_trial
from tracking.analysis.statistics.bands import centre_and_band

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

MAX_THIN = 60  # thin lines of single seeds, and no more than MAX_SEEDS of one line: more would hide the curves
MAX_SEEDS = 10


class Reduced(NamedTuple):
    """What was read of a curve.

    series: one line per combination of layer, split and at, in drawing order: series (its number), split, layer, at,
        legend.
    points: key, series, n (finite values), not_finite, not_reached, centre, low, high, step where every step is a
        point, and x where it depends on the step.
    finished: key, series, finished: how many finished trials have a value.
    values: trial, seed, key, series, step, value, and x where it depends on the step; none of too many seeds, if asked.
    """

    series: "pd.DataFrame"
    points: "pd.DataFrame"
    finished: "pd.DataFrame"
    values: "pd.DataFrame"


def reduce(selection: Selection, curve: Curve, few: bool) -> Reduced:
    """Reads all values of a curve. `few`: keep those of single seeds only where a figure can show them.

    Raises Refused for what is not recorded.
    """
    import pandas as pd

    level = level_of(selection.frame, curve)
    reader, kept = Reader(curve, selection.stepwise, level), _Seeds(selection.cells.set_index("key")["group"], few)
    keys = ["key", "series", *(["step"] if "every" in curve.steps else [])]
    points, finished = [], []
    for batch in batches(selection.frame, curve.steps != ("last",) or once_a_trial(curve.y)):
        values = reader.values(batch)
        points.append(_points(values, keys, curve, selection.stepwise))
        trials = values[["key", "series", "place"]].drop_duplicates()
        finished.append(trials.groupby(["key", "series"]).size().rename("finished").reset_index())
        kept.add(values, trials, batch)
    series, number = reader.series(selection.frame)
    tables = (pd.concat(parts, ignore_index=True) for parts in (points, finished, kept.values))
    return Reduced(series, *(t[t["series"].isin(number)].assign(series=t["series"].map(number)) for t in tables))


def _points(values: "pd.DataFrame", keys: list[str], curve: Curve, stepwise: bool) -> "pd.DataFrame":
    """Centre and band of the finite values of each point, and the counts of the others."""
    import pandas as pd

    finite, never = np.isfinite(values["value"]), values["step"] == NEVER
    by = [values[key] for key in keys]
    others = {"not_finite": ~finite & ~never, "not_reached": never}
    counted = pd.DataFrame({what: mask.groupby(by).sum() for what, mask in others.items()}).reset_index()
    found = centre_and_band(values[finite], keys, curve.centre, curve.band, bounds(curve.y))
    whole: pd.DataFrame = counted.merge(found, on=keys, how="left")
    return whole.merge(agreed(values, keys, curve), on=keys, how="left") if stepwise else whole


class _Seeds:
    """The values of single seeds; where only few are wanted, as long as a figure can show them."""

    def __init__(self, group: "pd.Series[int]", few: bool) -> None:
        self.group, self.few, self.seeds = group, few, dict[tuple[int, int], set[int]]()
        self.values: list[pd.DataFrame] = []
        self.many = False

    def add(self, values: "pd.DataFrame", trials: "pd.DataFrame", frame: "Frame") -> None:
        """`trials`: the different key, series and place of the values."""
        seeds = frame.trials["seed"].to_numpy()
        if self.few:
            self._count(trials.assign(group=trials["key"].map(self.group), seed=seeds[trials["place"]]))
        if self.many:
            self.values = [one.head(0) for one in self.values[:1]]
            values = values.head(0)
        place = values["place"].to_numpy()
        self.values.append(values.assign(trial=frame.trials.index[place].astype(object), seed=seeds[place]))

    def _count(self, lines: "pd.DataFrame") -> None:
        for group, series, seed in lines[["group", "series", "seed"]].drop_duplicates().to_numpy().tolist():
            self.seeds.setdefault((group, series), set()).add(seed)
        self.many |= _too_many([len(s) for s in self.seeds.values()])


def few_enough(values: "pd.DataFrame") -> bool:
    """Whether a figure can show the values of all single seeds; columns line and seed."""
    return not _too_many(values.groupby("line")["seed"].nunique().tolist())


def _too_many(seeds: Sequence[int]) -> bool:
    """`seeds`: how many each line has."""
    return sum(seeds) > MAX_THIN or max(seeds, default=0) > MAX_SEEDS
