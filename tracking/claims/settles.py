"""From a given step on nothing changes: in every trial, a measure stays within a tolerance."""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The largest minus the smallest value from `after` on is compared, each trial up to its own end."""

    name: Literal["settles"] = "settles"
    y: Y = Field(description="The measure that must stay where it is.")
    split: Split = Field("", description="The split of y.")
    after: int = Field(ge=0, description="The first step that counts.")
    tolerance: float = Field(ge=0, description="How much y may vary, in its own units.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split, at="every")}, per="cell", each_trial=True)

    def tested(self) -> str:
        what = named(self.y, self.split)
        return f"From step {self.after} on {what} stays within {self.tolerance:g}, in every trial."

    def criterion(self) -> str:
        return f"the largest minus the smallest value from step {self.after} on is at most {self.tolerance:g}"

    def found(self) -> str:
        what = named(self.y, self.split)
        return (
            f"from step {self.after:,} on {what} changes by at most {{largest_change}}, over the whole training by up "
            "to {in_the_whole_run}"
        )

    def judge(self, line: Line) -> Finding:
        """Needs two recorded steps from `after` on. How much y varies in the whole run is evidence."""
        late = [run.series["y"].since(self.after).values for run in line.runs]
        fewest = min(len(values) for values in late)
        if fewest < 2:
            return lacking(f"a trial has fewer than two recorded steps from {self.after} on", steps=fewest)
        change = max(float(np.ptp(values)) for values in late)
        whole = max(float(np.ptp(run.series["y"].values)) for run in line.runs)
        numbers: Evidence = {"largest_change": change, "in_the_whole_run": whole, "steps": fewest}
        return Finding(said(change <= self.tolerance, self.tolerance - change), numbers)
