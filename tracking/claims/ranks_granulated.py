"""A measure ranks networks along every setting by itself: granulated Kendall's tau, on average or in the worst setting.

Jiang et al. (2020), Section 2.2.2: of the networks that differ in one setting only, tau is averaged over the values of
all others; the mean over the settings is the granulated tau. Dziugaite et al. (2020) look at the worst environment
instead of the mean. Each seed is a sample of its own.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Needs, Trial
from tracking.verdicts.equal_risk import measures
from tracking.verdicts.estimate import at_once, mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Run


class Settings(Claim):
    """Networks at their last step; tau of two networks is the sign of the product of the differences of x and y."""

    name: Literal["ranks_granulated"] = "ranks_granulated"
    along: list[str] = Field(
        [], description="The settings, along each of which networks are ranked; every one that varies if absent."
    )
    x: str = Field("norm_product", description="The measure that predicts.")
    x_split: Split = Field("", description="The split of x.")
    y: Y = Field("error", description="The measure that is predicted, on the test split.")
    of: Literal["mean", "worst"] = Field("mean", description="The mean over the settings, or every one of them.")
    above: float = Field(0.0, ge=-1, lt=1, description="What tau must exceed.")
    min_seeds: int | None = Field(2, ge=1, description="Seeds: each gives a tau of its own.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs(measures(self.x, self.x_split, self.y, "test", None), per="all")

    def tested(self) -> str:
        where = "on average over" if self.of == "mean" else "along each of"
        rises = f"{named(self.y, 'test')} rises with {self.x}"
        along = ", ".join(self.along) or "all settings"
        return f"Of networks that differ in one setting only, {rises}, in rank, {where} {along}."

    def criterion(self) -> str:
        what = "the mean over the settings of tau" if self.of == "mean" else "tau along every setting"
        return f"the 95 % interval (Student, over seeds) of {what} is above {self.above:g}"

    def judge(self, line: Line) -> Finding:
        """Every seed needs a pair of networks along every setting."""
        along = self.along or _varying(line.runs)
        by_seed: dict[int, list[Run]] = {}
        for run in line.runs:
            by_seed.setdefault(run.seed, []).append(run)
        taus = [[_tau(runs, axis) for axis in along] for _, runs in sorted(by_seed.items())]
        found = np.array([[np.nan if tau is None else tau for tau in each] for each in taus])
        if len(found) < 2 or not along or np.isnan(found).any():
            return lacking("two seeds with a pair of networks along every setting", seeds=len(found))
        numbers: Evidence = {"along": along, "tau": found.mean(axis=0).tolist(), "seeds": len(found)}
        if self.of == "mean":
            mean = mean_of(found.mean(axis=1))
            return Finding(mean.above(self.above), {**numbers, "granulated": mean.mean, "interval": mean.interval})
        each = [mean_of(column).above(self.above) for column in found.T]
        doubted = [mean_of(column, len(along)).above(self.above) for column in found.T]
        return Finding(at_once(each, doubted), {**numbers, "worst": float(found.mean(axis=0).min())})

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        for axis in self.along:
            if len({repr(trial.get(axis)) for trial in trials}) < 2:
                yield f"along: no two trials differ in '{axis}'"


def _varying(runs: Sequence[Run]) -> list[str]:
    """The settings in which the networks differ."""
    names = sorted({name for run in runs for name in run.settings})
    return [name for name in names if len({repr(run.settings.get(name)) for run in runs}) > 1]


def _tau(runs: Sequence[Run], axis: str) -> float | None:
    """The mean tau of groups of networks that are equal in every other setting; None where there are none."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(tuple(repr(pair) for pair in run.settings.items() if pair[0] != axis), []).append(run)
    signs = [tau for group in groups.values() if (tau := _kendall(group)) is not None]
    return float(np.mean(signs)) if signs else None


def _kendall(runs: Sequence[Run]) -> float | None:
    """Tau of all pairs of a group; a pair that is equal in x or y counts as 0. None of fewer than two networks."""
    if len(runs) < 2:
        return None
    x, y = (np.array([run.last(name) for run in runs]) for name in ("x", "y"))
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    return float(signs.sum() / (len(runs) * (len(runs) - 1)))
