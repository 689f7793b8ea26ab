"""Which step of every trial a curve shows: first, last, best, a given one, or the one of equal training risk."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracking.analysis.derive import NEVER, first, last
from tracking.analysis.equal_risk import at_crossing, crossing
from tracking.analysis.specs.curve_spec import At

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame, Line

DECIDE = ("error", "risk")  # on the test split, where y has none: what tells the best step, the first that is recorded


class Moments:
    """Chooses steps of the trials of a frame. level: the training risk of `matched`; None where it is not asked for."""

    def __init__(self, frame: "Frame", level: float | None) -> None:
        self.frame, self.level = frame, level

    def chosen(self, at: At, line: "Line", test: "Line | None" = None) -> "Line":
        """The values of a line at a step of each trial. A trial that does not have the step has NaN at NEVER.

        test: the line on the test split, which decides what is best; error or risk decide where there is none.
        """
        if at == "every":
            return line
        if at in ("first", "last"):
            return first(line) if at == "first" else last(line)
        if at == "matched":
            return self._matched(line)
        return _at_steps(line, self._best(test) if at == "best" else {}, None if at == "best" else int(at))

    def _best(self, test: "Line | None") -> dict[int, int]:
        """The first step of each trial at which its value is smallest, by place."""
        decides = self._deciding if test is None else test
        smallest = decides.where(np.lexsort((decides.step, decides.value, decides.place)))  # NaN comes last
        there = first(smallest)
        return dict(zip(there.place.tolist(), there.step.tolist(), strict=True))

    @cached_property
    def _deciding(self) -> "Line":
        from tracking.analysis.frame import Line

        for measure in DECIDE:
            found = self.frame.placed(measure, "test")
            if len(found):
                break
        return Line(*(found[column].to_numpy() for column in ("place", "step", "value")))

    @cached_property
    def _risk(self) -> "dict[int, pd.DataFrame]":
        found = self.frame.placed("risk", "train")
        ends = np.flatnonzero(np.diff(found["place"])) + 1
        bounds = zip([0, *ends.tolist()], [*ends.tolist(), len(found)], strict=True)
        return {int(found["place"].iloc[start]): found.iloc[start:end] for start, end in bounds if end > start}

    def _matched(self, line: "Line") -> "Line":
        """Every trial where its training risk first falls to the level, at the recorded step that reaches it."""
        from tracking.analysis.frame import Line

        assert self.level is not None
        ends = last(line)
        steps, values = np.full(len(ends.place), NEVER, np.int64), np.full(len(ends.place), np.nan)
        bounds = np.searchsorted(line.place, ends.place), np.searchsorted(line.place, ends.place, "right")
        for i, (place, start, end) in enumerate(zip(ends.place.tolist(), *map(np.ndarray.tolist, bounds), strict=True)):
            risk = self._risk.get(place)
            there = None if risk is None else crossing(risk["step"].to_numpy(), risk["value"].to_numpy(), self.level)
            value = None if there is None else at_crossing(line.step[start:end], line.value[start:end], there)
            if there is not None and value is not None:
                steps[i], values[i] = there.now, value
        return Line(ends.place, steps, values)


def _at_steps(line: "Line", steps: dict[int, int], alike: int | None) -> "Line":
    """The values at the step of each trial, by place, or at the same step of all."""
    from tracking.analysis.frame import Line

    ends = last(line)
    of_each = np.array([steps.get(p, -2) if alike is None else alike for p in ends.place.tolist()], np.int64)
    there = line.where(of_each[np.searchsorted(ends.place, line.place)] == line.step)
    lacking = ends.place[~np.isin(ends.place, there.place)] if alike is not None else ends.place[:0]
    never = np.full(len(lacking), NEVER, np.int64), np.full(len(lacking), np.nan)
    return Line(*(np.concatenate(part) for part in zip(there, (lacking, *never), strict=True))).ordered()


def lowest_common_risk(frame: "Frame") -> float | None:
    """The lowest training risk that all finished trials with finite risks reach; None where none is recorded."""
    finished = frame.only(frame.trials["state"] == "finished")
    return max((risk for risk in finished.reduced(_lowest_common_risk) if risk is not None), default=None)


def _lowest_common_risk(frame: "Frame") -> float | None:
    found = frame.placed("risk", "train")
    found = found[np.isfinite(found["value"])]
    return float(found.groupby("place")["value"].min().max()) if len(found) else None
