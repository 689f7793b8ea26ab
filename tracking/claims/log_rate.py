"""A measure grows as fast as the logarithm of time, late in training: its slope against log t lies between two numbers.

CBMM Memo 90, Section 14: of K layers with norms rho_k and normalised output f~, the margin P f~, P = prod_k rho_k, is

    P f~ = log t + (2 - 2/K) log log t + O(1),

of slope 1 + (2 - 2/K) / log t: faster than the logarithm, by less and less. Time is steps times the learning rate, so
that slopes against the logarithm of either are the same.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from tracking.verdicts.per_cell import each_cell
from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The slope is that of a least-squares line through the last steps, in every trial."""

    name: Literal["log_rate"] = "log_rate"
    y: str = Field("margin", description="The measure that grows.")
    split: Literal["train", "test", ""] = Field("train", description="The split of y.")
    low: float = Field(description="The slope must be at least this.")
    high: float = Field(description="The slope must be at most this.")
    since: float = Field(0.3, gt=0, lt=1, description="The part of all steps at which the last ones begin.")
    points: int = Field(5, ge=3, description="Recorded steps that are needed from there on.")

    @model_validator(mode="after")
    def _low_is_below_high(self) -> "Settings":
        if not self.low < self.high:
            raise ValueError(f"`low < high` must hold, got {self.low:g} and {self.high:g}")
        return self


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs `points` recorded steps in every trial."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    late = [_late(h, settings.since) for h in histories(frame, settings.y, settings.split).values()]
    fewest = min(len(h.steps) for h in late)
    if fewest < settings.points:
        return "not enough data", {"points": fewest}
    slopes = [float(np.polyfit(np.log(h.steps), h.values, 1)[0]) for h in late]
    evidence: Evidence = {"smallest_slope": min(slopes), "largest_slope": max(slopes), "points": fewest}
    return "holds" if settings.low <= min(slopes) and max(slopes) <= settings.high else "fails", evidence


def _late(history: History, since: float) -> History:
    """The steps from that part of the last one on, without step 0."""
    return history.since(max(int(np.ceil(since * history.steps[-1])), 1))
