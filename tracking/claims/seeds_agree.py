"""Seeds make little difference: the standard deviation of a measure over the seeds of a cell is below a tolerance.

The 95 % interval of the standard deviation of n normal values, s in the sample, is s sqrt((n - 1) / q) for q the 2.5 %
and the 97.5 % quantile of the chi-squared distribution with n - 1 degrees of freedom.
"""

from typing import Literal

from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import standard_deviation
from tracking.verdicts.finding import Evidence, Finding
from tracking.verdicts.line import Line


class Settings(Claim):
    """Trials that differ only in their seed end in different minima; what is compared is their last value."""

    name: Literal["seeds_agree"] = "seeds_agree"
    y: Y = Field("error", description="The measure that must agree.")
    split: Split = Field("test", description="The split of y.")
    tolerance: float = Field(
        0.02, gt=0, description="What the standard deviation over seeds must be at most, in units of y."
    )

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split)}, per="cell")

    def tested(self) -> str:
        what = named(self.y, self.split)
        return f"The standard deviation of {what} over seeds is at most {self.tolerance:g} in every cell."

    def criterion(self) -> str:
        return f"the 95 % interval (chi-squared) of the standard deviation is at most {self.tolerance:g} in every cell"

    def found(self) -> str:
        what = named(self.y, self.split)
        return f"the standard deviation of {what} over seeds is {{interval}}, about a mean of {{mean}}"

    def judge(self, line: Line) -> Finding:
        (cell,) = line.cells
        y = cell.last("y")
        found = standard_deviation(y)
        numbers: Evidence = {"deviation": found.mean, "interval": found.interval, "mean": float(y.mean())}
        return Finding(found.at_most(self.tolerance), numbers)
