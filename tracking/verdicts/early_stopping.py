"""The last step of a training against its best one, without the advantage of having been chosen.

Of noisy values the smallest is below their mean, so that the best step of a trial always looks better than its last.
Therefore half of the seeds of a cell, those with the smaller numbers, choose the step that is best in their mean, and
the others are judged there: without overfitting their last values are, on average, no worse than those at that step.
"""

import functools
from typing import NamedTuple

import numpy as np

from tracking.verdicts.estimate import Estimate, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell


class LastAgainstBest(NamedTuple):
    """worse: the last value minus that at the best step, over the seeds that are judged. last: the mean of the last
    value over these."""

    worse: Estimate
    best_step: int
    last: float

    @property
    def evidence(self) -> Evidence:
        numbers: Evidence = {"worse_by": self.worse.mean, "interval": self.worse.interval}
        return {**numbers, "best_step": float(self.best_step), "last": self.last}


def last_against_best(cell: Cell, name: str, from_step: int) -> LastAgainstBest | Finding:
    """Of a measure, recorded at every step, over the steps that all seeds have from `from_step` on; not enough data
    where there are fewer than three seeds or two such steps."""
    series = [run.series[name].since(from_step) for run in cell.runs]
    shared = functools.reduce(np.intersect1d, (one.steps for one in series))
    if len(shared) < 2 or len(series) < 3:
        return lacking("there are not three seeds with two steps in common", seeds=len(series), steps=len(shared))
    values = np.array([one.values[np.isin(one.steps, shared)] for one in series])
    choosing, judged = np.split(values, [len(values) // 2])
    best = int(np.argmin(choosing.mean(axis=0)))
    worse = mean_of(judged[:, -1] - judged[:, best])
    return LastAgainstBest(worse, int(shared[best]), float(judged[:, -1].mean()))
