"""The test error is at chance: in every cell its mean over seeds is within a tolerance of guessing."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The test error at the last step is compared."""

    name: Literal["chance_error"] = "chance_error"
    chance: float = Field(0.9, gt=0, lt=1, description="The error of guessing: 0.9 for ten balanced classes.")
    tolerance: float = Field(0.01, gt=0, description="How far a cell's mean may be from it.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs one cell. The cell farthest from chance decides."""
    error = frame.last("error", "test")
    means = error.groupby(frame.trials["cell"].reindex(error.index)).mean()
    if means.empty:
        return "not enough data", {"cells": 0}
    away = (means - settings.chance).abs()
    evidence: Evidence = {
        "mean": float(means.mean()),
        "farthest": float(means.iloc[int(away.argmax())]),
        "away": float(away.max()),
        "cells": len(means),
    }
    return "holds" if evidence["away"] < settings.tolerance else "fails", evidence  # type: ignore[operator]
