"""A measure lies between two numbers: in every trial, or in the mean over seeds of every cell."""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.analysis.statistics.intervals import ANY
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import said
from tracking.verdicts.estimate import counted_on, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Numbers, Run


class Settings(Claim):
    """The last value counts, or every one from a given step, or from a given value of another measure, on."""

    name: Literal["bounded"] = "bounded"
    y: Y = Field(description="The measure.")
    split: Split = Field("", description="The split of y.")
    layer: str = Field("", description="The layer of y.")
    low: float | None = Field(None, description="y must be at least this.")
    high: float | None = Field(None, description="y must be at most this.")
    at: Literal["last", "every"] = Field("last", description="Which steps count.")
    clock: str = Field("step", description="With at every: `step`, or the measure (time) that says when.")
    after: float | None = Field(None, description="With at every: only where the clock is beyond this.")
    mean: bool = Field(False, description="Whether the mean over seeds of the last value is compared.")

    @model_validator(mode="after")
    def _bounds_something(self) -> "Settings":
        if self.low is None and self.high is None:
            raise ValueError("bounded needs low, high, or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"`low <= high` must hold, got {self.low:g} and {self.high:g}")
        if self.mean and self.at == "every":
            raise ValueError("mean goes with at: last; leave one of them out")
        if self.at == "last" and (self.clock != "step" or self.after is not None):
            raise ValueError("clock and after go with at: every")
        return self

    def needs(self, settings: frozenset[str]) -> Needs:
        found = {"y": Measured(self.y, self.split, self.layer, at=self.at)}
        if self.clock != "step":
            found["clock"] = Measured(self.clock, at="every")
        return Needs(found, per="cell", each_trial=not self.mean)

    def tested(self) -> str:
        what = named(self.y, self.split, self.layer)
        when = "" if self.at == "last" else " at every step" + self._when()
        who = "The mean over seeds of" if self.mean else "In every trial"
        return f"{who} {what} is {self._range()}{when}."

    def criterion(self) -> str:
        if self.mean:
            return f"the 95 % interval (Student) of the mean of the last values is {self._range()}"
        return f"{'the last value' if self.at == 'last' else 'every value' + self._when()} is {self._range()}"

    def found(self) -> str:
        what = named(self.y, self.split, self.layer)
        if self.mean:
            return f"the mean of {what} is {{interval}}"
        over = ", over {values} recorded values" if self.at == "every" else ""
        return f"{what} is from {{smallest}} to {{largest}}{over}"

    def judge(self, line: Line) -> Finding:
        low, high = (-np.inf if self.low is None else self.low), (np.inf if self.high is None else self.high)
        if self.mean:
            (cell,) = line.cells
            y = cell.last("y")
            within = line.bounds.get("y", ANY).holding(y)
            found = mean_of(y, bounds=within, examples=counted_on(cell, self.y, self.split))
            return Finding(found.within(low, high), {"mean": found.mean, "interval": found.interval})
        counted = [self._counted(run) for run in line.runs]
        if not all(len(values) for values in counted):
            return lacking(f"a trial has no value{self._when()}")
        values = np.concatenate(counted)
        smallest, largest = float(values.min()), float(values.max())
        numbers: Evidence = {"smallest": smallest, "largest": largest, "values": len(values)}
        return Finding(said(low <= smallest and largest <= high, min(smallest - low, high - largest)), numbers)

    def _counted(self, run: Run) -> Numbers:
        """The values of a trial that count."""
        y = run.series["y"]
        if self.after is None:
            return y.values
        if self.clock == "step":
            return y.values[y.steps > self.after]
        clock = run.series["clock"]
        first = int(clock.steps[0])
        late = [int(step) >= first and clock.at(int(step)) > self.after for step in y.steps]
        kept: Numbers = y.values[np.array(late, dtype=bool)]
        return kept

    def _range(self) -> str:
        if self.low is None or self.high is None:
            return f"at most {self.high:g}" if self.low is None else f"at least {self.low:g}"
        return f"between {self.low:g} and {self.high:g}"

    def _when(self) -> str:
        return "" if self.after is None else f" where {self.clock} is beyond {self.after:g}"
