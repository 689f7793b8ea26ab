"""The peak of double descent is higher, the larger another setting is, such as the share of noisy labels.

Nakkiran et al. (2020), Section 4 and Figures 4 and 5: label noise makes the peak near the interpolation threshold more
pronounced. Its height is how far y there is above the higher one of what surrounds it: the dip before it, and the
last x. Of noisy values the highest one is above its mean, so that a peak is found even in a constant. Therefore half
of the seeds, those with the smaller numbers, choose the peak and the dip, and the heights of the others are compared.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.common.text import count_of
from tracking.verdicts.check import not_along
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import all_of
from tracking.verdicts.estimate import LEAST_TO_CHOOSE, difference, halves, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers
from tracking.verdicts.wording import along


class Settings(Claim):
    """Heights of the peak along x, averaged over seeds, are compared from each value of a setting to the next."""

    name: Literal["peak_grows"] = "peak_grows"
    x: str = Field("parameters", description="The measure or setting of capacity.")
    along: str = Field("data.label_noise", description="The setting with which the peak must grow, a number.")
    y: str = Field("error", description="The measure that peaks, on the test split.")
    fitted: float = Field(0.0, ge=0, description="The training error of every seed that counts as interpolation.")
    points: int = Field(2, ge=0, description="How many points of the grid the peak may be away from the threshold.")

    def needs(self, settings: frozenset[str]) -> Needs:
        measures = {"y": Measured(self.y, "test"), "train_error": Measured("error", "train")}
        return Needs(measures, x=self.x, compared=(self.along,))

    def tested(self) -> str:
        x = along(self.x)
        return (
            f"The peak of test {self.y} along {x}, within {count_of(self.points, 'point')} of the smallest {x} with "
            f"training error {self.fitted:g}, grows with {self.along}."
        )

    def criterion(self) -> str:
        x = along(self.x)
        return (
            f"the height of the peak is that above the dip before it and the last {x}, at the {x} that the first half "
            f"of the seeds chooses, over the other seeds: from each {self.along} to the next the 95 % interval (Welch) "
            f"of the difference is above 0, and so is that (Student) of the height at the largest {self.along}"
        )

    def found(self) -> str:
        return (
            f"the peak of test {self.y} has the heights {{heights}} at {self.along} {{along}}; "
            "its smallest growth from one to the next is {interval}; "
            f"its height at {self.along} {{last_along}} is {{last_interval}}"
        )

    def judge(self, line: Line) -> Finding:
        levels: dict[float, list[Cell]] = {}
        for cell in sorted(line.cells, key=lambda cell: cell.runs[0].number(self.along)):
            levels.setdefault(cell.runs[0].number(self.along), []).append(cell)
        found = {level: self._heights(cells) for level, cells in levels.items()}
        heights = [one for one in found.values() if one is not None]
        if len(heights) < max(2, len(levels)):
            without = [level for level, one in found.items() if one is None]
            reason = f"there are not two values of {self.along} that each have a fitted x with two points before it and"
            return lacking(f"{reason} one behind, and the same three seeds or more in all cells", without=without)
        growths = [difference(two, one) for one, two in pairwise(heights)]
        least, last = min(growths, key=lambda growth: growth.low), mean_of(heights[-1])
        numbers: Evidence = {"along": list(found), "heights": [float(one.mean()) for one in heights]}
        numbers |= {
            "smallest_growth": least.mean,
            "interval": least.interval,
            "last_interval": last.interval,
            "last_along": max(found),
        }
        return Finding(all_of(one.above(0) for one in (*growths, last)), numbers)

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        problem = not_along(self.along, trials)
        if problem is not None:
            yield problem

    def _heights(self, cells: Sequence[Cell]) -> Numbers | None:
        """The height of the peak in each seed that is compared, [n - n // 2]; None where there are fewer than three
        seeds, no x is near the threshold, or a cell lacks a seed."""
        fitted = [i for i, cell in enumerate(cells) if (cell.last("train_error") <= self.fitted).all()]
        near = [i for i in range(2, len(cells) - 1) if fitted and abs(i - fitted[0]) <= self.points]
        by_seed = [cell.by_seed("y") for cell in cells]
        seeds = sorted(by_seed[0])
        if not near or len(seeds) < LEAST_TO_CHOOSE or any(values.keys() != by_seed[0].keys() for values in by_seed):
            return None
        choosing, judged = halves(np.array([[values[seed] for values in by_seed] for seed in seeds]))
        peak, around = _highest(choosing.mean(axis=0), near)
        return np.asarray(judged[:, peak] - judged[:, around])


def _highest(y: Numbers, near: Sequence[int]) -> tuple[int, int]:
    """The place of the highest peak of y [x], and that of the higher one of what surrounds it."""
    around = {peak: _higher(y, 1 + int(np.argmin(y[1:peak])), len(y) - 1) for peak in near}
    peak = max(near, key=lambda i: y[i] - y[around[i]])
    return peak, around[peak]


def _higher(y: Numbers, one: int, two: int) -> int:
    return one if y[one] >= y[two] else two
