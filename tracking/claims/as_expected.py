"""A mean over seeds is what an exact expectation says: within a relative tolerance, at the last step."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.per_cell import each_cell, standard_error, table
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """`y` is compared with the measure `expected` of the same split."""

    name: Literal["as_expected"] = "as_expected"
    y: str = Field("norm", description="The measure that is averaged.")
    expected: str = Field("expected_norm", description="The measure that holds its expectation.")
    split: Literal["train", "test", ""] = Field("", description="The split of both.")
    tolerance: float = Field(0.03, gt=0, description="Relative difference that is allowed.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Holds within the tolerance, fails outside of it by more than two standard errors; else not enough data."""
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    last = table(frame, settings.y, settings.split).values[:, -1]
    expected = float(table(frame, settings.expected, settings.split).values[:, -1].mean())
    off = float(last.mean() / expected - 1)
    evidence: Evidence = {"mean": float(last.mean()), "expected": expected, "relative_difference": off}
    if abs(off) <= settings.tolerance:
        return "holds", evidence
    if len(last) < 2:
        return "not enough data", evidence
    doubt = 2 * standard_error(last) / abs(expected)
    return ("fails" if abs(off) - doubt > settings.tolerance else "not enough data"), evidence | {"doubt": doubt}
