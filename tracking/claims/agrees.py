"""Two kinds of trials agree: the means of a measure over seeds differ by less than a tolerance."""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from tracking.analysis.specs.curve_spec import Scalar
from tracking.analysis.specs.quantity import Split, Y, named
from tracking.analysis.values import identity
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import Criterion, all_of
from tracking.verdicts.estimate import difference, of_cells
from tracking.verdicts.finding import Finding, lacking
from tracking.verdicts.line import Cell, Line


class Settings(Claim):
    """Both kinds are compared wherever the other settings that vary are equal, at the last step."""

    name: Literal["agrees"] = "agrees"
    one: dict[str, Scalar] = Field(min_length=1, description="Settings of the one kind.")
    other: dict[str, Scalar] = Field(min_length=1, description="Settings of the other kind.")
    also: tuple[str, ...] = Field((), description="Settings that may differ with them (a learning rate of its own).")
    y: Y = Field("error", description="The measure that must agree.")
    split: Split = Field("test", description="The split of y.")
    tolerance: float = Field(0.02, gt=0, description="What the difference of the means must be below, in units of y.")
    relative: bool = Field(False, description="Whether the tolerance is a part of the mean of the other kind instead.")

    def needs(self, settings: frozenset[str]) -> Needs:
        compared = (*self.one, *self.other, *self.also)
        arms = {"one": self.one, "other": self.other}
        return Needs({"y": Measured(self.y, self.split)}, compared=compared, arms=arms)

    def tested(self) -> str:
        return (
            f"{_text(self.one)} and {_text(self.other)} agree in {named(self.y, self.split)} within {self._within()}."
        )

    def criterion(self) -> str:
        return (
            f"the 95 % interval (Welch) of the difference of the means lies within +-{self._within()}, for every "
            "cell of the one kind with every cell of the other"
        )

    def found(self) -> str:
        what = named(self.y, self.split)
        return (
            f"mean {what} is {{one}} with {_text(self.one)} and {{other}} with {_text(self.other)}, in the two cells "
            "that differ most; the difference is {interval}"
        )

    def judge(self, line: Line) -> Finding:
        """The pair that differs most is the evidence."""
        one, other = ([cell for cell in line.cells if cell.arm == arm] for arm in ("one", "other"))
        pairs = [(a, b) for a in one for b in other]
        if not pairs:
            return lacking("one of the two kinds has no trial", one=len(one), other=len(other))
        found = [of_cells(a, b, self.y, self.split) for a, b in pairs]
        criterion = all_of(self._criterion(a, b) for a, b in pairs)
        far = max(range(len(found)), key=lambda i: abs(found[i].mean))
        a, b = pairs[far]
        means = {"one": float(a.last("y").mean()), "other": float(b.last("y").mean())}
        return Finding(criterion, {"difference": found[far].mean, "interval": found[far].interval, **means})

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        """Names no trial has, kinds that are none, and kinds that no two trials share the other settings of."""
        for field, kind in (("one", self.one), ("other", self.other)):
            if not any(_is(trial, kind) for trial in trials):
                yield f"{field}: no trial is {_text(kind)}"
        if any(_is(trial, self.one) and _is(trial, self.other) for trial in trials):
            yield f"a trial is both {_text(self.one)} and {_text(self.other)}; they must be different kinds"
        for name in self.also:
            if not any(name in trial for trial in trials):
                yield f"also: no trial has the setting '{name}'"
        one, other = ({self._place(t) for t in trials if _is(t, kind)} for kind in (self.one, self.other))
        if one and other and not one & other:
            differing = sorted({key for a, b in zip(min(one), min(other), strict=False) for key, _ in (a, b) if a != b})
            yield f"no trials of the two kinds are equal in the rest; they differ in {', '.join(differing)}: see `also`"

    def _place(self, trial: Trial) -> tuple[tuple[str, str], ...]:
        """The settings in which a trial of the other kind must be the same."""
        free = {*self.one, *self.other, *self.also}
        return tuple(sorted((k, str(v)) for k, v in trial.items() if k not in free and k != "seed"))

    def _criterion(self, a: Cell, b: Cell) -> Criterion:
        """A relative tolerance bounds one - (1 + tolerance) other and (1 - tolerance) other - one by 0; of a negative
        other, with both signs changed."""
        if not self.relative:
            return of_cells(a, b, self.y, self.split).within(-self.tolerance, self.tolerance)
        sign = 1.0 if b.last("y").mean() >= 0 else -1.0
        one, other = sign * a.last("y"), sign * b.last("y")
        more = difference(one, (1 + self.tolerance) * other).at_most(0)
        return all_of((more, difference((1 - self.tolerance) * other, one).at_most(0)))

    def _within(self) -> str:
        return f"{self.tolerance:g} of the other's mean" if self.relative else f"{self.tolerance:g}"


def _is(trial: Trial, kind: dict[str, Scalar]) -> bool:
    return all(key in trial and identity(trial[key]) == identity(value) for key, value in kind.items())


def _text(kind: dict[str, Scalar]) -> str:
    return ", ".join(f"{key} {value}" for key, value in kind.items())
