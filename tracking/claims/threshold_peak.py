"""The test risk peaks at the interpolation threshold: at the smallest x that fits its training set, or next to it.

A peak is higher than both ends of the grid and than everything away from the threshold.
"""

from typing import Literal

from pydantic import Field

from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import Criterion, all_of, one_of
from tracking.verdicts.estimate import of_cells
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line
from tracking.verdicts.wording import along, at


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["threshold_peak"] = "threshold_peak"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("risk", description="The measure that peaks, on the test split.")
    fitted: float = Field(0.0, ge=0, description="The training error of every seed that counts as interpolation.")
    points: int = Field(1, ge=0, description="How many points of the grid the peak may be away.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test"), "train_error": Measured("error", "train")}, x=self.x)

    def tested(self) -> str:
        x = along(self.x)
        return (
            f"Test {self.y} peaks within {count_of(self.points, 'point')} of the smallest {x} with training error "
            f"{self.fitted:g}: it is larger there than at both ends and everywhere else."
        )

    def criterion(self) -> str:
        return (
            f"one point that near has 95 % intervals (Welch) of its test {self.y} minus that of both ends, and of "
            f"every point further than {self.points} away, above 0"
        )

    def found(self) -> str:
        return (
            f"test {self.y} at {at(self.x, 'peak_at_x')} exceeds that at {at(self.x, 'closest_x')}, the closest "
            "comparison, by {interval}; "
            f"every seed fits its training set from {at(self.x, 'fitted_from_x')} on"
        )

    def judge(self, line: Line) -> Finding:
        """Needs a fitted x with points on either side; the highest point near it is compared with all others."""
        fitted = [i for i, cell in enumerate(line.cells) if (cell.last("train_error") <= self.fitted).all()]
        end = len(line.cells) - 1
        if not fitted or fitted[0] in (0, end):
            reason = f"no fitted {along(self.x)} has points on either side"
            return lacking(reason, points=end + 1, fitted_points=len(fitted))
        threshold = fitted[0]
        near = [i for i in range(1, end) if abs(i - threshold) <= self.points]
        others = [i for i in range(end + 1) if i in (0, end) or abs(i - threshold) > self.points]
        rest = [line.cells[i] for i in others]
        peak = max(near, key=lambda i: float(line.cells[i].last("y").mean()))
        above = [of_cells(line.cells[peak], cell, self.y, "test") for cell in rest]
        closest = min(range(len(rest)), key=lambda i: above[i].low)
        numbers: Evidence = {"x": line.x, "y": line.means("y"), "peak_at_x": line.cells[peak].x}
        numbers |= {"fitted_from_x": line.cells[threshold].x, "above_others_by": above[closest].mean}
        numbers |= {"closest_x": rest[closest].x, "interval": above[closest].interval}
        return Finding(one_of(self._higher(line.cells[i], rest) for i in near), numbers)

    def _higher(self, cell: Cell, others: list[Cell]) -> Criterion:
        """That a point is above all others."""
        return all_of(of_cells(cell, other, self.y, "test").above(0) for other in others)
