"""Curves do not cross: at every time, a measure rises (or falls) along a setting."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.common.errors import Refused
from tracking.common.plugins import unknown
from tracking.verdicts.per_cell import table
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds are compared, at the steps that all trials have."""

    name: Literal["ordered_along"] = "ordered_along"
    along: str = Field(description="The setting, a number.")
    y: str = Field(description="The measure that is compared.")
    split: Literal["train", "test", ""] = Field("", description="The split of y.")
    layer: str = Field("", description="The layer of y.")
    order: Literal["rising", "falling"] = Field(description="How y must change with the setting.")
    clock: str = Field("time", description="The measure that says when.")
    after: float = Field(0.0, ge=0, description="Only where the clock is beyond this.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two values of the setting and one step. `smallest_gap` is relative; it is negative where curves cross."""
    if settings.along not in frame.trials:
        raise Refused(unknown("setting", settings.along, sorted(frame.trials.columns)))
    clock, found = table(frame, settings.clock), table(frame, settings.y, settings.split, settings.layer)
    late = found.at(clock.steps[(clock.values > settings.after).all(axis=0)])
    late = late[:, np.isfinite(late).all(axis=0)]
    place = frame.trials[settings.along].reindex(found.trials).to_numpy()
    means = np.array([late[place == value].mean(axis=0) for value in np.unique(place)])
    if len(means) < 2 or not late.size:
        return "not enough data", {"values": len(means), "steps": late.shape[1]}
    gaps = np.diff(means, axis=0) / np.abs(means[:-1]) * (1 if settings.order == "rising" else -1)
    evidence: Evidence = {"smallest_gap": float(gaps.min()), "values": len(means), "steps": late.shape[1]}
    evidence["crossings"] = int((gaps <= 0).any(axis=0).sum())
    return ("holds" if gaps.min() > 0 else "fails"), evidence
