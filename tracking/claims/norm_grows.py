"""Perturbations make the norm of the weights grow by as much as adding independent noise does.

Noise with relative standard deviation r adds r^2 to the square of the norm (in its own units: weights have mean 0),
so that after m perturbations, if descent takes nothing back, ||W|| / ||W_before|| is

    (1 + r^2)^(m/2)      with the current weights as reference         (CBMM Memo 90, Section 6 and Figure 5)
    (1 + m r^2)^(1/2)    with the initial ones
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tracking.common.errors import Refused
from tracking.verdicts.per_cell import each_cell
from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The growth from the step of the first perturbation to the last recorded step, in every trial."""

    name: Literal["norm_grows"] = "norm_grows"
    y: str = Field("norm", description="The measure that grows.")
    within: float = Field(0.25, gt=0, description="Relative difference from the expected growth that is allowed.")
    perturbations: int = Field(1, ge=1, description="Perturbations that every trial needs.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs the settings of the perturbation `gaussian`."""
    if "perturbation.relative_std" not in frame.trials:
        raise Refused("norm_grows needs trials with the perturbation 'gaussian'; choose them with `where`")
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    counts, norms = histories(frame, "perturbations"), histories(frame, settings.y)
    times = {trial: float(count.values[-1]) for trial, count in counts.items()}
    if len(times) < len(frame.trials) or min(times.values()) < settings.perturbations:
        return "not enough data", {"perturbations": min(times.values()), "perturbed_trials": len(times)}
    grown = [float(norms[t].values[-1] / norms[t].at(_first(counts[t]))) for t in times]
    expected = [_expected(frame.trials.loc[t], m) for t, m in times.items()]
    off = [abs(g / e - 1) for g, e in zip(grown, expected, strict=True)]
    evidence: Evidence = {"growth": grown, "expected": expected, "largest_difference": max(off)}
    evidence["perturbations"] = list(times.values())
    return "holds" if max(off) <= settings.within else "fails", evidence


def _first(count: History) -> int:
    """The step at the end of which the weights were perturbed for the first time."""
    return int(count.steps[count.values == count.values[0]][-1])


def _expected(trial: Any, m: float) -> float:
    r = float(trial["perturbation.relative_std"])
    current = trial["perturbation.noise_reference"] == "current"
    return float((1 + r**2) ** (m / 2) if current else (1 + m * r**2) ** 0.5)
