"""Overfitting over iterations: a measure on the test split is worse at the last step than at the best one.

Half of the seeds choose the best step, the others are judged (`tracking.verdicts.early_stopping`).
"""

from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.early_stopping import last_against_best
from tracking.verdicts.finding import Finding
from tracking.verdicts.line import Line


class Settings(Claim):
    """The last value minus that at the step that the first half of the seeds chooses, averaged over the second half."""

    name: Literal["early_stopping_helps"] = "early_stopping_helps"
    y: str = Field("risk", description="The measure that gets worse, on the test split.")
    by: float = Field(0.0, ge=0, description="What the difference must exceed, in units of y.")
    from_step: int = Field(1, ge=0, description="The first step that counts: before the first, nothing is learned.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test", at="every")}, per="cell")

    def tested(self) -> str:
        return f"Test {self.y} at the last step is more than {self.by:g} above that at the best one: training overfits."

    def criterion(self) -> str:
        return (
            f"the 95 % interval (Student) of the last test {self.y} minus that at the step that is best for the first "
            f"half of the seeds, over the other seeds, is above {self.by:g} in every cell; it fails where that of the "
            f"last minus each other step, over all seeds, is at most {self.by:g}"
        )

    def found(self) -> str:
        return (
            f"test {self.y} at the last step exceeds that at step {{best_step}}, the best one for the first half of "
            "the seeds, by {interval} over the other seeds; "
            "over all seeds it exceeds that at step {closest_step}, the one it exceeds most, by {closest_interval}"
        )

    def judge(self, line: Line) -> Finding:
        """Steps that all seeds have are compared."""
        (cell,) = line.cells
        found = last_against_best(cell, self.y, self.from_step)
        if isinstance(found, Finding):
            return found
        finding = Finding(found.above(self.by), found.evidence)
        return finding if finding.word == "holds" else Finding(finding.criterion, {**found.evidence, **found.closest})
