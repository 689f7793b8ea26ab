"""The risk overfits: wherever the training set is fitted, the last test risk is far above the best epoch's.

The best epoch is "optimal early stopping": where the test risk of a trial is smallest.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds are compared, at every x where the training error is at most `fitted`."""

    name: Literal["risk_overfits"] = "risk_overfits"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("risk", description="The measure that overfits.")
    factor: float = Field(1.2, ge=1, description="What the ratio, last over best, must exceed at every such x.")
    at_most: float | None = Field(None, ge=1, description="What the ratio must not exceed; for claims of a small one.")
    fitted: float = Field(0.0, ge=0, description="The training error, mean over seeds, that counts as interpolation.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs one x where the training set is fitted."""
    quantities = {
        "last": Quantity(settings.y, "test"),
        "best": Quantity(settings.y, "test", "best"),
        "train_error": Quantity("error", "train"),
    }
    return each_line(frame, settings.x, quantities, lambda points: _check(points, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    fitted = points[points["train_error"] <= settings.fitted]
    if fitted.empty:
        return "not enough data", {"smallest_train_error": float(points["train_error"].min()), "fitted_points": 0}
    ratio = (fitted["last"] / fitted["best"]).tolist()
    evidence: Evidence = {
        "x": fitted["x"].tolist(),
        "ratio": ratio,
        "smallest_ratio": min(ratio),
        "largest_ratio": max(ratio),
    }
    small_enough = settings.at_most is None or max(ratio) <= settings.at_most
    return "holds" if min(ratio) > settings.factor and small_enough else "fails", evidence
