"""A measure grows from one step to the last: by more than chance explains, seed by seed.

With too few seeds to tell, it says so, and which growth they could show: "not enough data" is not "no growth".
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tracking.verdicts.per_cell import each_cell, standard_error, table
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """The difference is taken within each trial, then averaged."""

    name: Literal["grows_between"] = "grows_between"
    y: str = Field(description="The measure that must grow.")
    split: Literal["train", "test", ""] = Field("test", description="The split of y.")
    since: int = Field(ge=0, description="The step that the last one is compared with; if not recorded, the next one.")
    errors: float = Field(2.0, ge=0, description="Standard errors that the mean growth must exceed.")
    at_least: float = Field(0.0, ge=0, description="Growth that is asked for, in units of y.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Holds where the mean growth is above `at_least` by `errors` standard errors, fails where it is below by as many.

    Between the two there is not enough data. A measure that is the same in all seeds has no error.
    """
    return each_cell(frame, lambda cell: _check(cell, settings))


def _check(frame: "Frame", settings: Settings) -> Judged:
    late = table(frame, settings.y, settings.split).since(settings.since)
    if late.shape[1] < 2:
        return "not enough data", {"steps": late.shape[1]}
    growth = late[:, -1] - late[:, 0]
    if len(growth) < 2 and settings.errors:
        return "not enough data", {"trials": len(growth)}
    mean, error = float(growth.mean()), standard_error(growth) if len(growth) > 1 else 0.0
    evidence: Evidence = {"growth": mean, "standard_error": error, "from": float(late[:, 0].mean())}
    beyond, doubt = mean - settings.at_least, settings.errors * error
    if beyond > doubt:
        return "holds", evidence
    if -beyond >= doubt:
        return "fails", evidence
    return "not enough data", evidence | {"smallest_visible_growth": settings.at_least + doubt}
