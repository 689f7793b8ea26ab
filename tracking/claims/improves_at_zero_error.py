"""The test error falls with the training size also among those sizes where the training error is already zero."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["improves_at_zero_error"] = "improves_at_zero_error"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    fitted: float = Field(
        0.005, ge=0, description="The training error, mean over seeds, below which it counts as zero."
    )


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two training sizes that are fitted."""
    quantities = {"test": Quantity("error", "test"), "train": Quantity("error", "train")}
    return each_line(frame, settings.x, quantities, lambda points: _check(points, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    fitted = points[points["train"] < settings.fitted]
    evidence: Evidence = {"fitted_x": fitted["x"].tolist(), "test_error": fitted["test"].tolist()}
    if len(fitted) < 2:
        return "not enough data", evidence
    return "holds" if bool((np.diff(fitted["test"]) < 0).all()) else "fails", evidence
