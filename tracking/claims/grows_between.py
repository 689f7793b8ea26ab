"""A measure grows from one step to the last: by more than chance explains, seed by seed.

With too few seeds to tell, it says so, and which growth they could show: "not enough data" is not "no growth".
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of, rounding
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The difference is taken within each trial, then averaged over the seeds of a cell."""

    name: Literal["grows_between"] = "grows_between"
    y: Y = Field(description="The measure that must grow.")
    split: Split = Field("test", description="The split of y.")
    since: int = Field(ge=0, description="The step that the last one is compared with; if not recorded, the next one.")
    growth: float = Field(0.0, ge=0, description="What the mean growth must exceed, in units of y.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split, at="every")}, per="cell")

    def tested(self) -> str:
        what = named(self.y, self.split)
        return f"From step {self.since} to the last {what} grows by more than {self.growth:g}."

    def criterion(self) -> str:
        return f"the 95 % interval (Student) of the mean growth of a trial is above {self.growth:g}"

    def found(self) -> str:
        return (
            f"{named(self.y, self.split)} grows from {{from}} by {{interval}}; "
            "a mean growth above {smallest_visible_growth} could have been told"
        )

    def judge(self, line: Line) -> Finding:
        """A growth that is the same in all seeds has no error, but that of rounding."""
        late = [run.series["y"].since(self.since) for run in line.runs]
        if min(len(series.steps) for series in late) < 2:
            return lacking(f"a trial has fewer than two recorded steps from step {self.since} on")
        (cell,) = line.cells
        growths = np.array([series.last - float(series.values[0]) for series in late])
        found = mean_of(growths, step=rounding(cell, self.y, self.split))
        numbers: Evidence = {"growth": found.mean, "interval": found.interval}
        numbers |= {"from": float(np.mean([series.values[0] for series in late]))}
        finding = Finding(found.above(self.growth), numbers)
        if finding.word == "not enough data":
            numbers["smallest_visible_growth"] = self.growth + found.mean - found.low
        return finding
