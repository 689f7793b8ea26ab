"""Perturbed networks change more than unperturbed ones: a measure, from when the training set is fitted to the end."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import Criterion, all_of
from tracking.verdicts.estimate import difference, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers, Run


class Settings(Claim):
    """The change of each trial, averaged over the seeds of a cell, is compared with that of the control."""

    name: Literal["exceeds_control"] = "exceeds_control"
    y: Y = Field("error", description="The measure that changes.")
    split: Split = Field("test", description="The split of y.")
    arm: str = Field("perturbation.name", description="The setting that tells the control from the others.")
    control: str | bool | float = Field("none", description="Its value in the control.")
    change: float | None = Field(0.02, description="What the mean change of y must exceed.")
    margin: float | None = Field(0.02, description="By how much it must exceed the change in the control.")
    share: float | None = Field(
        None, gt=0, description="If given, the control's change must be below this share of it."
    )
    fitted: float = Field(0.0, ge=0, description="The training error at which the comparison starts.")

    @model_validator(mode="after")
    def _asks_something(self) -> "Settings":
        if self.change is None and self.margin is None and self.share is None:
            raise ValueError("exceeds_control needs change, margin or share")
        return self

    def needs(self, settings: frozenset[str]) -> Needs:
        """All settings beside the arm (of the perturbation) go with it."""
        group = self.arm.rpartition(".")[0]
        compared = tuple(sorted({self.arm, *(s for s in settings if group and s.startswith(f"{group}."))}))
        measures = {"y": Measured(self.y, self.split, at="every"), "error": Measured("error", "train", at="every")}
        return Needs(measures, compared=compared, arms={"control": {self.arm: self.control}, "others": None})

    def tested(self) -> str:
        return (
            f"Once fitted, {named(self.y, self.split)} changes{self._wanted()}, with "
            f"{self.arm} other than {self.control} against {self.control}."
        )

    def criterion(self) -> str:
        return (
            f"95 % intervals over seeds (Student for the change, Welch against the control) of the change of "
            f"{self.y} from training error {self.fitted:g} to the end: it is{self._wanted()}"
        )

    def found(self) -> str:
        what = named(self.y, self.split)
        return (
            f"from the first fitted step to the end {what} changes by {{interval}}, and in the control by {{control}}; "
            "the difference is {excess_interval}"
        )

    def judge(self, line: Line) -> Finding:
        """Every kind of perturbation is compared with the control; all trials must fit their training set."""
        unfitted = sum(self._change(run) is None for run in line.runs)
        control = [cell for cell in line.cells if cell.arm == "control"]
        others = [cell for cell in line.cells if cell.arm == "others"]
        if unfitted or not control or not others:
            return lacking(
                "a trial does not fit its training set, or there is no trial of one of the arms", unfitted=unfitted
            )
        found = [self._against(other, base) for other in others for base in control]
        _, numbers = min(found, key=lambda pair: pair[0].clearance)
        return Finding(all_of(criterion for criterion, _ in found), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        values = {trial.get(self.arm) for trial in trials}
        if not any(self.arm in trial for trial in trials):
            yield f"arm: no trial has the setting '{self.arm}'"
        elif self.control not in values:
            yield f"control: no trial has {self.arm} {self.control}; there are {', '.join(sorted(map(str, values)))}"
        elif len(values) < 2:
            yield f"arm: all trials have {self.arm} {self.control}; there is nothing to compare the control with"

    def _against(self, other: Cell, base: Cell) -> tuple[Criterion, Evidence]:
        more, less = (np.array([self._change(run) or 0.0 for run in cell.runs]) for cell in (other, base))
        change, excess = mean_of(more), difference(more, less)
        numbers: Evidence = {"change": change.mean, "interval": change.interval}
        numbers |= {"control": float(less.mean()), "excess": excess.mean, "excess_interval": excess.interval}
        return all_of(self._criteria(more, less)), numbers

    def _criteria(self, more: Numbers, less: Numbers) -> Iterator[Criterion]:
        """What is asked of the changes of perturbed networks and of the control."""
        if self.change is not None:
            yield mean_of(more).above(self.change)
        if self.margin is not None:
            yield difference(more, less).above(self.margin)
        if self.share is not None:
            yield difference(self.share * more, less).above(0.0)

    def _change(self, run: Run) -> float | None:
        """The last value of y minus that when the training set was first fitted; None where it never is."""
        fitted = run.series["error"].first_at_most(self.fitted)
        late = run.series["y"].since(fitted) if fitted is not None else None
        return late.last - float(late.values[0]) if late is not None and len(late.values) else None

    def _wanted(self) -> str:
        parts = [] if self.change is None else [f" by more than {self.change:g}"]
        parts += [] if self.margin is None else [f" by more than {self.margin:g} more than in the control"]
        parts += [] if self.share is None else [f" so that the control's change is below {self.share:g} of it"]
        return " and".join(parts)
