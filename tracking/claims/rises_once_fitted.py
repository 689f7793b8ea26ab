"""A measure rises at every recorded step from the first one with training error 0: slow growth without perturbation."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.trajectories import histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Every trial counts. With batch norm the norms of the convolutions stay as they are, whatever the memo says."""

    name: Literal["rises_once_fitted"] = "rises_once_fitted"
    y: str = Field("norm", description="The measure that must rise.")
    split: Literal["train", "test", ""] = Field("", description="The split of y.")
    fitted: float = Field(0.0, ge=0, description="The training error that counts as fitted.")
    steps: int = Field(2, ge=2, description="Recorded steps from there on that every trial needs.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs trials that are fitted, with `steps` recorded steps from there on."""
    values, late = histories(frame, settings.y, settings.split), []
    for trial, error in histories(frame, "error", "train").items():
        fitted = error.first_at_most(settings.fitted)
        late.append(np.empty(0) if fitted is None else values[trial].since(fitted).values)
    shortest = min(len(y) for y in late)
    if shortest < settings.steps:
        return "not enough data", {"steps": shortest}
    rises = np.concatenate([np.diff(y) for y in late])
    evidence: Evidence = {
        "falls": int((rises <= 0).sum()),
        "smallest_rise": float(rises.min()),
        "largest_growth": max(float(y[-1] / y[0]) for y in late),
    }
    return "holds" if bool((rises > 0).all()) else "fails", evidence
