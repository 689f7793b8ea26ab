"""Perturbations make the norm of the weights grow by as much as adding independent noise does.

Noise with relative standard deviation r adds r^2 to the square of the norm (in its own units: weights have mean 0),
so that after m perturbations, if descent takes nothing back, ||W|| / ||W_before|| is

    (1 + r^2)^(m/2)      with the current weights as reference         (CBMM Memo 90, Section 6 and Figure 5)
    (1 + m r^2)^(1/2)    with the initial ones
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from tracking.cells import each_cell, table
from tracking.named import Refused
from tracking.verdict import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.frame import Frame


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
    counts, norm = table(frame, "perturbations"), table(frame, settings.y)
    times = counts.max(axis=1)
    if times.min() < settings.perturbations:
        return "not enough data", {"perturbations": float(times.min())}
    grown = [_growth(counts.loc[t].dropna(), norm.loc[t].dropna()) for t in counts.index]
    expected = [_expected(frame.trials.loc[t], float(times[t])) for t in counts.index]
    off = [abs(g / e - 1) for g, e in zip(grown, expected, strict=True)]
    evidence: Evidence = {"growth": grown, "expected": expected, "largest_difference": max(off)}
    evidence["perturbations"] = float(times.mean())
    return "holds" if max(off) <= settings.within else "fails", evidence


def _growth(count: Any, norm: Any) -> float:
    first = count.index[count == 0].max()
    return float(norm.iloc[-1] / norm[:first].iloc[-1])


def _expected(trial: Any, m: float) -> float:
    r = float(trial["perturbation.relative_std"])
    current = trial["perturbation.noise_reference"] == "current"
    return float((1 + r**2) ** (m / 2) if current else (1 + m * r**2) ** 0.5)
