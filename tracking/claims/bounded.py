"""A measure lies between two numbers: in every trial, or in the mean over seeds of every cell."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.cells import each_cell, table
from tracking.verdict import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.frame import Frame


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
    after: float = Field(0.0, description="With at every: only where the clock is beyond this.")
    mean: bool = Field(False, description="Whether the mean over seeds is compared, and not every trial.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs one value in every cell."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    values = table(frame, settings.y, settings.split, settings.layer)
    if settings.at == "last":
        values = values.ffill(axis=1).iloc[:, [-1]]
    elif settings.clock == "step":
        values = values.loc[:, [step for step in values.columns if step > settings.after]]
    else:
        values = values.where(table(frame, settings.clock) > settings.after)
    found = (values.mean() if settings.mean else values.stack()).dropna()
    if found.empty:
        return "not enough data", {"values": 0}
    evidence: Evidence = {"smallest": float(found.min()), "largest": float(found.max()), "values": len(found)}
    inside = (settings.low is None or found.min() >= settings.low) and (
        settings.high is None or found.max() <= settings.high
    )
    return "holds" if inside else "fails", evidence
