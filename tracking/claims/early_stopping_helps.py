"""Overfitting over iterations: a measure on the test split is worse at the last step than at the best one.

Of noisy values the smallest is below their mean, so that the best step of a trial always looks better than its last.
Therefore each trial is judged at the step that is best in the mean of the other seeds of its cell: without overfitting
its last value is, on average, no worse than its value there.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The last value of each trial minus that at the step chosen by the other seeds is averaged over a cell."""

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
            "the 95 % interval (Student) of the last y of a trial minus its y at the step that is best for the other "
            f"seeds is above {self.by:g}, in every cell"
        )

    def judge(self, line: Line) -> Finding:
        """Steps that all seeds have are compared."""
        series = [run.series["y"].since(self.from_step) for run in line.runs]
        shared = series[0].steps
        for one in series:
            shared = np.intersect1d(shared, one.steps)
        if len(shared) < 2 or len(series) < 2:
            return lacking("two seeds with two steps in common", seeds=len(series), steps=len(shared))
        values = np.array([one.values[np.isin(one.steps, shared)] for one in series])
        others = [np.delete(values, i, axis=0).mean(axis=0) for i in range(len(values))]
        best = [int(np.argmin(mean)) for mean in others]
        worse = mean_of(np.array([own[-1] - own[step] for own, step in zip(values, best, strict=True)]))
        numbers: Evidence = {
            "worse_by": worse.mean,
            "interval": worse.interval,
            "best_steps": [float(shared[i]) for i in best],
        }
        return Finding(worse.above(self.by), {**numbers, "last": float(values[:, -1].mean())})
