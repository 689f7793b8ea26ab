"""A mean over seeds is what an exact expectation says: within a relative tolerance, at the last step."""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """`y` is compared with the measure `expected` of the same split, trial by trial."""

    name: Literal["as_expected"] = "as_expected"
    y: str = Field("norm", description="The measure that is averaged.")
    expected: str = Field("expected_norm", description="The measure that holds its expectation.")
    split: Split = Field("", description="The split of both.")
    tolerance: float = Field(0.03, gt=0, description="Relative difference that is allowed.")

    def needs(self, settings: frozenset[str]) -> Needs:
        both = {"y": Measured(self.y, self.split), "expected": Measured(self.expected, self.split)}
        return Needs(both, per="cell")

    def tested(self) -> str:
        return f"The mean of {self.y} over seeds is {self.expected}, within {self.tolerance:.3g} of it."

    def criterion(self) -> str:
        return f"the 95 % interval (Student) of mean / expectation - 1 lies within +-{self.tolerance:g}"

    def found(self) -> str:
        return (
            f"the mean of {self.y} is {{mean}}, its expectation {{expected}}; the relative difference is {{interval}}"
        )

    def judge(self, line: Line) -> Finding:
        """The difference from the expectation is taken within each trial, relative to the mean expectation."""
        (cell,) = line.cells
        y, expected = cell.last("y"), cell.last("expected")
        scale = float(np.mean(expected))
        if scale == 0:
            return lacking("the expectation is 0, and no difference is relative to it")
        off = mean_of((y - expected) / abs(scale))
        numbers: Evidence = {"mean": float(y.mean()), "expected": scale, "relative_difference": off.mean}
        return Finding(off.within(-self.tolerance, self.tolerance), {**numbers, "interval": off.interval})
