"""More capacity first helps, then hurts: y is smallest inside a range of x, and far larger at the largest x."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import Criterion, all_of, one_of, said
from tracking.verdicts.estimate import difference
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Numbers


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["overfits_eventually"] = "overfits_eventually"
    x: str = Field("degree", description="The setting or measure of capacity.")
    y: str = Field("risk", description="The measure, on the training and on the test split.")
    factor: float = Field(1e4, gt=1, description="By how much the test y at the largest x exceeds its smallest.")
    best_between: tuple[float, float] = Field((35, 110), description="Where along x the test y must be smallest.")
    fitted_from: float = Field(40, description="From this x on the training examples must be fitted.")
    fitted_below: float = Field(1e-6, gt=0, description="The training y that counts as fitted.")

    @model_validator(mode="after")
    def _between_is_a_range(self) -> "Settings":
        if not self.best_between[0] < self.best_between[1]:
            raise ValueError("best_between is [low, high] with low < high")
        return self

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"test": Measured(self.y, "test"), "train": Measured(self.y, "train")}, x=self.x)

    def tested(self) -> str:
        low, high = self.best_between
        return (
            f"Test {self.y} is smallest at a {self.x} from {low:g} to {high:g}, and more than {self.factor:g} times "
            f"that at the largest, though training examples are fitted from {self.fitted_from:g} on."
        )

    def criterion(self) -> str:
        return (
            f"95 % intervals (Welch) of test {self.y} at the largest {self.x} minus {self.factor:g} times the "
            f"smallest, and of every one outside of the range minus the smallest, are above 0; training {self.y} "
            f"stays below {self.fitted_below:g} in every trial"
        )

    def found(self) -> str:
        return (
            f"test {self.y} is smallest at {self.x} {{at}}, where it is {{smallest_test}}, and {{test_at_largest}} at "
            f"{self.x} {{largest}}; "
            f"training {self.y} is at most {{largest_train_once_fitted}} from {self.x} {self.fitted_from:g} on"
        )

    def judge(self, line: Line) -> Finding:
        """Which x inside the range is best was not known beforehand."""
        low, high = self.best_between
        inside = [cell for cell in line.cells if low <= cell.x <= high]
        below = [cell for cell in line.cells if cell.x < low]
        above = [cell for cell in line.cells if cell.x > high]
        late = [cell for cell in line.cells if cell.x >= self.fitted_from]
        if not inside or not below or not above or not late:
            reason = f"there is not a {self.x} inside, one below and one above {low:g} to {high:g}"
            return lacking(reason, points=len(line.cells))
        best = min(inside, key=lambda cell: float(cell.last("test").mean()))
        others = [cell.last("test") for cell in (*below, *above)]
        shape = one_of(self._best(cell.last("test"), others) for cell in inside)
        unfitted = max(float(cell.last("train").max()) for cell in late)
        numbers: Evidence = {
            "smallest_test": float(best.last("test").mean()),
            "at": best.x,
            "test_at_largest": float(others[-1].mean()),
        }
        numbers |= {"largest": above[-1].x, "largest_train_once_fitted": unfitted}
        return Finding(all_of((shape, said(unfitted < self.fitted_below))), numbers)

    def _best(self, smallest: Numbers, others: Sequence[Numbers]) -> Criterion:
        """That y is smallest at one x: smaller than at the others, of which the last exceeds a multiple of it."""
        grown = difference(others[-1], self.factor * smallest).above(0)
        return all_of((grown, *(difference(y, smallest).above(0) for y in others)))
