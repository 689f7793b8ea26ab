"""The risk overfits: wherever the training set is fitted, the last test risk is far above the best epoch's.

The best epoch is "optimal early stopping": where the test risk of a trial is smallest. The smallest of noisy values is
below their mean, so that `factor` must be more than what noise alone would give.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import Criterion, all_of
from tracking.verdicts.estimate import Estimate, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line
from tracking.verdicts.wording import along


class Settings(Claim):
    """Last and best are compared within each trial, at every x where the training error is at most `fitted`."""

    name: Literal["risk_overfits"] = "risk_overfits"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("risk", description="The measure that overfits.")
    factor: float = Field(1.2, ge=1, description="What the ratio, last over best, must exceed at every such x.")
    at_most: float | None = Field(None, ge=1, description="What the ratio must not exceed; for claims of a small one.")
    fitted: float = Field(0.0, ge=0, description="The training error of every seed that counts as interpolation.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {
            "last": Measured(self.y, "test"),
            "best": Measured(self.y, "test", at="smallest"),
            "train_error": Measured("error", "train"),
        }
        return Needs(measures, x=self.x)

    def tested(self) -> str:
        bound = "" if self.at_most is None else f" and at most {self.at_most:g} times"
        return f"Wherever training error is {self.fitted:g}, the last test {self.y} is {self.factor:g}{bound} the best."

    def criterion(self) -> str:
        x = along(self.x)
        bound = "" if self.at_most is None else f", and that of {self.at_most:g} times it below 0"
        return (
            f"at every such {x} the 95 % interval (Student) of last minus {self.factor:g} times best is above 0{bound}"
        )

    def found(self) -> str:
        return (
            f"the last test {self.y} is from {{smallest_ratio}} to {{largest_ratio}} times the best; "
            f"where that is smallest, the last minus {self.factor:g} times the best is {{excess_interval}}"
        )

    def judge(self, line: Line) -> Finding:
        fitted = [cell for cell in line.cells if (cell.last("train_error") <= self.fitted).all()]
        if not fitted:
            errors = [float(cell.last("train_error").mean()) for cell in line.cells]
            reason = f"at no {along(self.x)} does every seed fit its training set"
            return lacking(reason, smallest_train_error=min(errors))
        ratios = [_ratio(cell) for cell in fitted]
        numbers: Evidence = {"x": [cell.x for cell in fitted], "ratio": ratios}
        least = fitted[int(np.argmin(ratios))]
        interval = _excess(least, self.factor).interval
        numbers |= {"smallest_ratio": min(ratios), "largest_ratio": max(ratios), "excess_interval": interval}
        return Finding(all_of(part for cell in fitted for part in self._criteria(cell)), numbers)

    def _criteria(self, cell: Cell) -> Iterator[Criterion]:
        yield _excess(cell, self.factor).above(0)
        if self.at_most is not None:
            yield _excess(cell, self.at_most).at_most(0)


def _excess(cell: Cell, factor: float) -> Estimate:
    """Of the last risk over a multiple of the best one: its mean is above 0 where the ratio of means is above."""
    return mean_of(cell.last("last") - factor * cell.last("best"))


def _ratio(cell: Cell) -> float:
    """Of the means; 0 where the best risk is 0."""
    best = float(cell.last("best").mean())
    return float(cell.last("last").mean()) / best if best else 0.0
