"""From a given step on nothing changes: in every trial, a measure stays within a tolerance."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.per_cell import each_cell, table
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The largest minus the smallest value from `after` on is compared."""

    name: Literal["settles"] = "settles"
    y: str = Field(description="The measure that must stay where it is.")
    split: Literal["train", "test", ""] = Field("", description="The split of y.")
    after: int = Field(ge=0, description="The first step that counts.")
    tolerance: float = Field(ge=0, description="How much y may vary, in its own units.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two recorded steps from `after` on. How much y varies in the whole run is evidence."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    found = table(frame, settings.y, settings.split)
    late = found.since(settings.after)
    if late.shape[1] < 2:
        return "not enough data", {"steps": late.shape[1], "after": settings.after}
    change, whole = (float(np.ptp(values, axis=1).max()) for values in (late, found.values))
    evidence: Evidence = {"largest_change": change, "in_the_whole_run": whole, "steps": late.shape[1]}
    return ("holds" if change <= settings.tolerance else "fails"), evidence
