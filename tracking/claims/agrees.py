"""Two kinds of trials agree: the means of a measure over seeds differ by less than a tolerance."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.analysis.curve_spec import Scalar
from tracking.analysis.grouping import selected
from tracking.verdicts.verify import Claim, Evidence, Judged, varied, welch

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Both kinds are compared wherever the other settings that vary are equal, at the last step."""

    name: Literal["agrees"] = "agrees"
    one: dict[str, Scalar] = Field(min_length=1, description="Settings of the one kind.")
    other: dict[str, Scalar] = Field(min_length=1, description="The same settings, of the other kind.")
    also: tuple[str, ...] = Field((), description="Settings that may differ with them (a learning rate of its own).")
    y: str = Field("error", description="The measure that must agree.")
    split: Literal["train", "test", ""] = Field("test", description="The split of y.")
    tolerance: float = Field(0.02, gt=0, description="What the difference of the means must be below, in units of y.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs trials of both kinds. The pair that differs most decides; its 95 % interval is evidence."""
    free = [v for v in varied(frame) if v not in (*settings.one, *settings.other, *settings.also)]
    sides = [_points(selected(frame, dict(side)), free, settings) for side in (settings.one, settings.other)]
    both = sides[0].merge(sides[1], on="where", suffixes=("_one", "_other"))
    if both.empty:
        return "not enough data", {"pairs": 0}
    worst = both.loc[[(both["y_one"] - both["y_other"]).abs().idxmax()]]
    one, other = (_side(worst, kind) for kind in ("_one", "_other"))
    difference, half = welch(one, other, "y")
    evidence: Evidence = {"difference": difference, "interval": half, "pairs": len(both)}
    evidence |= {"one": float(one["y"]), "other": float(other["y"])}
    return "holds" if abs(difference) < settings.tolerance else "fails", evidence


def _points(frame: "Frame", free: list[str], settings: Settings) -> "pd.DataFrame":
    """Columns where (the free settings), y, y_sd, n."""
    values = frame.last(settings.y, settings.split)
    place = frame.trials.loc[values.index, free].astype(str).agg(", ".join, axis=1) if free else ""
    found = values.to_frame("y").assign(where=place).groupby("where")["y"].agg(["mean", "std", "size"]).reset_index()
    return found.set_axis(["where", "y", "y_sd", "n"], axis=1)


def _side(pair: "pd.DataFrame", kind: str) -> "pd.Series[float]":
    return pair[[f"{c}{kind}" for c in ("y", "y_sd", "n")]].set_axis(["y", "y_sd", "n"], axis=1).iloc[0]
