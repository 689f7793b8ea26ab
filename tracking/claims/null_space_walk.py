"""The weights' null-space part makes a random walk: its mean square grows with the perturbations as the noise says.

For each trial the squares of `y` are regressed on their exact expectation, through the origin, one point for each
number of perturbations. The mean slope over trials is 1 if the walk is that of the noise (CBMM Memo 90, Section 6).
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.per_cell import each_cell, standard_error, table
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Squares are compared, since it is the square of a walk's length whose expectation is known."""

    name: Literal["null_space_walk"] = "null_space_walk"
    y: str = Field("null_norm", description="The measure: a length.")
    expected: str = Field("expected_null_norm", description="The root of the expectation of its square.")
    errors: float = Field(3.0, gt=0, description="Standard errors by which the slope may differ from 1.")
    min_seeds: int = Field(8, ge=2, description="Finished trials that every cell needs; with fewer: not enough data.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs two trials, and perturbations. `squared_growth` is what one perturbation adds to the mean square."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    expected = table(frame, settings.expected).values[0]
    distinct, first = np.unique(expected, return_index=True)
    once = first[distinct > 0]
    if not len(once) or len(frame.trials) < 2:
        return "not enough data", {"perturbations": len(once), "repetitions": len(frame.trials)}
    squares, target = table(frame, settings.y).values[:, once] ** 2, expected[once] ** 2
    slopes = squares @ target / (target @ target)
    error, slope = standard_error(slopes), float(slopes.mean())
    evidence: Evidence = {
        "slope": slope,
        "standard_error": error,
        "squared_growth": slope * float(target[0]),
        "expected_growth": float(target[0]),
        "perturbations": len(once),
    }
    return ("holds" if abs(slope - 1) <= settings.errors * error else "fails"), evidence
