"""After every perturbation of the weights, gradient descent brings the training error (or risk) back, and in time.

Perturbations are found by the measure `perturbations`, the number of them before each step: the weights are perturbed
at the end of the last step at which it has a value.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Every perturbation of every trial counts."""

    name: Literal["returns_to_zero"] = "returns_to_zero"
    y: str = Field("error", description="The measure that must come back.")
    split: Literal["train", "test"] = Field("train", description="The split of y.")
    tolerance: float | Literal["first"] = Field(
        0.0, description="y must come back to at most this; `first`: to what it was before the first perturbation."
    )
    within: int = Field(100, gt=0, description="Steps in which it must be back.")
    perturbations: int = Field(1, ge=1, description="Perturbations that are needed, all trials together.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """One whose time was not over when the trial ended, and that had not come back, is left out (`undecided`)."""
    counts, values = histories(frame, "perturbations"), histories(frame, settings.y, settings.split)
    returns = [r for trial, count in counts.items() for r in _returns(count, values[trial], settings)]
    decided = [r for r in returns if r is not None]
    evidence: Evidence = {"perturbations": len(decided), "undecided": len(returns) - len(decided)}
    if len(decided) < settings.perturbations:
        return "not enough data", evidence
    back = [r for r in decided if r < float("inf")]
    evidence |= {"returned": len(back) / len(decided), "slowest": max(back, default=float("inf"))}
    return "holds" if len(back) == len(decided) else "fails", evidence


def _returns(count: History, y: History, settings: Settings) -> list[float | None]:
    """For each perturbation the steps until y is back, infinity if it is not, None where that is not decided."""
    perturbed = [int(step) for step in count.steps[:-1][np.diff(count.values) > 0]]
    if not perturbed:
        return []
    target = y.at(perturbed[0]) if settings.tolerance == "first" else settings.tolerance
    out: list[float | None] = []
    for start in perturbed:
        back = y.since(start + 1).first_at_most(target)
        over = int(y.steps[-1]) >= start + settings.within
        in_time = back is not None and back <= start + settings.within
        out.append(float(back - start) if back is not None and in_time else float("inf") if over else None)
    return out
