"""The second step of a curve, series: the values of finished trials for every split, layer and kind of step it shows.

Only what a batch of cells needs is in memory at once, so that 10^8 rows need no more of it than 10^6.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.derive import NEVER, lines
from tracking.analysis.moments import DECIDE, Moments, lowest_common_risk
from tracking.analysis.specs.curve_spec import At, Curve
from tracking.analysis.specs.quantity import measures_of
from tracking.analysis.values import words
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame, Line

SPLITS = ("train", "test", "")

Which = tuple[str, str, At]  # split, layer, at


class Reader:
    """Reads what a curve wants of the rows of one batch, and remembers which splits and layers they have."""

    def __init__(self, curve: Curve, stepwise: bool, level: float | None) -> None:
        """`level`: the training risk of `at: matched`."""
        self.curve, self.stepwise, self.level = curve, stepwise, level
        self.recorded: dict[tuple[str, str], None] = {}  # split and layer, in the order of the rows
        self.numbers: dict[Which, int] = {}

    def values(self, frame: "Frame") -> "pd.DataFrame":
        """Columns place, key, series (its number), step, value and, where it depends on the step, x: what finished
        trials have, infinite values and NaN included, and NaN at the step NEVER of those that do not have the step."""
        import pandas as pd

        finished, keys = (frame.trials["state"] == "finished").to_numpy(), frame.trials["key"].to_numpy()
        moments = Moments(frame, self.level)
        found: dict[At, list[tuple[int, Line]]] = {at: [] for at in self.curve.steps}
        for part in lines(frame, self.curve.y):
            self.recorded.update(dict.fromkeys(part))
            there = {which: line.where(finished[line.place]) for which, line in part.items()}
            for at, number, line in self._chosen(there, moments):
                found[at].append((number, line))
        tables = [self._with_x(_joined(part), at, frame, moments) for at, part in found.items()]
        whole = pd.concat(tables, ignore_index=True)
        return whole.assign(key=keys[whole["place"]])

    def _with_x(self, table: "pd.DataFrame", at: At, frame: "Frame", moments: Moments) -> "pd.DataFrame":
        """With x at the same step, where it depends on that."""
        from tracking.analysis.frame import Line

        if not self.stepwise:
            return table
        x = frame.placed(self.curve.x, self.curve.x_split).rename(columns={"value": "x"})
        if at == "matched":
            matched = moments.chosen(at, Line(*(x[c].to_numpy() for c in ("place", "step", "x"))))
            x = x.head(0).assign(place=matched.place, step=matched.step, x=matched.value) if len(x) else x
        both = table.merge(x, on=["place", "step"], how="left")
        return both[both["x"].notna() | (both["step"] == NEVER)]

    def _chosen(self, part: "dict[tuple[str, str], Line]", moments: Moments) -> "Iterator[tuple[At, int, Line]]":
        """Each series of a part, after its step and its number; `part` has the rows of finished trials by split and
        layer."""
        layers = _layers(self.curve, part)
        for (split, layer), line in part.items():
            if layer in layers and (not self.curve.split or split in self.curve.split):
                for at in self.curve.steps:
                    number = self.numbers.setdefault((split, layer, at), len(self.numbers))
                    yield at, number, moments.chosen(at, line, part.get(("test", layer)))


def series(
    frame: "Frame", curve: Curve, level: float | None, recorded: Collection[tuple[str, str]]
) -> "tuple[pd.DataFrame, Mapping[Which, int]]":
    """The combinations of layer, split and at, in drawing order: columns split, layer, at, series, legend; and the
    number of each. `recorded`: the splits and layers of all batches. Raises Refused for what is not recorded."""
    import pandas as pd

    _refuse(frame, curve, recorded)
    splits = {split for split, _ in recorded}
    shown = curve.split or [s for s in SPLITS if s in splits] or [""]
    every = [(s, layer, at) for layer in _layers(curve, recorded) for s in shown for at in curve.steps]
    found = pd.DataFrame(every, columns=["split", "layer", "at"]).assign(series=range(len(every)))
    found["at"] = [at if at != "matched" else f"risk {level:.4g}" for at in found["at"].map(str)]
    differing = [c for c in ("layer", "split", "at") if found[c].nunique() > 1]
    legend = [", ".join(words(c, row[c]) for c in differing) for _, row in found.iterrows()]
    return found.assign(legend=legend), {which: i for i, which in enumerate(every)}


def _layers(curve: Curve, recorded: "Iterable[tuple[str, str]]") -> list[str]:
    """The layers that are drawn, where these splits and layers are recorded."""
    layers = list(dict.fromkeys(layer for _, layer in recorded))
    return list(curve.layer or ([""] if "" in layers or not layers else layers))


def _refuse(frame: "Frame", curve: Curve, recorded: Collection[tuple[str, str]]) -> None:
    """Refuses a curve of what is not recorded, though something is."""
    name, y = curve.name, curve.y
    splits, layers = (list(dict.fromkeys(w[i] for w in recorded)) for i in (0, 1))
    undecided = "best" in curve.steps and "test" not in splits
    everything = frame.known() if not recorded or undecided else []  # which reads all rows
    known = sorted({measure for measure, _, _ in everything})
    if not recorded:
        lacking = [one for one in measures_of(y) if one not in known]
        if known and lacking:
            raise Refused(f"curve '{name}', y: {unknown('recorded measure', lacking[0], known)}")
        if known:
            raise Refused(f"curve '{name}', y: what {y} is made of is not recorded on the same split and layer")
        return
    for what, wanted, there in (("split", curve.split, splits), ("layer", curve.layer, layers)):
        for one in wanted or ():
            if one not in there:
                raise Refused(f"curve '{name}': {y} is not recorded for {what} '{one}'; recorded: {there}")
    decide = {measure for measure, split, _ in everything if split == "test"} & {*DECIDE}
    if undecided and not decide:
        raise Refused(f"curve '{name}': at best needs {y}, error or risk on the test split; recorded: {splits}")


def level_of(frame: "Frame", curve: Curve) -> float | None:
    """The training risk at which trials are matched; None where they are not. Raises Refused where none is recorded."""
    if "matched" not in curve.steps:
        return None
    level = curve.matched_risk or lowest_common_risk(frame)
    if level is None and frame.known():
        raise Refused(f"curve '{curve.name}': at matched needs risk on the training split, which is not recorded")
    return level or 0.0


def _joined(found: "list[tuple[int, Line]]") -> "pd.DataFrame":
    """Columns place, step, value and series, which is its number."""
    from tracking.analysis.frame import joined

    series = np.repeat([n for n, _ in found], [len(line.place) for _, line in found])
    return joined([line for _, line in found]).assign(series=series.astype(np.int64))
