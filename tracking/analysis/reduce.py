"""The third step of a curve, reduce: centre, band and counts of every point, and the values of single seeds."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tracking.analysis.derive import NEVER
from tracking.analysis.grouping import Selection, agreed
from tracking.analysis.series import Reader, Which, level_of, series
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds
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


class Part(NamedTuple):
    """What one batch of trials adds to a curve: tables as in `Reduced`, with the batch's own numbers of series.

    recorded: the splits and layers that its rows have, in their order. numbers: of its series. seeds: group, series,
    seed, each once. many: whether these alone are more than a figure can show, so that it has no values.
    """

    recorded: tuple[tuple[str, str], ...]
    numbers: Mapping[Which, int]
    points: "pd.DataFrame"
    finished: "pd.DataFrame"
    seeds: "pd.DataFrame"
    values: "pd.DataFrame"
    many: bool


def reduce(selection: Selection, curve: Curve, few: bool) -> Reduced:
    """Reads all values of a curve. `few`: keep those of single seeds only where a figure can show them.

    Raises Refused for what is not recorded.
    """
    frame, groups = selection.frame, selection.cells.set_index("key")["group"]
    level = level_of(frame, curve)
    trials = frame.having(frame.trials.assign(group=frame.trials["key"].map(groups)))
    merge = _Merge(few)
    for part in frame.each(partial(_part, curve, selection.stepwise, level, few), trials.batches("key")):
        merge.add(part)
    return merge.reduced(*series(frame, curve, level, merge.recorded))


def _part(curve: Curve, stepwise: bool, level: float | None, few: bool, batch: "Frame") -> Part:
    reader = Reader(curve, stepwise, level)
    values = reader.values(batch)
    points = _points(values, ["key", "series", *(["step"] if "every" in curve.steps else [])], curve, stepwise)
    trials = values[["key", "series", "place"]].drop_duplicates()
    finished = trials.groupby(["key", "series"]).size().rename("finished").reset_index()
    place, about = trials["place"].to_numpy(), batch.trials
    lines = trials.assign(group=about["group"].to_numpy()[place], seed=about["seed"].to_numpy()[place])
    seeds = lines[["group", "series", "seed"]].drop_duplicates()
    many = few and _too_many(seeds.groupby(["group", "series"]).size().tolist())
    kept = values.head(0) if many else values
    place = kept["place"].to_numpy()
    kept = kept.assign(trial=about.index[place].astype(object), seed=about["seed"].to_numpy()[place])
    return Part(tuple(reader.recorded), reader.numbers, points, finished, seeds, kept.drop(columns="place"), many)


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


class _Merge:
    """Puts together what batches add to a curve, in their order."""

    def __init__(self, few: bool) -> None:
        self.few, self.many = few, False
        self.recorded: dict[tuple[str, str], None] = {}
        self.numbers: dict[Which, int] = {}
        self.seeds: dict[tuple[int, int], set[int]] = {}
        self.points: list[pd.DataFrame] = []
        self.finished: list[pd.DataFrame] = []
        self.values: list[pd.DataFrame] = []

    def add(self, part: Part) -> None:
        """The next batch; from now on, its series have the numbers of all batches."""
        self.recorded.update(dict.fromkeys(part.recorded))
        number = {own: self.numbers.setdefault(which, len(self.numbers)) for which, own in part.numbers.items()}
        self.points.append(_numbered(part.points, number))
        self.finished.append(_numbered(part.finished, number))
        for group, one, seed in _numbered(part.seeds, number).to_numpy().tolist():
            self.seeds.setdefault((group, one), set()).add(seed)
        self.many |= self.few and (part.many or _too_many([len(s) for s in self.seeds.values()]))
        self.values.append(_numbered(part.values, number))
        if self.many:
            self.values = [self.values[0].head(0)]

    def reduced(self, shown: "pd.DataFrame", places: Mapping[Which, int]) -> Reduced:
        """Of all batches. `shown`: the series of the curve; `places`: their numbers there."""
        import pandas as pd

        number = {own: places[which] for which, own in self.numbers.items() if which in places}
        tables = (pd.concat(parts, ignore_index=True) for parts in (self.points, self.finished, self.values))
        return Reduced(shown, *(_numbered(t[t["series"].isin(number)], number) for t in tables))


def _numbered(table: "pd.DataFrame", number: Mapping[int, int]) -> "pd.DataFrame":
    return table.assign(series=table["series"].map(number))


def few_enough(values: "pd.DataFrame") -> bool:
    """Whether a figure can show the values of all single seeds; columns line and seed."""
    return not _too_many(values.groupby("line")["seed"].nunique().tolist())


def _too_many(seeds: Sequence[int]) -> bool:
    """`seeds`: how many each line has."""
    return sum(seeds) > MAX_THIN or max(seeds, default=0) > MAX_SEEDS
