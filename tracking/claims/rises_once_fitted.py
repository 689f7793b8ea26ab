"""A measure rises at every recorded step from the first one with training error 0: slow growth without perturbation."""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Numbers, Run


class Settings(Claim):
    """Every trial counts. With batch norm the norms of the convolutions stay as they are, whatever the memo says."""

    name: Literal["rises_once_fitted"] = "rises_once_fitted"
    y: Y = Field("norm", description="The measure that must rise.")
    split: Split = Field("", description="The split of y.")
    fitted: float = Field(0.0, ge=0, description="The training error that counts as fitted.")
    steps: int = Field(2, ge=2, description="Recorded steps from there on that every trial needs.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, self.split, at="every"), "error": Measured("error", "train", at="every")}
        return Needs(measures, per="cell", each_trial=True)

    def tested(self) -> str:
        return f"Once the training error is {self.fitted:g}, {self.y} rises at every recorded step."

    def criterion(self) -> str:
        return "every difference between recorded steps from there on is above 0, in every trial"

    def found(self) -> str:
        return (
            f"once the training set is fitted, {named(self.y, self.split)} rises at {{rises}} of {{steps}} recorded "
            "steps; its smallest rise is {smallest_rise}; "
            "to the last step it grows by a factor of up to {largest_growth}"
        )

    def judge(self, line: Line) -> Finding:
        late = [self._late(run) for run in line.runs]
        shortest = min(len(values) for values in late)
        if shortest < self.steps:
            return lacking(
                f"a trial has fewer than {count_of(self.steps, 'recorded step')} once fitted", steps=shortest
            )
        rises = np.concatenate([np.diff(values) for values in late])
        smallest = float(rises.min())
        growths = [float(values[-1] / values[0]) for values in late if values[0] != 0]
        numbers: Evidence = {"rises": int((rises > 0).sum()), "steps": len(rises), "smallest_rise": smallest}
        return Finding(said(smallest > 0, smallest), {**numbers, "largest_growth": max(growths, default=0.0)})

    def _late(self, run: Run) -> Numbers:
        fitted = run.series["error"].first_at_most(self.fitted)
        return np.empty(0) if fitted is None else run.series["y"].since(fitted).values
