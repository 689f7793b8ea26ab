"""Perturbed networks change more than unperturbed ones: a measure, from when the training set is fitted to the end."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.analysis.grouping import settings as settings_of
from tracking.common.errors import Refused
from tracking.common.plugins import unknown
from tracking.verdicts.trajectories import histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over trials, of both arms, are compared."""

    name: Literal["exceeds_control"] = "exceeds_control"
    y: str = Field("error", description="The measure that changes.")
    split: Literal["train", "test", ""] = Field("test", description="The split of y.")
    arm: str = Field("perturbation.name", description="The setting that tells the control from the others.")
    control: str | bool | float = Field("none", description="Its value in the control.")
    at_least: float = Field(0.02, description="What the change of y must exceed.")
    margin: float = Field(0.02, description="By how much it must exceed the change in the control.")
    share: float | None = Field(
        None, gt=0, description="If given, the control's change must be below this share of it."
    )
    fitted: float = Field(0.0, ge=0, description="The training error at which the comparison starts.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs fitted trials in both arms."""
    if settings.arm not in frame.trials:
        raise Refused(unknown("setting", settings.arm, settings_of(frame)))
    changes = _changes(frame, settings)
    arms = {trial: frame.trials[settings.arm][trial] == settings.control for trial in changes}
    control = [change for trial, change in changes.items() if arms[trial]]
    perturbed = [change for trial, change in changes.items() if not arms[trial]]
    if not perturbed or not control:
        return "not enough data", {"fitted_perturbed": len(perturbed), "fitted_control": len(control)}
    more, base = float(np.mean(perturbed)), float(np.mean(control))
    evidence: Evidence = {"change": more, "control": base, "smallest": min(perturbed)}
    slow = settings.share is None or base < settings.share * more
    return "holds" if more > settings.at_least and more - base > settings.margin and slow else "fails", evidence


def _changes(frame: "Frame", settings: Settings) -> dict[str, float]:
    """The last value of y minus that when the training set was first fitted, of the trials that fitted it."""
    values = histories(frame, settings.y, settings.split)
    found = {}
    for trial, error in histories(frame, "error", "train").items():
        fitted = error.first_at_most(settings.fitted)
        if fitted is not None and len(late := values[trial].since(fitted).values):
            found[trial] = float(late[-1] - late[0])
    return found
