"""The risk overfits: wherever the training set is fitted, the last test risk is far above the best epoch's.

The best epoch is "optimal early stopping". The smallest of noisy values is below their mean, so that the last one is
above it even where nothing overfits: half of the seeds choose the best epoch, the others are judged there
(`tracking.verdicts.early_stopping`).
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import Criterion, all_of
from tracking.verdicts.early_stopping import LastAgainstBest, last_against_best
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line
from tracking.verdicts.wording import along, at


class Settings(Claim):
    """Last and best epoch are compared at every x where the training error is at most `fitted`."""

    name: Literal["risk_overfits"] = "risk_overfits"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("risk", description="The measure that overfits.")
    factor: float = Field(1.2, ge=1, description="What the ratio, last over best, must exceed at every such x.")
    at_most: float | None = Field(None, ge=1, description="What the ratio must not exceed; for claims of a small one.")
    fitted: float = Field(0.0, ge=0, description="The training error of every seed that counts as interpolation.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, "test", at="every"), "train_error": Measured("error", "train")}, x=self.x)

    def tested(self) -> str:
        bound = "" if self.at_most is None else f" and at most {self.at_most:g} times"
        return (
            f"Wherever the training error is {self.fitted:g}, the test {self.y} at the last step is more than "
            f"{self.factor:g} times{bound} that at the best one."
        )

    def criterion(self) -> str:
        bound = "" if self.at_most is None else f", and minus {self.at_most:g} times that at any step it is at most 0"
        return (
            f"at every such {along(self.x)} the 95 % interval (Student) of the last test {self.y} minus "
            f"{self.factor:g} times that at the step that is best for the first half of the seeds, over the other "
            f"seeds, is above 0 (at one of them it fails if minus {self.factor:g} times that at each step, over all "
            f"seeds, it is at most 0){bound}"
        )

    def found(self) -> str:
        return (
            f"test {self.y} at the last step is from {{smallest_ratio}} to {{largest_ratio}} times that at the best "
            f"step; where the ratio is smallest, at {at(self.x, 'at_x')}, the last value minus {self.factor:g} times "
            "that at step {best_step} is {interval}"
        )

    def judge(self, line: Line) -> Finding:
        """Every fitted x counts; the one with the smallest ratio is evidence."""
        fitted = [cell for cell in line.cells if (cell.last("train_error") <= self.fitted).all()]
        if not fitted:
            errors = [float(cell.last("train_error").mean()) for cell in line.cells]
            reason = f"at no {along(self.x)} does every seed fit its training set"
            return lacking(reason, smallest_train_error=min(errors))
        found = [last_against_best(cell, self.y, 0, self.factor) for cell in fitted]
        compared = [one for one in found if isinstance(one, LastAgainstBest)]
        if len(compared) < len(found):
            return next(one for one in found if isinstance(one, Finding))
        ratios = [one.last / one.best if one.best else 0.0 for one in compared]
        least = int(np.argmin(ratios))
        numbers: Evidence = {"x": [cell.x for cell in fitted], "ratio": ratios}
        numbers |= {"smallest_ratio": min(ratios), "largest_ratio": max(ratios), "at_x": fitted[least].x}
        criteria = [*(one.above(0) for one in compared), *self._bounds(fitted)]
        return Finding(all_of(criteria), {**numbers, **compared[least].evidence})

    def _bounds(self, fitted: Sequence[Cell]) -> Iterator[Criterion]:
        """That the ratio is at most `at_most`, where that is asked."""
        for cell in fitted if self.at_most is not None else ():
            found = last_against_best(cell, self.y, 0, self.at_most or 1.0)
            if isinstance(found, LastAgainstBest):
                yield found.at_most(0)
