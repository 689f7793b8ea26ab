"""The test error falls with the training size also among those sizes where the training error is already zero."""

from itertools import pairwise
from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import of_cells
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """Means over seeds at the last step are compared, of each such size with the next larger one."""

    name: Literal["improves_at_zero_error"] = "improves_at_zero_error"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    fitted: float = Field(
        0.005, ge=0, description="The training error up to which it counts as zero, in every seed of a size."
    )

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"test": Measured("error", "test"), "train": Measured("error", "train")}, x=self.x)

    def tested(self) -> str:
        return f"The test error falls with {self.x} also where the training error is at most {self.fitted:g}."

    def criterion(self) -> str:
        return "the 95 % interval (Welch) of the fall from each such size to the next is above 0"

    def found(self) -> str:
        return (
            f"every seed fits its training set at {self.x} {{fitted_x}}; "
            "the smallest fall of the test error from one of these to the next is {interval}"
        )

    def judge(self, line: Line) -> Finding:
        fitted = [cell for cell in line.cells if (cell.last("train") <= self.fitted).all()]
        test = [float(cell.last("test").mean()) for cell in fitted]
        numbers: Evidence = {"fitted_x": [cell.x for cell in fitted], "test_error": test}
        if len(fitted) < 2:
            return lacking("fewer than two sizes are fitted", **numbers)
        falls = [of_cells(one, two, "error", "test", "test") for one, two in pairwise(fitted)]
        least = min(falls, key=lambda fall: fall.low)
        criterion = all_of(fall.above(0) for fall in falls)
        return Finding(criterion, {**numbers, "smallest_fall": least.mean, "interval": least.interval})
