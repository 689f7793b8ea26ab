"""The test error is at chance: in every cell its mean over seeds is within a tolerance of guessing."""

from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Finding
from tracking.verdicts.line import Line


class Settings(Claim):
    """The test error at the last step is compared."""

    name: Literal["chance_error"] = "chance_error"
    chance: float = Field(0.9, gt=0, lt=1, description="The error of guessing: 0.9 for ten balanced classes.")
    tolerance: float = Field(0.01, gt=0, description="How far a cell's mean may be from it.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"error": Measured("error", "test")}, per="cell")

    def tested(self) -> str:
        return f"The test error is at chance: {self.chance:g}, within {self.tolerance:g}."

    def criterion(self) -> str:
        return f"the 95 % interval (Student) of the mean lies within {self.chance:g} +-{self.tolerance:g} in every cell"

    def judge(self, line: Line) -> Finding:
        (cell,) = line.cells
        found = mean_of(cell.last("error"), bounds="share")
        word = found.within(self.chance - self.tolerance, self.chance + self.tolerance)
        return Finding(word, {"mean": found.mean, "interval": found.interval})
