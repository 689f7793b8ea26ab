"""One reading of a curve's values, some cells at a time: centre and band of every point, and the values of few seeds.

Only what a batch of cells needs is in memory at once, so that 10^8 rows need no more of it than 10^6.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tracking.analysis.bands import centre_and_band
from tracking.analysis.curve_spec import Curve
from tracking.analysis.grouping import Prepared, agreed, words
from tracking.analysis.intervals import bounds_of
from tracking.common.errors import Refused
from tracking.common.plugins import unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame, Line

BATCH = 1_000_000  # values of each split and layer that are in memory at once, and those of one cell in any case
MAX_THIN = 60  # thin lines of single seeds, and no more than MAX_SEEDS of one line: more would hide the curves
MAX_SEEDS = 10
SPLITS = ("train", "test", "")

Which = tuple[str, str, str]  # split, layer, at


class Reduced(NamedTuple):
    """What was read of a curve.

    series: one line per combination of layer, split and at, in drawing order: series (its number), split, layer, at,
        legend.
    points: key, series, n, centre, low, high, step where every step is a point, and x where it depends on the step.
    used: key, series, used: how many trials have a value.
    values: trial, seed, key, series, step, value, and x where it depends on the step; none of too many seeds.
    """

    series: "pd.DataFrame"
    points: "pd.DataFrame"
    used: "pd.DataFrame"
    values: "pd.DataFrame"


def reduced(p: Prepared, curve: "Curve") -> Reduced:
    """Reads all values of a curve. Raises Refused for what is not recorded."""
    import pandas as pd

    reading, few = _Reading(curve, p.stepwise), _Few(p.cells.set_index("key")["group"])
    keys = ["key", "series", *(["step"] if "every" in curve.steps else [])]
    points, used = [], []
    for batch in _batches(p.frame, "every" in curve.steps):
        values = reading.values(batch)
        found = centre_and_band(values, keys, curve.centre, curve.band, bounds_of(curve.y))
        points.append(found.merge(agreed(values, keys, curve), on=keys, how="left") if p.stepwise else found)
        trials = values[["key", "series", "place"]].drop_duplicates()
        used.append(trials.groupby(["key", "series"]).size().rename("used").reset_index())
        few.add(values, trials, batch)
    series, number = reading.series(p.frame)
    tables = (pd.concat(parts, ignore_index=True) for parts in (points, used, few.values))
    return Reduced(series, *(t[t["series"].isin(number)].assign(series=t["series"].map(number)) for t in tables))


def _batches(frame: "Frame", every: bool) -> "Iterator[Frame]":
    """The trials of some cells after those of others; all of those of a cell together."""
    size = frame.trials["step"].clip(lower=0) + 1 if every else frame.trials["step"] * 0 + 1
    cells = size.groupby(frame.trials["key"]).sum()
    batch = (cells.cumsum() - cells) // BATCH
    for _, trials in frame.trials.groupby(frame.trials["key"].map(batch)):
        yield frame.having(trials)


class _Few:
    """The values of single seeds, as long as they are so few that a figure can show them."""

    def __init__(self, group: "pd.Series[int]") -> None:
        self.group, self.seeds = group, dict[tuple[int, int], set[int]]()
        self.values: list[pd.DataFrame] = []
        self.many = False

    def add(self, values: "pd.DataFrame", trials: "pd.DataFrame", frame: "Frame") -> None:
        """`trials`: the different key, series and place of the values."""
        seeds = frame.trials["seed"].to_numpy()
        lines = trials.assign(group=trials["key"].map(self.group), seed=seeds[trials["place"]])
        for group, series, seed in lines[["group", "series", "seed"]].drop_duplicates().to_numpy().tolist():
            self.seeds.setdefault((group, series), set()).add(seed)
        numbers = [len(s) for s in self.seeds.values()]
        self.many |= sum(numbers) > MAX_THIN or max(numbers, default=0) > MAX_SEEDS
        if self.many:
            self.values = [one.head(0) for one in self.values[:1]]
            values = values.head(0)
        place = values["place"].to_numpy()
        self.values.append(values.assign(trial=frame.trials.index[place].astype(object), seed=seeds[place]))


class _Reading:
    """What a curve wants of the rows, and which splits and layers they turn out to have."""

    def __init__(self, curve: "Curve", stepwise: bool) -> None:
        self.curve, self.stepwise = curve, stepwise
        self.recorded: dict[tuple[str, str], None] = {}  # split and layer, in the order of the rows
        self.numbers: dict[Which, int] = {}

    def values(self, frame: "Frame") -> "pd.DataFrame":
        """Columns place, key, series, step, value and, where it depends on the step, x: the finite values that count,
        of finished trials."""
        import numpy as np

        from tracking.analysis.frame import joined

        finished, keys = (frame.trials["state"] == "finished").to_numpy(), frame.trials["key"].to_numpy()
        found: list[tuple[int, Line]] = []
        for part in frame.lines(self.curve.y):
            self.recorded.update(dict.fromkeys(part))
            found += self._chosen({which: line.where(finished[line.place]) for which, line in part.items()})
        whole = joined([line for _, line in found])
        series = np.repeat([n for n, _ in found], [len(line.place) for _, line in found])
        whole = whole.assign(series=series.astype(np.int64), key=keys[whole["place"]])
        if self.stepwise:
            x = frame.placed(self.curve.x, self.curve.x_split).rename(columns={"value": "x"})
            whole = whole.merge(x, on=["place", "step"], how="inner")
        finite: pd.DataFrame = whole[np.isfinite(whole["value"])]
        return finite

    def _chosen(self, part: "dict[tuple[str, str], Line]") -> "Iterator[tuple[int, Line]]":
        """Each series of a part, after its number; `part` has the rows of finished trials by split and layer."""
        layers = self._layers(part)
        for (split, layer), line in part.items():
            if layer in layers and (not self.curve.split or split in self.curve.split):
                for at in self.curve.steps:
                    number = self.numbers.setdefault((split, layer, at), len(self.numbers))
                    yield number, _at(at, line, part.get(("test", layer)))

    def _layers(self, recorded: "Iterable[tuple[str, str]]") -> list[str]:
        """The layers that are drawn, where these splits and layers are recorded."""
        layers = list(dict.fromkeys(layer for _, layer in recorded))
        return list(self.curve.layer or ([""] if "" in layers or not layers else layers))

    def series(self, frame: "Frame") -> "tuple[pd.DataFrame, dict[int, int]]":
        """The combinations of layer, split and at, in drawing order; and the number there of each number given while
        reading. Raises Refused for what is not recorded."""
        import pandas as pd

        self._refuse(frame)
        splits = {split for split, _ in self.recorded}
        shown = self.curve.split or [s for s in SPLITS if s in splits] or [""]
        every = [(s, layer, at) for layer in self._layers(self.recorded) for s in shown for at in self.curve.steps]
        series = pd.DataFrame(every, columns=["split", "layer", "at"]).assign(series=range(len(every)))
        differing = [c for c in ("layer", "split", "at") if series[c].nunique() > 1]
        legend = [", ".join(words(c, row[c]) for c in differing) for _, row in series.iterrows()]
        place = {which: i for i, which in enumerate(every)}
        return series.assign(legend=legend), {n: place[which] for which, n in self.numbers.items() if which in place}

    def _refuse(self, frame: "Frame") -> None:
        """Refuses a curve of what is not recorded, though something is."""
        name, y = self.curve.name, self.curve.y
        if not self.recorded:
            if recorded := frame.known():
                known = sorted({measure for measure, _, _ in recorded})
                raise Refused(f"curve '{name}', y: {unknown('recorded measure', y, known)}")
            return
        splits, layers = (list(dict.fromkeys(w[i] for w in self.recorded)) for i in (0, 1))
        for what, wanted, known in (("split", self.curve.split, splits), ("layer", self.curve.layer, layers)):
            for one in wanted or ():
                if one not in known:
                    raise Refused(f"curve '{name}': {y} is not recorded for {what} '{one}'; recorded: {known}")
        if "best" in self.curve.steps and "test" not in splits:
            raise Refused(f"curve '{name}': at best needs {y} on the test split; recorded: {splits}")


def _at(at: str, line: "Line", test: "Line | None") -> "Line":
    """The values at those steps: every one, each trial's last one, or the first one at which its value on the test
    split is smallest. Both are ordered."""
    import numpy as np

    if at == "every":
        return line
    if at == "last":
        return line.where(np.append(line.place[1:] != line.place[:-1], True)[: len(line.place)])
    if test is None:
        return line.where(slice(0))
    known = test.where(~np.isnan(test.value))
    smallest = known.where(np.lexsort((known.step, known.value, known.place)))
    places, first = np.unique(smallest.place, return_index=True)
    best = dict(zip(places.tolist(), smallest.step[first].tolist(), strict=True))
    return line.where(np.array([best.get(p, -1) for p in line.place.tolist()], np.int64) == line.step)
