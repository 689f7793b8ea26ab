"""Curves do not cross: at every time, a measure rises (or falls) along a setting."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import difference
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers


class Settings(Claim):
    """Means over seeds are compared, at the steps that all trials have."""

    name: Literal["ordered_along"] = "ordered_along"
    along: str = Field(description="The setting, a number.")
    y: Y = Field(description="The measure that is compared.")
    split: Split = Field("", description="The split of y.")
    layer: str = Field("", description="The layer of y.")
    order: Literal["rising", "falling"] = Field(description="How y must change with the setting.")
    clock: str = Field("time", description="The measure that says when, or `step`.")
    after: float = Field(0.0, ge=0, description="Only where the clock is beyond this.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, self.split, self.layer, at="every")}
        if self.clock != "step":
            measures["clock"] = Measured(self.clock, at="every")
        return Needs(measures, x=self.along)

    def tested(self) -> str:
        rises = "rises" if self.order == "rising" else "falls"
        return f"At every {self.clock} beyond {self.after:g}, {self.y} {rises} with {self.along}: curves do not cross."

    def criterion(self) -> str:
        return (
            f"at every such step the 95 % interval (Welch) of the difference between each {self.along} and the next is "
            f"on the {self.order} side of 0"
        )

    def found(self) -> str:
        return (
            f"{self.y} {'rises' if self.order == 'rising' else 'falls'} from one value of {self.along} to the next in "
            "{ordered} of {compared} comparisons, at {steps} steps; "
            "the smallest gap is {smallest_gap} of the larger value"
        )

    def judge(self, line: Line) -> Finding:
        """`smallest_gap` is relative to the larger of the two; it is negative where curves cross."""
        steps = self._steps(line)
        if len(line.cells) < 2 or not len(steps):
            reason = f"there are not two values of {self.along}, or no step that all trials have"
            return lacking(reason, values=len(line.cells), steps=len(steps))
        criteria, gaps = [], []
        for one, two in pairwise(line.cells):
            first, second = (two, one) if self.order == "rising" else (one, two)
            for a, b in zip(_at(first, steps), _at(second, steps), strict=True):
                criteria.append(difference(a, b).above(0))
                scale = max(abs(float(a.mean())), abs(float(b.mean())))
                gaps.append(float(a.mean() - b.mean()) / scale if scale else 0.0)
        numbers: Evidence = {
            "smallest_gap": min(gaps),
            "values": len(line.cells),
            "steps": len(steps),
            "ordered": sum(gap > 0 for gap in gaps),
            "compared": len(gaps),
        }
        return Finding(all_of(criteria), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        if not any(self.along in trial for trial in trials):
            yield f"along: no trial has the setting '{self.along}'"

    def _steps(self, line: Line) -> NDArray[np.int64]:
        """The steps that all trials have, where the clock is late enough in all."""
        shared: NDArray[np.int64] | None = None
        for run in line.runs:
            clock = run.series.get("clock")
            if clock is None:
                late = run.series["y"].steps[run.series["y"].steps > self.after]
            else:
                late = np.intersect1d(run.series["y"].steps, clock.steps[clock.values > self.after])
            shared = late if shared is None else np.intersect1d(shared, late)
        return np.array([], dtype=np.int64) if shared is None else shared


def _at(cell: Cell, steps: NDArray[np.int64]) -> list[Numbers]:
    """The values of all seeds at each step, [n] each."""
    series = [run.series["y"] for run in cell.runs]
    return list(np.array([s.values[np.isin(s.steps, steps)] for s in series]).T)
