"""Each perturbation makes the norm of the weights grow, and all of them by as much as adding independent noise does.

Noise with relative standard deviation r adds r^2 to the square of the norm (in its own units: weights have mean 0),
so that after m perturbations, if descent takes nothing back, ||W|| / ||W_before|| is

    (1 + r^2)^(m/2)      with the current weights as reference         (CBMM Memo 90, Section 6 and Figure 5)
    (1 + m r^2)^(1/2)    with the initial ones
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Numbers, Run


class Settings(Claim):
    """The growth from each perturbation to the next, and from the first one to the end, in every trial."""

    name: Literal["norm_grows"] = "norm_grows"
    y: str = Field("norm", description="The measure that grows.")
    within: float = Field(0.25, gt=0, description="Relative difference from the expected growth that is allowed.")
    perturbations: int = Field(1, ge=1, description="Perturbations that every trial needs.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, at="every"), "count": Measured("perturbations", at="every")}
        return Needs(measures, per="cell", each_trial=True)

    def tested(self) -> str:
        return f"{self.y} grows with every perturbation, and in all as with independent noise, within {self.within:g}."

    def criterion(self) -> str:
        return (
            f"in every trial {self.y} is larger before the next perturbation, or at the end, than before each, and its "
            f"growth in all is within a factor of 1 +- {self.within:g} of that of independent noise"
        )

    def found(self) -> str:
        return (
            f"{self.y} grows at {{grows_at}} of {{perturbations}} perturbations; "
            "from the first one to the end it grows by factors of {growth}, where independent noise gives {expected}: "
            "a relative difference of at most {largest_difference}"
        )

    def judge(self, line: Line) -> Finding:
        curves = [_before_each(run) for run in line.runs]
        fewest = min(len(curve) - 1 for curve in curves)
        if fewest < self.perturbations:
            return lacking(
                f"a trial has fewer than {count_of(self.perturbations, 'perturbation')}", perturbations=fewest
            )
        grown = [float(curve[-1] / curve[0]) for curve in curves]
        expected = [_expected(run, len(curve) - 1) for run, curve in zip(line.runs, curves, strict=True)]
        off = max(abs(g / e - 1) for g, e in zip(grown, expected, strict=True))
        rises = np.concatenate([np.diff(curve) > 0 for curve in curves])
        falls = int((~rises).sum())
        numbers: Evidence = {"growth": grown, "expected": expected, "largest_difference": off}
        numbers |= {"grows_at": int(rises.sum()), "perturbations": len(rises)}
        return Finding(said(not falls and off <= self.within, -falls if falls else self.within - off), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        if not all(trial.get("perturbation.name", "gaussian") == "gaussian" for trial in trials) or not all(
            "perturbation.relative_std" in trial for trial in trials
        ):
            yield "norm_grows needs trials with the perturbation 'gaussian'; choose them with `where`"


def _before_each(run: Run) -> Numbers:
    """The norm just before each perturbation, and at the end: one more than there are perturbations."""
    count, y = run.series["count"], run.series["y"]
    perturbed = count.steps[:-1][np.diff(count.values) > 0]
    return np.array([y.at(int(step)) for step in perturbed if len(y.until(int(step)).steps)] + [y.last])


def _expected(run: Run, m: int) -> float:
    r = run.number("perturbation.relative_std")
    current = run.settings["perturbation.noise_reference"] == "current"
    return float((1 + r**2) ** (m / 2) if current else (1 + m * r**2) ** 0.5)
