"""What became of one measure of one trial, step by step; for claims that look at every trial by itself."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.verdicts.per_cell import table

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class History(NamedTuple):
    """steps [T], ascending; values [T], all finite."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def since(self, step: int) -> "History":
        """From a step on."""
        return History(self.steps[self.steps >= step], self.values[self.steps >= step])

    def at(self, step: int) -> float:
        """The value at a step, or else the last one before it. Raises IndexError where there is none."""
        return float(self.values[self.steps <= step][-1])

    def first_at_most(self, level: float) -> int | None:
        """The first step at which the value is at most `level`; None where it never is."""
        low = self.steps[self.values <= level]
        return int(low[0]) if len(low) else None


def histories(frame: "Frame", measure: str, split: str = "", layer: str = "") -> dict[str, History]:
    """By trial id, for every trial of the frame that has the measure. Raises Refused where none has."""
    found = table(frame, measure, split, layer)
    finite = np.isfinite(found.values)
    kept = zip(found.trials, found.values, finite, strict=True)
    return {trial: History(found.steps[good], values[good]) for trial, values, good in kept if good.any()}
