"""More capacity first helps, then hurts: y is smallest inside a range of x, and far larger at the largest x."""

from typing import Literal

from pydantic import Field, model_validator

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import at_once, difference
from tracking.verdicts.finding import Evidence, Finding, lacking, said, worst
from tracking.verdicts.line import Line


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
            f"test {self.y} is smallest at {self.x} {{at}}, {{smallest_test}}, and {{test_at_largest}} at "
            f"{{largest}}; "
            f"training {self.y} at most {{largest_train_once_fitted}} once fitted"
        )

    def judge(self, line: Line) -> Finding:
        """Which x inside the range is best is not known: as many are compared as there are."""
        low, high = self.best_between
        inside = [cell for cell in line.cells if low <= cell.x <= high]
        below = [cell for cell in line.cells if cell.x < low]
        above = [cell for cell in line.cells if cell.x > high]
        late = [cell for cell in line.cells if cell.x >= self.fitted_from]
        if not inside or not below or not above or not late:
            return lacking(f"a {self.x} inside, below and above {low:g} to {high:g}", points=len(line.cells))
        last = above[-1].last("test")
        best = min(inside, key=lambda cell: float(cell.last("test").mean()))
        smallest = best.last("test")
        grown = difference(last, self.factor * smallest, len(inside)).above(0)
        others = [cell.last("test") for cell in (*below, *above)]
        shape = at_once(
            [difference(y, smallest, len(inside)).above(0) for y in others],
            [difference(y, smallest, len(inside) * len(others)).above(0) for y in others],
        )
        unfitted = max(float(cell.last("train").max()) for cell in late)
        numbers: Evidence = {
            "smallest_test": float(smallest.mean()),
            "at": best.x,
            "test_at_largest": float(last.mean()),
        }
        numbers |= {"largest": above[-1].x, "largest_train_once_fitted": unfitted}
        return Finding(worst((grown, shape, said(unfitted < self.fitted_below))), numbers)
