"""More data, lower test error: it falls with the training size, in rank and by a margin that matters."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds at the last step are compared."""

    name: Literal["more_data_helps"] = "more_data_helps"
    x: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    y: str = Field("error", description="The measure that must fall, on the test split.")
    spearman: float = Field(-0.95, ge=-1, le=0, description="Rank correlation of x and y must be at most this.")
    gain: float = Field(0.15, ge=0, description="By how much y at the largest x must be below y at `from_size`.")
    from_size: float = Field(
        1000, gt=0, description="The size compared with; if not swept, the next smaller, or smallest."
    )


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs three training sizes."""
    return each_line(frame, settings.x, {"y": Quantity(settings.y, "test")}, lambda points: _check(points, settings))


def _check(points: "pd.DataFrame", settings: Settings) -> Judged:
    from scipy.stats import spearmanr

    if len(points) < 3:
        return "not enough data", {"points": len(points)}
    constant = points["y"].nunique() == 1
    rank = 0.0 if constant else float(spearmanr(points["x"], points["y"]).statistic)
    before = points.iloc[max(int((points["x"] <= settings.from_size).sum()) - 1, 0)]
    last = points.iloc[-1]
    evidence: Evidence = {
        "spearman": rank,
        "gain": float(before["y"] - last["y"]),
        "from": float(before["y"]),
        "from_x": float(before["x"]),
        "at_largest": float(last["y"]),
        "largest_x": float(last["x"]),
    }
    return "holds" if rank <= settings.spearman and evidence["gain"] > settings.gain else "fails", evidence  # type: ignore[operator]
