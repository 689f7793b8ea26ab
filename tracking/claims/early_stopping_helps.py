"""Overfitting over iterations: a measure on the test split is worse at the last step than at the best one.

Of noisy values the smallest is below their mean, so that the best step of a trial always looks better than its last.
Therefore half of the seeds of a cell, those with the smaller numbers, choose the step that is best in their mean, and
the others are judged there: without overfitting their last values are, on average, no worse than those at that step.
"""

import functools
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The last value minus that at the step that the first half of the seeds chooses, averaged over the second half."""

    name: Literal["early_stopping_helps"] = "early_stopping_helps"
    y: str = Field("risk", description="The measure that gets worse, on the test split.")
    by: float = Field(0.0, ge=0, description="What the difference must exceed, in units of y.")
    from_step: int = Field(1, ge=0, description="The first step that counts: before the first, nothing is learned.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test", at="every")}, per="cell")

    def tested(self) -> str:
        return f"Test {self.y} at the last step is more than {self.by:g} above that at the best one: training overfits."

    def criterion(self) -> str:
        return (
            f"the 95 % interval (Student) of the last test {self.y} minus that at the step that is best for the first "
            f"half of the seeds, over the other seeds, is above {self.by:g} in every cell"
        )

    def judge(self, line: Line) -> Finding:
        """Steps that all seeds have are compared."""
        (cell,) = line.cells
        series = [run.series["y"].since(self.from_step) for run in cell.runs]
        shared = functools.reduce(np.intersect1d, (one.steps for one in series))
        if len(shared) < 2 or len(series) < 3:
            return lacking("three seeds with two steps in common", seeds=len(series), steps=len(shared))
        values = np.array([one.values[np.isin(one.steps, shared)] for one in series])
        choosing, judged = np.split(values, [len(values) // 2])
        best = int(np.argmin(choosing.mean(axis=0)))
        worse = mean_of(judged[:, -1] - judged[:, best])
        numbers: Evidence = {"worse_by": worse.mean, "interval": worse.interval, "best_step": float(shared[best])}
        return Finding(worse.above(self.by), {**numbers, "last": float(judged[:, -1].mean())})
