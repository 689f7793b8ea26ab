"""The third step of a curve, reduce: centre, band and counts of every point, and the values of single seeds.

Curves of the same trials are reduced together, so that each batch of rows is read once for all of them. What is wrong
with one of them is a value beside the others.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from tracking.analysis.derive import NEVER
from tracking.analysis.grouping import Selection, agreed
from tracking.analysis.series import Reader, Which, series
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds
from tracking.analysis.statistics.bands import centre_and_band, numbered
from tracking.analysis.statistics.intervals import Bounds
from tracking.common.errors import Refused, SweepError

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

T = TypeVar("T")
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


class Wanted(NamedTuple):
    """A curve whose rows are to be read. level: the training risk of `at: matched`; None where it is not asked for."""

    curve: Curve
    selection: Selection
    level: float | None


class _Reading(NamedTuple):
    """What a batch is reduced by for one of several curves. number: of the curve. few: as in `reduce`. within: the
    bounds of y."""

    number: int
    curve: Curve
    stepwise: bool
    level: float | None
    few: bool
    within: Bounds


def reduce(wanted: Sequence[Wanted], few: bool) -> list[Reduced | Exception]:
    """All values of curves that show the same trials, or why there are none (Refused: they are not recorded). `few`:
    those of single seeds are kept only where a figure can show them.

    Raises Damaged and StorageFailed where rows cannot be read.
    """
    frame = wanted[0].selection.frame
    readings, trials = [], frame.trials
    for i, (curve, selection, level) in enumerate(wanted):
        keys = selection.frame.trials["key"]
        groups = keys.map(selection.cells.set_index("key")["group"])
        trials = trials.assign(**{f"key {i}": keys, f"group {i}": groups})
        readings.append(_Reading(i, curve, selection.stepwise, level, few, bounds(curve.y, frame.bounds)))
    merges = [_Merge(few) for _ in wanted]
    for parts in frame.having(trials).reduced(partial(_parts, readings)):
        for merge, part in zip(merges, parts, strict=True):
            merge.add(part)
    return [tried(partial(_put_together, one, merge)) for one, merge in zip(wanted, merges, strict=True)]


def tried(make: Callable[[], T]) -> T | Exception:
    """What a function returns, or raises. Damaged, StorageFailed and a lack of memory are about all curves, and are
    raised."""
    try:
        return make()
    except Refused as error:
        return error
    except (SweepError, MemoryError):
        raise
    except Exception as error:
        return error


def _put_together(wanted: Wanted, merge: "_Merge") -> Reduced:
    if merge.wrong:
        raise merge.wrong
    return merge.reduced(*series(wanted.selection.frame, wanted.curve, wanted.level, merge.recorded))


def _parts(readings: Sequence[_Reading], batch: "Frame") -> list[Part | Exception]:
    return [tried(partial(_part, one, batch)) for one in readings]


def _part(reading: _Reading, batch: "Frame") -> Part:
    import pandas as pd

    number, curve, stepwise, level, few, within = reading
    columns = {f"{name} {number}": name for name in ("key", "group")}
    batch = batch.having(batch.trials[[*columns, "seed", "state"]].rename(columns=columns))
    reader = Reader(curve, stepwise, level)
    values = _by_seed(reader.values(batch), batch)
    points = _points(values, ["key", "series", *(["step"] if "every" in curve.steps else [])], curve, stepwise, within)
    of_each = values["series"].to_numpy() * len(batch.trials) + values["place"].to_numpy()
    one, place = np.divmod(pd.unique(of_each), max(len(batch.trials), 1))
    about = batch.trials
    lines = pd.DataFrame({name: about[name].to_numpy()[place] for name in ("key", "group", "seed")}).assign(series=one)
    finished = lines.groupby(["key", "series"]).size().rename("finished").reset_index()
    seeds = lines[["group", "series", "seed"]].drop_duplicates()
    many = few and _too_many(seeds.groupby(["group", "series"]).size().tolist())
    kept = values.head(0) if many else values
    place = kept["place"].to_numpy()
    kept = kept.assign(trial=about.index[place].astype(object), seed=about["seed"].to_numpy()[place])
    return Part(tuple(reader.recorded), reader.numbers, points, finished, seeds, kept.drop(columns="place"), many)


def _by_seed(values: "pd.DataFrame", batch: "Frame") -> "pd.DataFrame":
    """The values in the order of the seeds: in whatever bundles the trials were run, sums add up in the same order."""
    seeds = batch.trials["seed"].to_numpy()[values["place"]]
    return values.take(np.argsort(seeds, kind="stable"))


def _points(values: "pd.DataFrame", keys: list[str], curve: Curve, stepwise: bool, within: Bounds) -> "pd.DataFrame":
    """Centre and band of the finite values of each point, and the counts of the others."""
    group, whole = numbered(values, keys)
    finite, never = np.isfinite(values["value"].to_numpy()), (values["step"] == NEVER).to_numpy()
    whole["not_finite"] = np.bincount(group[~finite & ~never], minlength=len(whole))
    whole["not_reached"] = np.bincount(group[never], minlength=len(whole))
    found = centre_and_band(values["value"].to_numpy()[finite], group[finite], curve.centre, curve.band, within)
    whole = whole.join(found)
    return whole.merge(agreed(values, keys, curve), on=keys, how="left") if stepwise else whole


class _Merge:
    """Puts together what batches add to a curve, in their order."""

    def __init__(self, few: bool) -> None:
        self.few, self.many = few, False
        self.wrong: Exception | None = None  # the first
        self.recorded: dict[tuple[str, str], None] = {}
        self.numbers: dict[Which, int] = {}
        self.seeds: dict[tuple[int, int], set[int]] = {}
        self.points: list[pd.DataFrame] = []
        self.finished: list[pd.DataFrame] = []
        self.values: list[pd.DataFrame] = []

    def add(self, part: Part | Exception) -> None:
        """The next batch; from now on, its series have the numbers of all batches."""
        if isinstance(part, Exception):
            self.wrong = self.wrong or part
            return
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
