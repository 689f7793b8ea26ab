"""No overfitting: at the largest x, y is at most `tolerance` above its value at any smaller x."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.analysis.values import is_number
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import of_cells
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line
from tracking.verdicts.wording import along, at


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["no_overfitting"] = "no_overfitting"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: Y = Field("error", description="The measure that must not get worse.")
    split: Split = Field("test", description="The split of y.")
    tolerance: float = Field(0.01, ge=0, description="How much worse than at the best x is no overfitting yet.")
    beyond: float | None = Field(
        None, gt=0, description="How many times the number of training examples the largest x must be; if absent, any."
    )
    size: str | None = Field(
        None, description="With beyond: the setting that holds the number of examples; if absent, data.train_size."
    )

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split)}, x=self.x)

    def tested(self) -> str:
        x = along(self.x)
        where = "" if self.beyond is None else f", at least {self.beyond:g} x {self._size},"
        return f"At the largest {x}{where} {named(self.y, self.split)} is not worse than at any smaller one."

    def criterion(self) -> str:
        x = along(self.x)
        return (
            f"the 95 % intervals (Welch) of {named(self.y, self.split)} at the largest {x} minus that at each "
            f"smaller one lie below {self.tolerance:g}"
        )

    def found(self) -> str:
        return (
            f"{named(self.y, self.split)} is {{at_largest}} at {at(self.x, 'largest_x')}; its excess over that "
            f"at {at(self.x, 'compared_with_x')}, the closest comparison, is {{interval}}"
        )

    def judge(self, line: Line) -> Finding:
        """All smaller x are compared, since which is best is not known; the one nearest to failing is evidence."""
        *smaller, largest = line.cells
        if not smaller:
            return lacking(f"there is only one value of {self.x}", points=len(line.cells))
        if self.beyond is not None and not largest.x >= self.beyond * largest.runs[0].number(self._size):
            return lacking(f"the largest {along(self.x)} is below {self.beyond:g} x {self._size}", largest_x=largest.x)
        y = largest.last("y")
        found = [of_cells(largest, cell, self.y, self.split) for cell in smaller]
        criteria = [one.at_most(self.tolerance) for one in found]
        nearest = min(range(len(smaller)), key=lambda i: criteria[i].clearance)
        numbers: Evidence = {
            "at_largest": float(y.mean()),
            "largest_x": largest.x,
            "compared_with_x": smaller[nearest].x,
        }
        numbers |= {"difference": found[nearest].mean, "interval": found[nearest].interval}
        return Finding(all_of(criteria), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        """The number of examples must be known where the largest x is held against it."""
        known = all(is_number(trial.get(self._size)) for trial in trials)
        if self.beyond is not None and not known:
            yield f"beyond needs the number of training examples, and {self._size} is no number in every trial"

    @property
    def _size(self) -> str:
        return self.size or "data.train_size"
