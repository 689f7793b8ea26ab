"""The second step of a curve, series: the values of finished trials for every split, layer and kind of step it shows.

Only what a batch of cells needs is in memory at once, so that 10^8 rows need no more of it than 10^6.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.curve_spec import At, Curve
from tracking.analysis.values import words
from tracking.common.errors import Refused
from tracking.common.plugins import unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame, Line

BATCH = 1_000_000  # values of each split and layer that are in memory at once, and those of one cell in any case
SPLITS = ("train", "test", "")

Which = tuple[str, str, str]  # split, layer, at


def batches(frame: "Frame", every: bool) -> "Iterator[Frame]":
    """The trials of some cells after those of others; all of those of a cell together."""
    size = frame.trials["step"].clip(lower=0) + 1 if every else frame.trials["step"] * 0 + 1
    cells = size.groupby(frame.trials["key"]).sum()
    batch = (cells.cumsum() - cells) // BATCH
    for _, trials in frame.trials.groupby(frame.trials["key"].map(batch)):
        yield frame.having(trials)


class Reader:
    """Reads what a curve wants of the rows, and remembers which splits and layers they turned out to have."""

    def __init__(self, curve: Curve, stepwise: bool) -> None:
        self.curve, self.stepwise = curve, stepwise
        self.recorded: dict[tuple[str, str], None] = {}  # split and layer, in the order of the rows
        self.numbers: dict[Which, int] = {}

    def values(self, frame: "Frame") -> "pd.DataFrame":
        """Columns place, key, series (its number), step, value and, where it depends on the step, x: what finished
        trials have, infinite values and NaN included."""
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
        return whole

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
        """The combinations of layer, split and at, in drawing order: columns split, layer, at, series, legend; and the
        number there of each number given while reading. Raises Refused for what is not recorded."""
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


def _at(at: At, line: "Line", test: "Line | None") -> "Line":
    """The values at those steps: every one, each trial's last one, or the first one at which its value on the test
    split is smallest. Both are ordered."""
    if at == "every":
        return line
    if at == "last":
        return line.where(np.append(line.place[1:] != line.place[:-1], True)[: len(line.place)])
    if test is None:
        return line.where(slice(0))
    smallest = test.where(np.lexsort((test.step, test.value, test.place)))  # NaN comes last
    places, first = np.unique(smallest.place, return_index=True)
    best = dict(zip(places.tolist(), smallest.step[first].tolist(), strict=True))
    return line.where(np.array([best.get(p, -1) for p in line.place.tolist()], np.int64) == line.step)
