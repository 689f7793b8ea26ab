"""Perturbed networks change more than unperturbed ones: a measure, from when the training set is fitted to the end.

The first step with training error 0 is one at which chance is on the network's side, in all that goes with the training
error: from there to the end a measure gets worse even where nothing happens. The recorded step before it, with errors
left, is one at which chance is against it. So the change from either of them is compared; whichever way a measure goes
with the training error, chance favours the statement at one of the two at most.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import Criterion, all_of, opposed
from tracking.verdicts.estimate import Estimate, difference, mean_of, rounding
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers, Run

SAME = 1e-5  # relative difference of values of two trials that were the same until one was perturbed


class Changes(NamedTuple):
    """Of the trials of a cell [n], by their seeds. starts [n, S]: y at the first fitted step and at the recorded one
    before it; at the first alone where every trial begins fitted. ends [n]. step: what changes are multiples of."""

    seeds: tuple[int, ...]
    starts: Numbers
    ends: Numbers
    step: float

    def from_each(self) -> list[Numbers]:
        """The changes from each start, [n] each."""
        return [self.ends - start for start in self.starts.T]

    def means(self) -> list[Estimate]:
        """Their means over seeds."""
        return [mean_of(one, step=self.step) for one in self.from_each()]

    def above(self, other: "Changes", share: float = 1.0) -> list[Estimate]:
        """The mean of a share of them minus that of another cell: seed by seed where trials of a seed have the same
        starts in both, since chance favours neither then; else from each start of the one and each of the other."""
        one, two = self.from_each(), other.from_each()
        if self.seeds == other.seeds and np.allclose(self.starts, other.starts, rtol=SAME, atol=0):
            return [mean_of(share * a - b, step=self.step) for a, b in zip(one, two, strict=True)]
        return [difference(share * a, b) for a, b in product(one, two)]


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
            "95 % intervals over seeds (Student for the change; against the control Student, seed by seed, where both "
            f"are the same until then, else Welch) of the change of {self.y} from training error {self.fitted:g} to "
            f"the end: it is{self._wanted()}, both from the first step with that error and from the recorded one "
            "before it"
        )

    def found(self) -> str:
        what = named(self.y, self.split)
        return (
            f"from when the training set is fitted to the end {what} changes by {{interval}}, and in the control by "
            "{control}; "
            "the difference is {excess_interval}"
        )

    def judge(self, line: Line) -> Finding:
        """Every kind of perturbation is compared with the control; all trials must fit their training set."""
        starts = [self._starts(run) for run in line.runs]
        unfitted = sum(not one for one in starts)
        control = [cell for cell in line.cells if cell.arm == "control"]
        others = [cell for cell in line.cells if cell.arm == "others"]
        if unfitted or not control or not others:
            return lacking(
                "a trial does not fit its training set, or there is no trial of one of the arms", unfitted=unfitted
            )
        if len({len(one) for one in starts}) > 1:
            return lacking("some trials fit their training set at their first recorded step, and others later")
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
        """The change that is smaller and the difference that is smaller are evidence."""
        more, less = self._changes(other), self._changes(base)
        change, excess = (min(found, key=lambda one: one.low) for found in (more.means(), more.above(less)))
        numbers: Evidence = {"change": change.mean, "interval": change.interval}
        numbers |= {
            "control": float(less.from_each()[0].mean()),
            "excess": excess.mean,
            "excess_interval": excess.interval,
        }
        return all_of(self._criteria(more, less)), numbers

    def _criteria(self, more: Changes, less: Changes) -> Iterator[Criterion]:
        """What is asked of the changes of perturbed networks and of the control."""
        if self.change is not None:
            yield _from_each(more.means(), self.change)
        if self.margin is not None:
            yield _from_each(more.above(less), self.margin)
        if self.share is not None:
            yield _from_each(more.above(less, self.share), 0.0)

    def _changes(self, cell: Cell) -> Changes:
        starts = np.array([self._starts(run) for run in cell.runs])
        seeds = tuple(run.seed for run in cell.runs)
        return Changes(seeds, starts, cell.last("y"), rounding(cell, self.y, self.split))

    def _starts(self, run: Run) -> list[float]:
        """y when the training set was first fitted, and before, if it was recorded; nothing where it never is."""
        fitted, y = run.series["error"].first_at_most(self.fitted), run.series["y"]
        if fitted is None or fitted > y.steps[-1]:
            return []
        before = y.until(fitted - 1).values
        return [float(y.since(fitted).values[0]), *before[-1:].tolist()]

    def _wanted(self) -> str:
        parts = [] if self.change is None else [f" by more than {self.change:g}"]
        parts += [] if self.margin is None else [f" by more than {self.margin:g} more than in the control"]
        parts += [] if self.share is None else [f" so that the control's change is below {self.share:g} of it"]
        return " and".join(parts)


def _from_each(found: Sequence[Estimate], bound: float) -> Criterion:
    """That what is estimated from several starts exceeds a bound, whichever start it is; it fails if from none."""
    return opposed(all_of(one.above(bound) for one in found), all_of(one.at_most(bound) for one in found))
