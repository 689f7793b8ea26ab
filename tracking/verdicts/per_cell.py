"""A claim on single trials judged cell by cell: what `tracking.verdicts.verify.each_line` is for claims on curves.

M trials, T recorded steps.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.grouping import words
from tracking.common.errors import Refused
from tracking.common.plugins import unknown
from tracking.verdicts.verify import Evidence, Finding, Judged, varied

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


SHOWN = 4  # cells whose numbers are evidence


class Table(NamedTuple):
    """One measure of several trials. trials: their ids [M]. steps [T], ascending. values [M, T], NaN where none is."""

    trials: list[str]
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def since(self, step: int) -> NDArray[np.float64]:
        """The values from a step on, [M, fewer]."""
        return self.values[:, self.steps >= step]

    def at(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """The values at those of the steps that are recorded, [M, fewer]."""
        return self.values[:, np.isin(self.steps, steps)]


def table(frame: "Frame", measure: str, split: str = "", layer: str = "") -> Table:
    """A measure of all trials of the frame. Raises Refused where it is not recorded."""
    found = frame.values(measure, split, layer)
    if found.empty:
        known = sorted(" ".join(filter(None, one)) for one in frame.known())
        raise Refused(unknown("recorded measure", " ".join(filter(None, (measure, split, layer))), known))
    wide = found.astype({"trial": str}).pivot(index="trial", columns="step", values="value")
    return Table([str(id) for id in wide.index], wide.columns.to_numpy(dtype=np.int64), wide.to_numpy(dtype=np.float64))


def each_cell(frame: "Frame", check: Callable[["Frame"], Judged]) -> Judged:
    """Judges every cell (the trials that differ only in their seed) on its own.

    One cell that fails makes the claim fail, and one without enough data leaves it open. With several cells, the
    evidence names the cell by the settings that vary; of more than `SHOWN`, it counts them and shows those that decide.
    """
    axes, judged = varied(frame), {}
    for _, trials in frame.trials.groupby("cell", sort=False):
        name = ", ".join(words(axis, trials[axis].iloc[0]) for axis in axes)
        judged[name] = check(frame.only(trials.index))
    findings = [finding for finding, _ in judged.values()]
    worst: Finding = next((f for f in ("fails", "not enough data") if f in findings), "holds")
    if len(judged) == 1:
        return worst, next(iter(judged.values()))[1]
    counts: Evidence = {"cells": len(judged), worst: findings.count(worst)} if len(judged) > SHOWN else {}
    deciding = [name for name, (finding, _) in judged.items() if not counts or finding == worst][:SHOWN]
    both = {name: {"verdict": judged[name][0], **judged[name][1]} for name in deciding}
    named = {f"{name}: {k}": v for name, evidence in both.items() for k, v in evidence.items()}
    return (worst if judged else "not enough data"), {**counts, **named}


def standard_error(values: NDArray[np.float64]) -> float:
    """Of the mean of values [M], M >= 2; exactly 0 where all are the same."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if np.ptp(values) else 0.0
