"""Random labels can be fitted: training error 0 at some step, in every trial with few examples per parameter."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The smallest training error over the recorded steps is compared."""

    name: Literal["fits_random_labels"] = "fits_random_labels"
    size: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    share: float = Field(
        0.2, gt=0, description="Training sets of at most so many examples per parameter must be fitted."
    )
    fitted: float = Field(0.0, ge=0, description="The training error that counts as fitted.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs one training size within the share. The largest size that all seeds fitted is evidence."""
    import pandas as pd

    error = frame.values("error", "train").groupby("trial", observed=True)["value"].min()
    found = pd.DataFrame({"error": error, "parameters": frame.last("parameters")})
    found["size"] = frame.trials[settings.size].reindex(found.index)
    found["fitted"] = found["error"] <= settings.fitted
    required = found[found["size"] <= settings.share * found["parameters"]]
    fitted = found.groupby("size")["fitted"].all()
    evidence: Evidence = {
        "largest_fitted": float(fitted[fitted].index.max()),
        "smallest_unfitted": float(fitted[~fitted].index.min()),
        "required_up_to": float(required["size"].max()),
    }
    if required.empty:
        return "not enough data", evidence
    evidence["largest_error_required"] = float(required["error"].max())
    return "holds" if bool(required["fitted"].all()) else "fails", evidence
