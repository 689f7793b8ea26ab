"""The weights' null-space part makes a random walk: its mean square grows with the perturbations as the noise says.

For each trial the squares of `y` are regressed on their exact expectation, through the origin, one point for each
number of perturbations. The mean slope over trials is 1 if the walk is that of the noise (CBMM Memo 90, Section 6).
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Run


class Settings(Claim):
    """Squares are compared, since it is the square of a walk's length whose expectation is known."""

    name: Literal["null_space_walk"] = "null_space_walk"
    y: str = Field("null_norm", description="The measure: a length.")
    expected: str = Field("expected_null_norm", description="The root of the expectation of its square.")
    tolerance: float = Field(0.2, gt=0, description="By how much the slope may differ from 1.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, at="every"), "expected": Measured(self.expected, at="every")}
        return Needs(measures, per="cell")

    def tested(self) -> str:
        return f"The square of {self.y} grows with the perturbations as that of a random walk, {self.expected}."

    def criterion(self) -> str:
        return (
            f"the 95 % interval (Student) of the slope of its square against the expectation lies within 1 "
            f"+-{self.tolerance:g}"
        )

    def found(self) -> str:
        return f"the slope of the square of {self.y} against that of {self.expected} is {{interval}}"

    def judge(self, line: Line) -> Finding:
        """`squared_growth` is what one perturbation adds to the mean square."""
        slopes = [_slope(run) for run in line.runs]
        known = np.array([slope for slope, _ in slopes if slope is not None])
        if len(known) < len(slopes):
            return lacking("a trial was never perturbed")
        found, growth = mean_of(known), min(first for _, first in slopes)
        numbers: Evidence = {
            "slope": found.mean,
            "interval": found.interval,
            "squared_growth": found.mean * growth,
        }
        criterion = found.within(1 - self.tolerance, 1 + self.tolerance)
        return Finding(criterion, {**numbers, "expected_growth": growth})


def _slope(run: Run) -> tuple[float | None, float]:
    """The slope of one trial, None without perturbations, and the expected square after the first of them."""
    y, expected = run.series["y"], run.series["expected"]
    distinct, first = np.unique(expected.values, return_index=True)
    steps = expected.steps[first[distinct > 0]]
    both = np.intersect1d(steps, y.steps)
    if not len(both):
        return None, 0.0
    squares, target = (s.values[np.isin(s.steps, both)] ** 2 for s in (y, expected))
    return float(squares @ target / (target @ target)), float(target[0])
