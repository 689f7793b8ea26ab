"""More capacity first helps, then hurts: y is smallest inside a range of x, and far larger at the largest x."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["overfits_eventually"] = "overfits_eventually"
    x: str = Field("degree", description="The setting or measure of capacity.")
    y: str = Field("risk", description="The measure, on the training and on the test split.")
    factor: float = Field(1e4, gt=1, description="By how much the test y at the largest x exceeds its smallest.")
    best_between: tuple[float, float] = Field((35, 110), description="Where along x the test y must be smallest.")
    fitted_from: float = Field(40, description="From this x on the training examples must be fitted.")
    fitted_below: float = Field(1e-6, gt=0, description="The training y that counts as fitted.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs an x within `best_between`, one below and one above it."""
    quantities = {"test": Quantity(settings.y, "test"), "train": Quantity(settings.y, "train")}
    return each_line(frame, settings.x, quantities, lambda points: _check(points, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    low, high = settings.best_between
    inside = points["x"].between(low, high)
    if not (inside.any() and (points["x"] < low).any() and (points["x"] > high).any()):
        return "not enough data", {"points": len(points), "best_between": [low, high]}
    best, last = points.iloc[int(points["test"].argmin())], points.iloc[-1]
    unfitted = float(points.loc[points["x"] >= settings.fitted_from, "train"].max())
    evidence: Evidence = {
        "smallest_test": float(best["test"]),
        "at": float(best["x"]),
        "test_at_largest": float(last["test"]),
        "largest": float(last["x"]),
        "ratio": float(last["test"] / best["test"]) if best["test"] > 0 else 0.0,
        "largest_train_once_fitted": unfitted,
    }
    grown = last["test"] > settings.factor * best["test"]
    return "holds" if grown and low <= best["x"] <= high and unfitted < settings.fitted_below else "fails", evidence
