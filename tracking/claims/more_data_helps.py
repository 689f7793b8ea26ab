"""More data, lower test error: it never rises from one training size to the next, and falls by enough to matter."""

from itertools import pairwise
from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import of_cells
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line
from tracking.verdicts.wording import along


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["more_data_helps"] = "more_data_helps"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    y: str = Field("error", description="The measure that must fall, on the test split.")
    slack: float = Field(
        0.02, ge=0, description="How much y may rise from one size to the next and still count as not rising."
    )
    gain: float = Field(0.15, ge=0, description="By how much y at the largest x must be below y at `from_size`.")
    from_size: float = Field(
        1000,
        gt=0,
        description="The size compared with; if not swept, the next smaller one; the smallest where that is the "
        "largest of all.",
    )

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test")}, x=self.x)

    def tested(self) -> str:
        x = along(self.x)
        return f"Test {self.y} falls with {x}: by more than {self.gain:g} in all, and it never rises."

    def criterion(self) -> str:
        x = along(self.x)
        return (
            f"95 % intervals (Welch): test {self.y} falls by more than {self.gain:g} from {x} {self.from_size:g} "
            f"to the largest, and rises by at most {self.slack:g} from any size to the next"
        )

    def found(self) -> str:
        x = along(self.x)
        return (
            f"test {self.y} falls by {{interval}} from {x} {{from_x}} to {{to_x}}; "
            f"its largest rise from one {x} to the next is {{rise_interval}}"
        )

    def judge(self, line: Line) -> Finding:
        cells = line.cells
        if len(cells) < 3:
            return lacking("there are fewer than three sizes", points=len(cells))
        before, last = self._before(cells), cells[-1]
        gain = of_cells(before, last, self.y, "test")
        rises = [of_cells(two, one, self.y, "test") for one, two in pairwise(cells)]
        criterion = all_of([gain.above(self.gain), *(rise.at_most(self.slack) for rise in rises)])
        most = max(rises, key=lambda rise: rise.high)
        numbers: Evidence = {"x": line.x, "y": line.means("y"), "gain": gain.mean, "interval": gain.interval}
        numbers |= {"from_x": before.x, "to_x": last.x, "largest_rise": most.mean, "rise_interval": most.interval}
        return Finding(criterion, numbers)

    def _before(self, cells: tuple[Cell, ...]) -> Cell:
        smaller = [cell for cell in cells[:-1] if cell.x <= self.from_size]
        return smaller[-1] if smaller and cells[-1].x > self.from_size else cells[0]
