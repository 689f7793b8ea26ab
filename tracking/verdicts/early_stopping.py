"""The last step of a training against its best one, without the advantage of having been chosen.

Of noisy values the smallest is below their mean, so that the best step of a trial always looks better than its last.
So the two statements that oppose each other are each shown by a comparison that noise does not favour:

    some step is better   half of the seeds of a cell, those with the smaller numbers, choose the step that is best in
                          their mean, and the others are judged there
    no step is better     every step is compared, over all seeds (intersection-union test)

T steps, n seeds.
"""

import functools
from typing import NamedTuple

import numpy as np

from tracking.analysis.specs.quantity import Quantity
from tracking.verdicts.criterion import Criterion, all_of, opposed
from tracking.verdicts.estimate import LEAST_TO_CHOOSE, Estimate, halves, mean_of, rounding
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell


class LastAgainstBest(NamedTuple):
    """excess: the last value minus a multiple of that at the step that half of the seeds choose, over the other seeds.
    excesses [T - 1]: of that at each of the steps before the last, over all seeds. best, last: means of the values at
    the best step and at the last, over the seeds judged."""

    excess: Estimate
    excesses: tuple[Estimate, ...]
    steps: tuple[int, ...]
    best_step: int
    best: float
    last: float

    def above(self, bound: float) -> Criterion:
        """That the last value exceeds the multiple of that at some step by more than a bound."""
        return opposed(self.excess.above(bound), all_of(one.at_most(bound) for one in self.excesses))

    def at_most(self, bound: float) -> Criterion:
        """That the last value exceeds the multiple of that at no step by more than a bound."""
        return opposed(all_of(one.at_most(bound) for one in self.excesses), self.excess.above(bound))

    @property
    def evidence(self) -> Evidence:
        numbers: Evidence = {"worse_by": self.excess.mean, "interval": self.excess.interval}
        return {**numbers, "best_step": self.best_step, "last": self.last}

    @property
    def closest(self) -> Evidence:
        """The step before the last with the highest interval, over all seeds."""
        highest = max(range(len(self.excesses)), key=lambda i: self.excesses[i].high)
        return {"closest_step": self.steps[highest], "closest_interval": self.excesses[highest].interval}


def last_against_best(cell: Cell, y: Quantity, from_step: int, factor: float = 1.0) -> LastAgainstBest | Finding:
    """Of what the claim calls "y", a measure on the test split, over the steps that all seeds have from `from_step` on,
    and each one's own last; not enough data where there are fewer than three seeds or two such steps. factor: of the
    value at the other step."""
    series = [run.series["y"].since(from_step) for run in cell.runs]
    shared = functools.reduce(np.intersect1d, (one.steps for one in series))
    if len(shared) < 2 or len(series) < LEAST_TO_CHOOSE:
        return lacking("there are not three seeds with two steps in common", seeds=len(series), steps=len(shared))
    end = max(int(one.steps[-1]) for one in series)
    earlier = shared[shared < end]
    values = np.array([[*one.values[np.isin(one.steps, earlier)], one.last] for one in series])
    choosing, judged = halves(values)
    best, step = int(np.argmin(choosing.mean(axis=0))), rounding(cell, y, "test")
    return LastAgainstBest(
        mean_of(judged[:, -1] - factor * judged[:, best], step=step),
        tuple(mean_of(values[:, -1] - factor * other, step=step) for other in values.T[:-1]),
        tuple(map(int, earlier)),
        int([*earlier, end][best]),
        float(judged[:, best].mean()),
        float(judged[:, -1].mean()),
    )
