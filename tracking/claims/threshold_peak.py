"""The test risk peaks at the interpolation threshold: at the smallest x that fits its training set, or next to it."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["threshold_peak"] = "threshold_peak"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("risk", description="The measure that peaks, on the test split.")
    fitted: float = Field(0.0, ge=0, description="The training error, mean over seeds, that counts as interpolation.")
    points: int = Field(1, ge=0, description="How many points of the grid the peak may be away.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs a fitted x with points on either side: a peak at an end of the grid is none."""
    quantities = {"y": Quantity(settings.y, "test"), "train_error": Quantity("error", "train")}
    return each_line(frame, settings.x, quantities, lambda points: _check(points, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    fitted = [i for i, error in enumerate(points["train_error"]) if error <= settings.fitted]
    if not fitted or fitted[0] == 0 or fitted[0] == len(points) - 1:
        return "not enough data", {"points": len(points), "fitted_points": len(fitted)}
    peak, threshold = int(points["y"].argmax()), fitted[0]
    evidence: Evidence = {
        "peak": float(points["y"].max()),
        "peak_at_x": float(points["x"].iloc[peak]),
        "fitted_from_x": float(points["x"].iloc[threshold]),
        "at_largest": float(points["y"].iloc[-1]),
    }
    return "holds" if abs(peak - threshold) <= settings.points else "fails", evidence
