"""The test error is at chance: in every cell its mean over seeds is within a tolerance of guessing."""

from typing import Literal

from pydantic import Field

from tracking.analysis.statistics.intervals import SHARE
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import counted_on, mean_of
from tracking.verdicts.finding import Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The test error at the last step is compared."""

    name: Literal["chance_error"] = "chance_error"
    chance: float | None = Field(
        None, gt=0, lt=1, description="The error of guessing; if absent, 1 - 1/C for data of C classes."
    )
    tolerance: float = Field(0.01, gt=0, description="How far a cell's mean may be from it.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"error": Measured("error", "test")}, per="cell")

    def tested(self) -> str:
        return f"The test error is at chance: {self._guess}, within {self.tolerance:g}."

    def criterion(self) -> str:
        return f"the 95 % interval (Student) of the mean lies within {self._guess} +-{self.tolerance:g} in every cell"

    def found(self) -> str:
        return "the mean test error is {interval}, that of guessing {chance}"

    def judge(self, line: Line) -> Finding:
        (cell,) = line.cells
        found = mean_of(cell.last("error"), bounds=SHARE, examples=counted_on(cell, "error", "test"))
        classes = cell.runs[0].classes
        if self.chance is None and classes < 2:
            return lacking("the number of classes of the data is not known: give `chance`", mean=found.mean)
        chance = 1 - 1 / classes if self.chance is None else self.chance
        criterion = found.within(chance - self.tolerance, chance + self.tolerance)
        return Finding(criterion, {"mean": found.mean, "interval": found.interval, "chance": chance})

    @property
    def _guess(self) -> str:
        return "1 - 1/C for data of C classes" if self.chance is None else f"{self.chance:g}"
