"""Random labels can be fitted: training error 0 at some step, in every trial with few examples per parameter."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line

RANDOM = "data.label_noise"


class Settings(Claim):
    """The smallest training error over the recorded steps is compared."""

    name: Literal["fits_random_labels"] = "fits_random_labels"
    size: str = Field("data.train_size", description="The setting that holds the number of training examples.")
    share: float = Field(
        0.2, gt=0, description="Training sets of at most so many examples per parameter must be fitted."
    )
    fitted: float = Field(0.0, ge=0, description="The training error that counts as fitted.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"error": Measured("error", "train", at="smallest"), "parameters": Measured("parameters")}
        return Needs(measures, x=self.size, each_trial=True)

    def tested(self) -> str:
        return (
            f"Random labels are fitted, to training error {self.fitted:g}, wherever there are at most {self.share:g} "
            "examples per parameter."
        )

    def criterion(self) -> str:
        return f"the smallest training error of every such trial is at most {self.fitted:g}"

    def found(self) -> str:
        return (
            "training sets of up to {required_up_to} examples must be fitted, and the largest training error of these "
            "is {largest_error_required}; "
            "the largest training set that every seed fits has {largest_fitted} examples; "
            "the smallest that some seed does not fit has {smallest_unfitted}"
        )

    def judge(self, line: Line) -> Finding:
        """The largest size that all seeds fitted is evidence."""
        fitted = {cell.x: bool((cell.last("error") <= self.fitted).all()) for cell in line.cells}
        required = [run for run in line.runs if run.x <= self.share * run.last("parameters")]
        numbers: Evidence = {
            name: float(x)
            for name, x in (
                ("largest_fitted", max((x for x, good in fitted.items() if good), default=None)),
                ("smallest_unfitted", min((x for x, good in fitted.items() if not good), default=None)),
                ("required_up_to", max((run.x for run in required), default=None)),
            )
            if x is not None
        }
        if not required:
            return lacking(f"no training set has at most {self.share:g} examples per parameter", **numbers)
        largest = max(run.last("error") for run in required)
        return Finding(
            said(largest <= self.fitted, self.fitted - largest), {**numbers, "largest_error_required": largest}
        )

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        """Labels that are not random show nothing."""
        given = {trial.get(RANDOM) for trial in trials}
        if given != {1.0}:
            values = ", ".join(sorted(map(str, given)))
            yield f"fits_random_labels needs random labels, {RANDOM} 1.0, got {values}; choose trials with `where`"
