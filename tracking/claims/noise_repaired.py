"""Descent repairs what noise broke: before each perturbation the training risk is back below a tolerance.

The perturbations are those of the settings `noise_every` and `noise_until` of the experiment `regression`.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.cells import each_cell, table
from tracking.verdict import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.frame import Frame


class Settings(Claim):
    """Every trial and every perturbation counts."""

    name: Literal["noise_repaired"] = "noise_repaired"
    y: str = Field("risk", description="The measure that must return.")
    split: Literal["train", "test", ""] = Field("train", description="The split of y.")
    tolerance: float = Field(1e-5, gt=0, description="What y must be below, before the next perturbation.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two perturbations, and that they did damage: y one step later above the tolerance, in the mean."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    found = table(frame, settings.y, settings.split)
    first = frame.trials.iloc[0]
    last = min(int(first["noise_until"]), int(found.steps[-1])) if first["noise"] else 0
    noisy = np.arange(int(first["noise_every"]), last + 1, int(first["noise_every"]))
    ready, broken = found.at(noisy[1:]), found.at(noisy[:-1] + 1)
    if not ready.size or not broken.size or broken.mean() <= settings.tolerance:
        return "not enough data", {"perturbations": len(noisy)}
    evidence: Evidence = {
        "largest_before_the_next": float(ready.max()),
        "mean_one_step_after": float(broken.mean()),
        "returned": float((ready <= settings.tolerance).mean()),
        "perturbations": len(noisy),
    }
    return ("holds" if ready.max() <= settings.tolerance else "fails"), evidence
