"""Double descent: along capacity the test error falls, rises to a peak near the interpolation threshold, falls again.

Belkin et al. (2019), Figure 1; Nakkiran et al. (2020), Figure 1. The threshold is the smallest x at which every seed
fits its training set.
"""

from collections.abc import Sequence
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
    """Means over seeds at the last step are compared: of the first x, a dip, a peak behind it, and the last x."""

    name: Literal["double_descent"] = "double_descent"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("error", description="The measure that falls twice, on the test split.")
    fitted: float = Field(0.0, ge=0, description="The training error of every seed that counts as interpolation.")
    points: int = Field(2, ge=0, description="How many points of the grid the peak may be away from the threshold.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test"), "train_error": Measured("error", "train")}, x=self.x)

    def tested(self) -> str:
        x = along(self.x)
        return (
            f"Along {x} test {self.y} falls, rises to a peak within {count_of(self.points, 'point')} of the smallest "
            f"{x} with training error {self.fitted:g}, and falls again."
        )

    def criterion(self) -> str:
        return (
            "for a dip and a peak behind it, that near, the 95 % intervals (Welch) of first minus dip, of peak minus "
            "dip and of peak minus last are above 0; for one pair of all, each at its share of the 5 %"
        )

    def found(self) -> str:
        return (
            f"test {self.y} falls by {{fall_to_dip}} from {at(self.x, 'first_x')} to the dip at "
            f"{at(self.x, 'dip_at_x')}; "
            f"it rises by {{interval}} to the peak at {at(self.x, 'peak_at_x')}; "
            f"it falls by {{fall_to_last}} to {at(self.x, 'last_x')}; "
            f"every seed fits its training set from {at(self.x, 'fitted_from_x')} on"
        )

    def judge(self, line: Line) -> Finding:
        """Which of the pairs of a dip and a peak it would be was not known beforehand."""
        cells = line.cells
        fitted = [i for i, cell in enumerate(cells) if (cell.last("train_error") <= self.fitted).all()]
        peaks = [i for i in range(2, len(cells) - 1) if fitted and abs(i - fitted[0]) <= self.points]
        pairs = [(dip, peak) for peak in peaks for dip in range(1, peak)]
        if not pairs:
            return lacking("no fitted x has two points before it and one behind", points=len(cells), fitted=len(fitted))
        shapes = {pair: self._shape(cells, *pair) for pair in pairs}
        held = [pair for pair, shape in shapes.items() if shape.word(len(pairs)) == "holds"]
        means = line.means("y")
        dip, peak = max(held or pairs, key=lambda pair: means[pair[1]] - means[pair[0]])
        above = of_cells(cells[peak], cells[dip], self.y, "test")
        numbers: Evidence = {"x": line.x, "y": means, "dip_at_x": cells[dip].x, "peak_at_x": cells[peak].x}
        numbers |= {"fitted_from_x": cells[fitted[0]].x, "peak_above_dip": above.mean, "interval": above.interval}
        falls = of_cells(cells[0], cells[dip], self.y, "test"), of_cells(cells[peak], cells[-1], self.y, "test")
        numbers |= {"fall_to_dip": falls[0].interval, "fall_to_last": falls[1].interval}
        numbers |= {"first_x": line.x[0], "last_x": line.x[-1]}
        return Finding(one_of(shapes.values()), numbers)

    def _shape(self, cells: Sequence[Cell], dip: int, peak: int) -> Criterion:
        """Whether y falls from the first to the dip, rises to the peak and falls to the last."""
        steps = ((0, dip), (peak, dip), (peak, len(cells) - 1))
        return all_of(of_cells(cells[a], cells[b], self.y, "test").above(0) for a, b in steps)
