"""Perturbed networks change more than unperturbed ones: a measure, from when the training set is fitted to the end."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.cells import table
from tracking.named import Refused, unknown
from tracking.points import settings as settings_of
from tracking.verdict import Claim, Evidence, Judged

if TYPE_CHECKING:
    import pandas as pd

    from tracking.frame import Frame


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
    change = changes(frame, settings.y, settings.split, settings.fitted)
    is_control = frame.trials[settings.arm].reindex(change.index) == settings.control
    perturbed, control = change[~is_control], change[is_control]
    if perturbed.empty or control.empty:
        return "not enough data", {"fitted_perturbed": len(perturbed), "fitted_control": len(control)}
    more, base = float(perturbed.mean()), float(control.mean())
    evidence: Evidence = {"change": more, "control": base, "smallest": float(perturbed.min())}
    slow = settings.share is None or base < settings.share * more
    return "holds" if more > settings.at_least and more - base > settings.margin and slow else "fails", evidence


def changes(frame: "Frame", y: str, split: str, fitted: float) -> "pd.Series[float]":
    """The last value of y minus that at the first step with so small a training error, of the trials that have one."""
    import pandas as pd

    error, values = table(frame, "error", "train"), table(frame, y, split)
    found = {}
    for trial, errors in error.iterrows():
        zero = errors.index[errors <= fitted]
        since = values.loc[trial].dropna()
        if len(zero) and len(since := since[since.index >= zero[0]]):
            found[trial] = float(since.iloc[-1] - since.iloc[0])
    return pd.Series(found, dtype=float)
