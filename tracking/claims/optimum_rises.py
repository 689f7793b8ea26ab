"""The x at which a measure is smallest is larger for the largest value of another setting than for its smallest one.

Such as the learning rate with the smallest test error, along the batch size (Shallue et al. 2019, Section 4.3). Some x
divides the two: at the smallest value of the setting an x up to there is better than all beyond, and at the largest
value an x beyond is better than all up to there.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.check import not_along
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import Criterion, all_of, one_of
from tracking.verdicts.estimate import of_cells
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line


class Settings(Claim):
    """Means over seeds at the last step are compared; what lies between the two values is not looked at."""

    name: Literal["optimum_rises"] = "optimum_rises"
    x: str = Field(description="The setting whose best value rises.")
    along: str = Field(description="The setting with which it rises, a number.")
    y: Y = Field("error", description="The measure that is smallest at the best x.")
    split: Split = Field("test", description="The split of y.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split)}, x=self.x, compared=(self.along,))

    def tested(self) -> str:
        best = f"the {self.x} with the smallest {named(self.y, self.split)}"
        return f"At the largest {self.along}, {best} is larger than at the smallest."

    def criterion(self) -> str:
        return (
            f"for one {self.x} that divides the two and one {self.x} on either side, the 95 % intervals (Welch) of "
            f"{self.y} at each {self.x} of the other side minus that there are above 0; for one choice of all, each at "
            "its share of the 5 %"
        )

    def found(self) -> str:
        return (
            f"{named(self.y, self.split)} is smallest at {self.x} {{best_x_at_the_smallest}} for {self.along} "
            f"{{smallest}}, and at {{best_x_at_the_largest}} for {self.along} {{largest}}"
        )

    def judge(self, line: Line) -> Finding:
        """Which x it would be was not known beforehand."""
        values = sorted({cell.runs[0].number(self.along) for cell in line.cells})
        first, last = ([c for c in line.cells if c.runs[0].number(self.along) == v] for v in (values[0], values[-1]))
        x = [cell.x for cell in first]
        if len(values) < 2 or len(x) < 2 or x != [cell.x for cell in last]:
            reason = f"there are not two values of {self.along} that have two or more {self.x} in common"
            return lacking(reason, values=values)
        rises = [
            all_of((self._better(first[:cut], first[cut:]), self._better(last[cut:], last[:cut])))
            for cut in range(1, len(x))
        ]
        best = [min(cells, key=lambda cell: float(cell.last("y").mean())) for cells in (first, last)]
        numbers: Evidence = {"best_x_at_the_smallest": best[0].x, "best_x_at_the_largest": best[1].x}
        numbers |= {"smallest": values[0], "largest": values[-1], "y": [float(cell.last("y").mean()) for cell in best]}
        return Finding(one_of(rises), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        problem = not_along(self.along, trials)
        if problem is not None:
            yield problem

    def _better(self, ones: Sequence[Cell], others: Sequence[Cell]) -> Criterion:
        """That one of some cells has a smaller y than all the others."""
        return one_of(all_of(of_cells(other, one, self.y, self.split).above(0) for other in others) for one in ones)
