"""One event comes long after another: the test error falls to a level many times later than the training error.

Power et al. (2022), Figure 1: networks that fit their training set generalise much later (grokking).
"""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """The ratio of the steps at which the two events happen, on a logarithmic scale, averaged over seeds."""

    name: Literal["delay"] = "delay"
    y: str = Field("error", description="The measure of both events.")
    first: Split = Field("train", description="The split of the first event.")
    second: Split = Field("test", description="The split of the second.")
    first_at_most: float = Field(0.01, ge=0, description="The first event: y falls to this.")
    second_at_most: float = Field(0.05, ge=0, description="The second event: y falls to this.")
    factor: float = Field(10.0, gt=1, description="How many times as many steps the second event takes.")

    def needs(self, settings: frozenset[str]) -> Needs:
        first = Measured(self.y, self.first, at="every")
        return Needs({"first": first, "second": Measured(self.y, self.second, at="every")}, per="cell")

    def tested(self) -> str:
        return (
            f"{self.second.capitalize()} {self.y} falls to {self.second_at_most:g} more than {self.factor:g} times as "
            f"late as {self.first} {self.y} to {self.first_at_most:g}."
        )

    def criterion(self) -> str:
        return f"the 95 % interval (Student) of the mean log ratio of the steps is above log {self.factor:g}"

    def found(self) -> str:
        return (
            f"{self.second} {self.y} falls to {self.second_at_most:g} {{interval}} times as late as {self.first} "
            f"{self.y} to {self.first_at_most:g}: at steps {{second_steps}}, against {{first_steps}}; "
            "{both} of {trials} trials have both events, {first_only} the first only"
        )

    def judge(self, line: Line) -> Finding:
        """Every trial must have both events: of one that never generalises nobody knows how late it would."""
        (cell,) = line.cells
        first = [run.series["first"].first_at_most(self.first_at_most) for run in cell.runs]
        second = [run.series["second"].first_at_most(self.second_at_most) for run in cell.runs]
        both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
        counts: Evidence = {"both": len(both), "first_only": sum(a is not None for a in first) - len(both)}
        if len(both) < len(cell.runs) or min(map(min, both)) < 1:
            return lacking("a trial lacks one of the events, or has it at the start", **counts, trials=len(cell.runs))
        ratio = mean_of(np.log([b / a for a, b in both]))
        times = replace(ratio.at(1), centre=math.exp(ratio.mean), low=math.exp(ratio.low), high=math.exp(ratio.high))
        numbers: Evidence = {"ratio": times.centre, "interval": times.words()}
        numbers |= {"first_steps": [float(a) for a, _ in both], "second_steps": [float(b) for _, b in both]}
        return Finding(ratio.above(math.log(self.factor)), numbers)
