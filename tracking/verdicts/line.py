"""What a claim is given: one line of trials, complete, with finite numbers only.

T recorded steps, n seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.statistics.intervals import Bounds

Numbers = NDArray[np.float64]


def number(value: object) -> float:
    """The value of a setting as a number. Raises TypeError where it is none."""
    if not isinstance(value, Real):
        raise TypeError(f"{value!r} is no number")
    return float(value)


class Series(NamedTuple):
    """A measure of one trial. steps [T], ascending; values [T], all finite; T >= 1."""

    steps: NDArray[np.int64]
    values: Numbers

    @property
    def last(self) -> float:
        """The value at the last recorded step."""
        return float(self.values[-1])

    def since(self, step: int) -> "Series":
        """From a step on; may be empty."""
        return Series(self.steps[self.steps >= step], self.values[self.steps >= step])

    def until(self, step: int) -> "Series":
        """Up to a step, which belongs to it; may be empty."""
        return Series(self.steps[self.steps <= step], self.values[self.steps <= step])

    def at(self, step: int) -> float:
        """The value at a step, or else the last one before it. Raises IndexError where there is none."""
        return float(self.values[self.steps <= step][-1])

    def first_at_most(self, level: float) -> int | None:
        """The first step at which the value is at most `level`; None where it never is."""
        low = self.steps[self.values <= level]
        return int(low[0]) if len(low) else None


@dataclass(frozen=True)
class Run:
    """One finished trial. x: where it lies along the claim's x, 0 where it has none. arm: what it is compared as.
    series: what the claim needs, by the claim's own names. classes: of the data; 0 where there are none."""

    id: str
    seed: int
    cell: str
    settings: Mapping[str, object]
    x: float
    arm: str
    series: Mapping[str, Series]
    classes: int = 0

    def last(self, name: str) -> float:
        """The last value of a measure."""
        return self.series[name].last

    def number(self, setting: str) -> float:
        """A setting as a number. Raises TypeError where it is none."""
        return number(self.settings[setting])


@dataclass(frozen=True)
class Cell:
    """The trials that differ only in their seed, ordered by it."""

    x: float
    arm: str
    runs: tuple[Run, ...]

    def last(self, name: str) -> Numbers:
        """The last values of a measure, [n]."""
        return np.array([run.last(name) for run in self.runs])

    def by_seed(self, name: str) -> dict[int, float]:
        """The last values of a measure, by seed."""
        return {run.seed: run.last(name) for run in self.runs}


@dataclass(frozen=True)
class Line:
    """What is judged at once: trials that differ only in their seed, along x, and in what the claim itself compares.

    bounds: between which numbers the values of what the claim looks at lie, by the claim's own names.
    """

    name: str
    runs: tuple[Run, ...]  # in the order of the cells and of their seeds, however they were given
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    cells: tuple[Cell, ...] = field(init=False)  # ordered by x, then by id

    def __post_init__(self) -> None:
        together: dict[str, list[Run]] = {}
        for run in sorted(self.runs, key=lambda r: (r.seed, r.id)):
            together.setdefault(run.cell, []).append(run)
        found = [Cell(runs[0].x, runs[0].arm, tuple(runs)) for runs in together.values()]
        cells = tuple(sorted(found, key=lambda c: (c.x, c.runs[0].cell)))
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "runs", tuple(run for cell in cells for run in cell.runs))

    @property
    def x(self) -> list[float]:
        """Where its cells lie, ascending."""
        return [cell.x for cell in self.cells]

    def means(self, name: str) -> list[float]:
        """The mean over seeds of the last values of a measure, cell by cell."""
        return [float(cell.last(name).mean()) for cell in self.cells]
