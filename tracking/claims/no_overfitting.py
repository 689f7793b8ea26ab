"""No overfitting: at the largest x, y is at most `tolerance` above its smallest value over x."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line, welch

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["no_overfitting"] = "no_overfitting"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    y: str = Field("error", description="The measure that must not get worse.")
    split: Literal["train", "test", ""] = Field("test", description="The split of y.")
    tolerance: float = Field(0.01, ge=0, description="How much worse than at the best x is no overfitting yet.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two values of x. The 95 % interval of the difference is evidence, not part of the criterion."""
    return each_line(frame, settings.x, {"y": Quantity(settings.y, settings.split)}, lambda p: _check(p, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    if len(points) < 2:
        return "not enough data", {"points": len(points)}
    largest, best = points.iloc[-1], points.iloc[int(points["y"].argmin())]
    difference, half = welch(largest, best, "y")
    evidence: Evidence = {
        "at_largest": largest["y"],
        "largest_x": largest["x"],
        "smallest": best["y"],
        "smallest_at_x": best["x"],
        "difference": difference,
    }
    if best["x"] < largest["x"] and half == half:
        evidence |= {"interval": half, "beyond_interval": "yes" if difference > half else "no"}
    return "holds" if difference <= settings.tolerance else "fails", evidence
