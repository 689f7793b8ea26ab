"""No overfitting over iterations: a measure on the test split does not get worse, however long the training.

Memo 90 defines overfitting as an expected error that gets worse with the number of neurons (`no_overfitting`) or of
iterations of gradient descent. Half of the seeds choose the best step, the others are judged
(`tracking.verdicts.early_stopping`).
"""

from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.early_stopping import last_against_best
from tracking.verdicts.finding import Finding
from tracking.verdicts.line import Line


class Settings(Claim):
    """The last value is compared with that at every other step; it is worse where it is worse than at the step that
    the first half of the seeds chooses, averaged over the second half."""

    name: Literal["longer_is_no_worse"] = "longer_is_no_worse"
    y: str = Field("error", description="The measure that must not get worse, on the test split.")
    tolerance: float = Field(0.01, ge=0, description="What counts as no worse, in units of y.")
    from_step: int = Field(1, ge=0, description="The first step that counts.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test", at="every")}, per="cell")

    def tested(self) -> str:
        return f"Test {self.y} at the last step is at most {self.tolerance:g} above that at the best one."

    def criterion(self) -> str:
        return (
            f"the 95 % intervals (Student) of the last test {self.y} minus that at each other step are at most "
            f"{self.tolerance:g} in every cell; it fails where that of the last minus the step that is best for the "
            f"first half of the seeds, over the other seeds, is above {self.tolerance:g}"
        )

    def found(self) -> str:
        return (
            f"over all seeds test {self.y} at the last step exceeds that at step {{closest_step}}, the one it exceeds "
            "most, by {closest_interval}; "
            "over half of the seeds it exceeds that at step {best_step}, the best one for the others, by {interval}"
        )

    def judge(self, line: Line) -> Finding:
        """Steps that all seeds have are compared."""
        (cell,) = line.cells
        found = last_against_best(cell, self.y, self.from_step)
        return (
            found
            if isinstance(found, Finding)
            else Finding(found.at_most(self.tolerance), {**found.evidence, **found.closest})
        )
