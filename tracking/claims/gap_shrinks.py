"""Generalization: the gap between test and training error is smaller in size for the largest training set."""

from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import difference, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers
from tracking.verdicts.wording import along


class Settings(Claim):
    """The gap of each trial at its last step is averaged over the seeds of a cell; its size, not its sign, counts."""

    name: Literal["gap_shrinks"] = "gap_shrinks"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    y: str = Field("error", description="The measure whose gap, test minus train, must shrink.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"test": Measured(self.y, "test"), "train": Measured(self.y, "train")}, x=self.x)

    def tested(self) -> str:
        x = along(self.x)
        return f"The gap between test and training {self.y} is smaller at the largest {x} than at the smallest."

    def criterion(self) -> str:
        return (
            "|mean gap at the largest| < |mean gap at the smallest|, by 95 % intervals (Welch) of their difference and "
            "of their sum: both have the sign of the first gap"
        )

    def found(self) -> str:
        x = along(self.x)
        return (
            f"the gap between test and training {self.y} is {{first_interval}} at {x} {{first_x}}; "
            f"at {x} {{last_x}} it is smaller by {{interval}}"
        )

    def judge(self, line: Line) -> Finding:
        """|b| < |a| where a - b and a + b are both positive, for a > 0; where a is negative, both signs change."""
        if len(line.cells) < 2:
            return lacking("there is only one size", points=len(line.cells))
        first, last = _gap(line.cells[0]), _gap(line.cells[-1])
        sign = 1.0 if first.mean() >= 0 else -1.0
        less, more = difference(sign * first, sign * last), difference(sign * first, -sign * last)
        gaps = [float(_gap(cell).mean()) for cell in line.cells]
        shrinks = less if abs(gaps[-1] - gaps[0]) < abs(gaps[-1] + gaps[0]) else more
        numbers: Evidence = {"x": line.x, "gap": gaps, "shrinks_by": shrinks.mean, "interval": shrinks.interval}
        numbers |= {"first_x": line.x[0], "last_x": line.x[-1], "first_interval": mean_of(first).interval}
        return Finding(all_of((less.above(0), more.above(0))), numbers)


def _gap(cell: Cell) -> Numbers:
    return cell.last("test") - cell.last("train")
