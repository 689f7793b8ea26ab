"""A measure lies between two numbers: in every trial, or in the mean over seeds of every cell."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from tracking.verdicts.per_cell import each_cell
from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The last value counts, or every one from a given step, or from a given value of another measure, on."""

    name: Literal["bounded"] = "bounded"
    y: str = Field(description="The measure.")
    split: Literal["train", "test", ""] = Field("", description="The split of y.")
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
        if self.mean and self.at == "every":
            raise ValueError("mean goes with at: last; leave one of them out")
        return self


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs one value in every cell."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    found = [part for trial in _counted(frame, settings) if len(part := trial.values)]
    if not found:
        return "not enough data", {"values": 0}
    values = np.mean([part[-1] for part in found], keepdims=True) if settings.mean else np.concatenate(found)
    smallest, largest = float(values.min()), float(values.max())
    evidence: Evidence = {"smallest": smallest, "largest": largest, "values": len(values)}
    low, high = (
        (-np.inf if settings.low is None else settings.low),
        (np.inf if settings.high is None else settings.high),
    )
    return "holds" if low <= smallest and largest <= high else "fails", evidence


def _counted(frame: "Frame", settings: Settings) -> list[History]:
    """The values of each trial that count."""
    found = histories(frame, settings.y, settings.split, settings.layer)
    if settings.at == "last":
        return [h.since(int(h.steps[-1])) for h in found.values()]
    if settings.after is None:
        return list(found.values())
    clocks = found if settings.clock == "step" else histories(frame, settings.clock)
    late = []
    for trial, h in found.items():
        clock = h.steps if settings.clock == "step" else np.array([clocks[trial].at(int(step)) for step in h.steps])
        late.append(History(h.steps[clock > settings.after], h.values[clock > settings.after]))
    return late
