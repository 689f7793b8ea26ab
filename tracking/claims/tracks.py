"""A measure rises to a bound and stays at it: the largest eigenvalue of the Hessian at 2 / learning rate.

Cohen et al. (2021), Section 3, the edge of stability. Below 2 / rate gradient descent on a quadratic is stable.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Run


class Settings(Claim):
    """The median of y over the late steps of each trial is compared with the bound; it hovers, so no single step is."""

    name: Literal["tracks"] = "tracks"
    y: Y = Field(description="The measure that rises to the bound.")
    split: Split = Field("", description="The split of y.")
    bound: float = Field(gt=0, description="The bound, or what is divided by `over`.")
    over: str = Field("", description="A setting that the bound is divided by in each trial; by none if absent.")
    tolerance: float = Field(0.1, gt=0, description="How far from the bound y may be, as a share of the bound.")
    late: float = Field(0.5, ge=0, lt=1, description="From which share of the steps on.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split, at="every")}, per="cell", each_trial=True)

    def tested(self) -> str:
        over = f" / {self.over}" if self.over else ""
        return (
            f"In every trial {named(self.y, self.split)} begins below {self.bound:g}{over} and is within "
            f"{self.tolerance:g} of it late in training."
        )

    def criterion(self) -> str:
        return (
            f"the median of {named(self.y, self.split)} over the recorded steps from {self.late:g} of all on is within "
            f"{self.tolerance:g} x the bound of the bound, in every trial"
        )

    def found(self) -> str:
        return (
            f"the median of {named(self.y, self.split)} over {{steps}} late steps is from {{smallest_of_bound}} to "
            "{largest_of_bound} times the bound"
        )

    def judge(self, line: Line) -> Finding:
        """Needs five late steps, and a first value that is not yet within the tolerance."""
        ratios, late = [], []
        for run in line.runs:
            series, bound = run.series["y"], self._bound(run)
            values = series.since(int(self.late * series.steps[-1])).values / bound
            late.append(len(values))
            ratios.append(float(np.median(values)))
            if series.values[0] >= bound * (1 - self.tolerance):
                return lacking("a trial begins at the bound, or above it", first=float(series.values[0]), bound=bound)
        if min(late) < 5:
            return lacking("a trial has fewer than five late steps", steps=min(late))
        off = max(abs(ratio - 1) for ratio in ratios)
        numbers: Evidence = {"smallest_of_bound": min(ratios), "largest_of_bound": max(ratios), "steps": min(late)}
        return Finding(
            said(off <= self.tolerance, self.tolerance - off), {**numbers, "bound": self._bound(line.runs[0])}
        )

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        if self.over and any(not isinstance(trial.get(self.over), (int, float)) for trial in trials):
            yield f"over: '{self.over}' is no number in every trial"

    def _bound(self, run: Run) -> float:
        return self.bound / run.number(self.over) if self.over else self.bound
