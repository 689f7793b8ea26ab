"""A measure grows as fast as the logarithm of time, late in training: its slope against log t lies between two numbers.

CBMM Memo 90, Section 14: of K layers with norms rho_k and normalised output f~, the margin P f~, P = prod_k rho_k, is

    P f~ = log t + (2 - 2/K) log log t + O(1),

of slope 1 + (2 - 2/K) / log t: faster than the logarithm, by less and less. Time is steps times the learning rate, so
that slopes against the logarithm of either are the same.

A slope alone shows no logarithm: a straight line in t, t^2 and a jump have one, too. So the largest residual from the
line in log t must be a small part of the rise along it: over the last 70 % of the steps, of five points or more, it is
 0.08 of the rise or more for t, 0.04 for its root, 0.16 for t^2, 0.3 for a jump, and 0.002 for the law above.
"""

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Series


class Fit(NamedTuple):
    """A least-squares line in log t. residual: the largest, as a part of the rise along the line."""

    slope: float
    residual: float


class Settings(Claim):
    """The slope is that of a least-squares line through the last steps, in every trial."""

    name: Literal["log_rate"] = "log_rate"
    y: Y = Field("margin", description="The measure that grows.")
    split: Split = Field("train", description="The split of y.")
    low: float = Field(description="The slope must be at least this.")
    high: float = Field(description="The slope must be at most this.")
    since: float = Field(0.3, gt=0, lt=1, description="The part of all steps at which the last ones begin.")
    points: int = Field(5, ge=5, description="Recorded steps that are needed from there on.")
    residual: float = Field(
        0.03, gt=0, lt=0.08, description="The largest residual from the line, as a part of the rise along it."
    )

    @model_validator(mode="after")
    def _low_is_below_high(self) -> "Settings":
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, got {self.low:g} and {self.high:g}")
        return self

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs({"y": Measured(self.y, self.split, at="every")}, per="cell", each_trial=True)

    def tested(self) -> str:
        what = named(self.y, self.split)
        return f"Late in training {what} grows as log t, with a slope from {self.low:g} to {self.high:g}."

    def criterion(self) -> str:
        return (
            f"in every trial, from {self.since:g} of the steps on, the slope against log t is between {self.low:g} and "
            f"{self.high:g}, and no residual is above {self.residual:g} of the rise"
        )

    def found(self) -> str:
        return (
            f"the slope of {named(self.y, self.split)} against log t is from {{smallest_slope}} to {{largest_slope}}; "
            "the largest residual is {largest_residual} of the rise"
        )

    def judge(self, line: Line) -> Finding:
        late = [_late(run.series["y"], self.since) for run in line.runs]
        fewest = min(len(series.steps) for series in late)
        if fewest < self.points:
            return lacking(
                f"a trial has fewer than {count_of(self.points, 'recorded step')} from {self.since:g} of all on",
                points=fewest,
            )
        fits = [_fit(series) for series in late]
        slopes, residual = [fit.slope for fit in fits], max(fit.residual for fit in fits)
        good = self.low <= min(slopes) and max(slopes) <= self.high and residual <= self.residual
        numbers: Evidence = {"smallest_slope": min(slopes), "largest_slope": max(slopes), "points": fewest}
        off = min(min(slopes) - self.low, self.high - max(slopes)) / (self.high - self.low)
        by = min(off, 1 - residual / self.residual)
        return Finding(said(good, by), {**numbers, "largest_residual": residual})


def _fit(series: Series) -> Fit:
    time = np.log(series.steps)
    slope, start = np.polyfit(time, series.values, 1)
    off = float(np.max(np.abs(series.values - start - slope * time)))
    rise = abs(float(slope)) * float(np.ptp(time))
    return Fit(float(slope), off / rise if rise > 0 else float("inf"))


def _late(series: Series, since: float) -> Series:
    """The steps from that part of the last one on, without step 0."""
    return series.since(max(int(np.ceil(since * series.steps[-1])), 1))
