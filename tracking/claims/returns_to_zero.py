"""After every perturbation of the weights, gradient descent brings the training error (or risk) back, and in time.

Perturbations are found by the measure `perturbations`, the number of them before each step: the weights are perturbed
at the end of the last step at which it has a value.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Run, Series


class Settings(Claim):
    """Every perturbation of every trial counts; it must be back before the next one."""

    name: Literal["returns_to_zero"] = "returns_to_zero"
    y: str = Field("error", description="The measure that must come back.")
    split: Literal["train", "test"] = Field("train", description="The split of y.")
    tolerance: float | Literal["first"] = Field(
        0.0, description="y must come back to at most this; `first`: to what it was before the first perturbation."
    )
    within: int = Field(100, gt=0, description="Steps in which it must be back.")
    perturbations: int = Field(1, ge=1, description="Perturbations that are needed in every trial.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, self.split, at="every"), "count": Measured("perturbations", at="every")}
        return Needs(measures, per="cell", each_trial=True)

    def tested(self) -> str:
        back = "what it was before the first" if self.tolerance == "first" else f"at most {self.tolerance:g}"
        return (
            f"After every perturbation {self.split} {self.y} is back at {back} within {count_of(self.within, 'step')}, "
            "and before the next one."
        )

    def criterion(self) -> str:
        return "every perturbation of every trial, but the last where the trial ended before its time was over"

    def found(self) -> str:
        return (
            f"{self.split} {self.y} comes back after {{returned}} of {{perturbations}} perturbations; "
            "the slowest return takes {slowest} steps; "
            "after {undecided} more perturbations the trial ended too soon to tell"
        )

    def judge(self, line: Line) -> Finding:
        """One whose time was not over when the trial ended, and that had not come back, is left out (`undecided`)."""
        returns = [self._returns(run) for run in line.runs]
        decided = [[one for one in of_run if one is not None] for of_run in returns]
        every = [one for of_run in decided for one in of_run]
        fewest = min(len(of_run) for of_run in decided)
        undecided = sum(map(len, returns)) - len(every)
        numbers: Evidence = {"perturbations": len(every), **({"undecided": undecided} if undecided else {})}
        back = [one for one in every if one < float("inf")]
        if every:
            numbers |= {"returned": len(back), **({"slowest": max(back)} if back else {})}
        if len(back) == len(every) and fewest < self.perturbations:
            return lacking(
                f"a trial has fewer than {count_of(self.perturbations, 'perturbation')} whose time was over", **numbers
            )
        return Finding(said(len(back) == len(every), self.within - max(every)), numbers)

    def _returns(self, run: Run) -> list[float | None]:
        """For each perturbation the steps until y is back, infinity if it is not, None where that is not decided."""
        count, y = run.series["count"], run.series["y"]
        perturbed = [int(step) for step in count.steps[:-1][np.diff(count.values) > 0]]
        if not perturbed or not len(y.until(perturbed[0]).steps):
            return []
        target = y.at(perturbed[0]) if self.tolerance == "first" else self.tolerance
        ends = [*perturbed[1:], None]
        return [self._back(y, start, end, target) for start, end in zip(perturbed, ends, strict=True)]

    def _back(self, y: Series, start: int, following: int | None, target: float) -> float | None:
        """The same for one perturbation, at the end of step `start`; the next one is at the end of `following`."""
        until = start + self.within if following is None else min(following, start + self.within)
        back = y.since(start + 1).until(until).first_at_most(target)
        if back is not None:
            return float(back - start)
        return float("inf") if following is not None or int(y.steps[-1]) >= until else None
