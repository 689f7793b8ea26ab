"""Generalization: the gap between test and training error is smaller for the largest training set."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["gap_shrinks"] = "gap_shrinks"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    y: str = Field("error", description="The measure whose gap, test minus train, must shrink.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two training sizes."""
    quantities = {"test": Quantity(settings.y, "test"), "train": Quantity(settings.y, "train")}
    return each_line(frame, settings.x, quantities, _check)


def _check(points: "pd.DataFrame") -> Judged:
    if len(points) < 2:
        return "not enough data", {"points": len(points)}
    gap = (points["test"] - points["train"]).tolist()
    evidence: Evidence = {"x": points["x"].tolist(), "gap": gap, "first_gap": gap[0], "last_gap": gap[-1]}
    return "holds" if gap[-1] < gap[0] else "fails", evidence
