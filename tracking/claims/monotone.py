"""A measure rises, or falls: along a setting, over the steps of a trial, or with a measure such as a count."""

from collections.abc import Collection
from itertools import pairwise
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.common.text import count_of
from tracking.verdicts.claim import Claim, Measured, Needs
from tracking.verdicts.criterion import all_of, said
from tracking.verdicts.estimate import Estimate, mean_of, of_cells, paired, rounding
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Cell, Line, Numbers, Run
from tracking.verdicts.wording import along, at


class Settings(Claim):
    """Along a setting, means over seeds are compared; along steps or a measure, every trial is judged by itself. The
    number of parameters, which is the same at every step of a trial, counts as a setting.

    Where x is a measure that changes within a trial, the last y at each of its values counts: with x the number of
    perturbations, y just before the next one.
    """

    name: Literal["monotone"] = "monotone"
    x: str = Field("step", description="A setting, `step`, or a measure.")
    y: Y = Field(description="The measure that must rise or fall.")
    split: Split = Field("", description="The split of y.")
    order: Literal["rising", "falling"] = Field(description="How y must change as x grows.")
    spearman: float | None = Field(
        None,
        gt=0,
        le=1,
        description="The rank correlation with x that suffices, in every trial, or in the mean over the seeds' own "
        "curves along a setting; if absent, every step must go that way.",
    )
    by_seed: bool = Field(
        False, description="Along a setting: whether trials of the same seed are compared, since it decides the data."
    )
    after: float | None = Field(None, description="Only where x is beyond this.")
    points: int = Field(3, ge=2, description="Values of x that are needed.")

    def needs(self, settings: frozenset[str]) -> Needs:
        if self._across(settings):
            return Needs({"y": Measured(self.y, self.split)}, x=self.x)
        measures = {"y": Measured(self.y, self.split, at="every")}
        if self.x != "step":
            measures["clock"] = Measured(self.x, at="every")
        return Needs(measures, per="cell", each_trial=True)

    def tested(self) -> str:
        x = along(self.x)
        beyond = "" if self.after is None else f" beyond {self.after:g}"
        what = named(self.y, self.split)
        return f"{what} {'rises' if self.order == 'rising' else 'falls'} with {x}{beyond}."

    def criterion(self) -> str:
        x = along(self.x)
        kind = "Student, seed by seed" if self.by_seed else "Welch"
        if self.spearman is None:
            return (
                f"from each {x} to the next {self.y} is {self.order}: in every trial along steps and measures, "
                f"along a setting by the 95 % interval ({kind}) of the difference of the means"
            )
        return (
            f"the rank correlation (Spearman) of {self.y} with {x}, {self.order}, is at least {self.spearman:g}: "
            "in every trial along steps and measures, along a setting by the 95 % interval (Student) over seeds"
        )

    def found(self) -> str:
        x, what = along(self.x), named(self.y, self.split)
        rise, rises = ("rise", "rises") if self.order == "rising" else ("fall", "falls")
        steps = "recorded steps" if self.x == "step" else f"steps from one value of {x} to the next"
        return (
            f"the rank correlation of {what} with {x} is {{spearman_interval}} on average over seeds; "
            f"mean {what} is {{first_mean}} at {at(self.x, 'first_x')} and {{last_mean}} at {at(self.x, 'last_x')}; "
            f"its smallest {rise} from one {x} to the next, from {{from_x}} to {{to_x}}, is {{interval}}; "
            f"in the trial that is nearest to failing {what} goes from {{first}} to {{last}} and {rises} at "
            f"{{right_steps}} of {{steps}} {steps}; its rank correlation with {x} is {{smallest_spearman}}"
        )

    def judge(self, line: Line) -> Finding:
        if not self._across(line.runs[0].settings):
            return self._each(line)
        cells = [cell for cell in line.cells if self.after is None or cell.x > self.after]
        if len(cells) < self.points:
            return lacking(f"there are fewer than {count_of(self.points, 'value')} of {self.x}", points=len(cells))
        return self._steps(cells) if self.spearman is None else self._ranks(cells, self.spearman)

    def _across(self, settings: Collection[str]) -> bool:
        """Whether trials are compared with each other, and not the steps of one."""
        return self.x in settings or self.x == "parameters"

    def _steps(self, cells: list[Cell]) -> Finding:
        """Each cell with the next one."""
        pairs = list(pairwise(cells))
        rises = [self._rise(one, two) for one, two in pairs]
        if not all(rises):
            return lacking("the cells have different seeds")
        known = [rise for rise in rises if rise is not None]
        least = min(range(len(known)), key=lambda i: known[i].low)
        means = [float(cell.last("y").mean()) for cell in cells]
        numbers: Evidence = {"x": [cell.x for cell in cells], "means": means, "smallest_step": known[least].mean}
        numbers |= {"first_x": cells[0].x, "last_x": cells[-1].x, "first_mean": means[0], "last_mean": means[-1]}
        numbers |= {"from_x": cells[least].x, "to_x": cells[least + 1].x, "interval": known[least].interval}
        return Finding(all_of(rise.above(0) for rise in known), numbers)

    def _rise(self, one: Cell, two: Cell) -> Estimate | None:
        """From one cell to the next, in the direction that is claimed; None where seeds cannot be paired."""
        first, second = (two, one) if self.order == "rising" else (one, two)
        if self.by_seed:
            return paired(first, second, "y", rounding(first, self.y, self.split))
        return of_cells(first, second, self.y, self.split)

    def _ranks(self, cells: list[Cell], bound: float) -> Finding:
        """The rank correlation of each seed's own curve, which of few points takes few values."""
        by_seed = [cell.by_seed("y") for cell in cells]
        if any(values.keys() != by_seed[0].keys() for values in by_seed):
            return lacking("the cells have different seeds")
        x = np.array([cell.x for cell in cells])
        ranks = np.array([self._rank(x, np.array([v[seed] for v in by_seed])) for seed in by_seed[0]])
        found = mean_of(ranks, step=12 / (len(x) ** 3 - len(x)))
        return Finding(found.at_least(bound), {"spearman": found.mean, "spearman_interval": found.interval})

    def _each(self, line: Line) -> Finding:
        """Every trial by itself."""
        curves = [self._curve(run) for run in line.runs]
        fewest = min(len(x) for x, _ in curves)
        if fewest < self.points:
            return lacking(f"a trial has fewer than {count_of(self.points, 'value')} of {self.x}", points=fewest)
        ranks = [self._rank(x, y) for x, y in curves]
        sign = 1 if self.order == "rising" else -1
        wrong = [int((np.diff(y) * sign <= 0).sum()) for _, y in curves]
        good = not any(wrong) if self.spearman is None else min(ranks) >= self.spearman
        worst = min(range(len(curves)), key=lambda i: (ranks[i], -wrong[i]))
        y = curves[worst][1]
        numbers: Evidence = {"steps": len(y) - 1, "right_steps": len(y) - 1 - wrong[worst]}
        numbers |= {"first": float(y[0]), "last": float(y[-1])}
        if wrong[worst]:
            numbers["smallest_spearman"] = ranks[worst]
        return Finding(said(good, ranks[worst] - (self.spearman or 1)), numbers)

    def _curve(self, run: Run) -> tuple[Numbers, Numbers]:
        """x and y of one trial, ascending in x."""
        y = run.series["y"]
        at: dict[float, float] = {}
        if self.x == "step":
            at = dict(zip(y.steps.astype(float).tolist(), y.values.tolist(), strict=True))
        else:
            clock = run.series["clock"]
            for step in y.steps[np.isin(y.steps, clock.steps)].tolist():
                at[clock.at(step)] = y.at(step)
        kept = sorted((x, value) for x, value in at.items() if self.after is None or x > self.after)
        return np.array([x for x, _ in kept]), np.array([value for _, value in kept])

    def _rank(self, x: Numbers, y: Numbers) -> float:
        """Spearman's correlation in the direction that is claimed; 0 where y is constant."""
        from scipy.stats import spearmanr

        if np.ptp(y) == 0 or np.ptp(x) == 0:
            return 0.0
        return round(float(spearmanr(x, y).statistic) * (1 if self.order == "rising" else -1), 12)
