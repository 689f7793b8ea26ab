"""A measure ranks networks along every setting by itself: granulated Kendall's tau, on average or in the worst setting.

Jiang et al. (2020), Section 2.2.2: of the networks that differ in one setting only, tau is averaged over the values of
all others; the mean over the settings is the granulated tau. Dziugaite et al. (2020) look at the worst environment
instead of the mean. Each seed is a sample of its own; tau of few pairs takes few values, so that equal ones are no
certainty. Kendall's tau of all networks of a seed is evidence besides.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.verdicts.claim import Claim, Needs, Trial
from tracking.verdicts.criterion import all_of
from tracking.verdicts.equal_risk import measures
from tracking.verdicts.estimate import mean_of
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Numbers, Run


class Settings(Claim):
    """Networks at their last step; tau of two networks is the sign of the product of the differences of x and y."""

    name: Literal["ranks_granulated"] = "ranks_granulated"
    along: list[str] = Field(
        [], description="The settings, along each of which networks are ranked; every one that varies if absent."
    )
    x: str = Field("norm_product", description="The measure that predicts.")
    x_split: Split = Field("", description="The split of x.")
    y: Y = Field("error", description="The measure that is predicted, on the test split.")
    falling: bool = Field(False, description="Whether y must fall with x, as with a margin: then tau is minus tau.")
    of: Literal["mean", "worst"] = Field("mean", description="The mean over the settings, or every one of them.")
    above: float = Field(0.0, ge=-1, lt=1, description="What tau must exceed.")
    min_seeds: int | None = Field(2, ge=1, description="Seeds: each gives a tau of its own.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs(measures(self.x, self.x_split, self.y, "test", None), per="all")

    def tested(self) -> str:
        where = "on average over" if self.of == "mean" else "along each of"
        rises = f"{named(self.y, 'test')} {'falls' if self.falling else 'rises'} with {self.x}"
        along = ", ".join(self.along) or "all settings"
        return f"Of networks that differ in one setting only, {rises}, in rank, {where} {along}."

    def criterion(self) -> str:
        minus = "minus " if self.falling else ""
        what = f"the mean over the settings of {minus}tau" if self.of == "mean" else f"{minus}tau along every setting"
        return f"the 95 % interval (Student, over seeds) of {what} is above {self.above:g}"

    def found(self) -> str:
        tau = "minus tau" if self.falling else "tau"
        if self.of == "mean":
            return (
                f"{tau} is {{interval}} on average over the settings; it is smallest along {{worst_along}}, {{worst}}; "
                "over all networks together it is {kendall}"
            )
        return (
            f"{tau} is smallest along {{worst_along}}, {{worst_interval}}; it is {{granulated}} on average over the "
            "settings; "
            "over all networks together it is {kendall}"
        )

    def judge(self, line: Line) -> Finding:
        """Every seed needs a pair of networks along every setting."""
        along = self.along or _varying(line.runs)
        by_seed: dict[int, list[Run]] = {}
        for run in line.runs:
            by_seed.setdefault(run.seed, []).append(run)
        sign = -1 if self.falling else 1
        taus = [[_tau(runs, axis) for axis in along] for _, runs in sorted(by_seed.items())]
        found = sign * np.array([[np.nan if tau is None else tau for tau in each] for each in taus])
        if len(found) < 2 or not along or np.isnan(found).any():
            return lacking("there are not two seeds with a pair of networks along every setting", seeds=len(found))
        numbers = _numbers(along, found, [sign * (_kendall(runs) or 0.0) for runs in by_seed.values()])
        steps = [_step(next(iter(by_seed.values())), axis) for axis in along]
        if self.of == "mean":
            mean = mean_of(found.mean(axis=1), step=min(steps) / len(along))
            ends = {"granulated_ends": [mean.low, mean.high]}
            return Finding(mean.above(self.above), {"interval": mean.interval, **numbers, **ends})
        each = [mean_of(column, step=step) for column, step in zip(found.T, steps, strict=True)]
        least = min(each, key=lambda tau: tau.mean)
        return Finding(all_of(tau.above(self.above) for tau in each), {**numbers, "worst_interval": least.interval})

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        for axis in self.along:
            if len({repr(trial.get(axis)) for trial in trials}) < 2:
                yield f"along: no two trials differ in '{axis}'"


def _numbers(along: list[str], taus: Numbers, whole: Sequence[float]) -> Evidence:
    """taus [seeds, settings]; whole [seeds]: Kendall's tau of all networks of a seed."""
    by_setting = taus.mean(axis=0)
    return {
        "worst": float(by_setting.min()), "kendall": float(np.mean(whole)), "granulated": float(taus.mean()),
        "worst_along": along[int(by_setting.argmin())], "along": along, "tau": by_setting.tolist(), "seeds": len(taus),
    }  # fmt: skip


def _varying(runs: Sequence[Run]) -> list[str]:
    """The settings in which the networks differ."""
    names = sorted({name for run in runs for name in run.settings})
    return [name for name in names if len({repr(run.settings.get(name)) for run in runs}) > 1]


def _tau(runs: Sequence[Run], axis: str) -> float | None:
    """The mean tau of groups of networks that are equal in every other setting; None where there are none."""
    signs = [tau for group in _groups(runs, axis) if (tau := _kendall(group)) is not None]
    return float(np.mean(signs)) if signs else None


def _step(runs: Sequence[Run], axis: str) -> float:
    """What tau is a multiple of: 2 over the number of pairs of networks."""
    return 2 / sum(len(group) * (len(group) - 1) // 2 for group in _groups(runs, axis))


def _groups(runs: Sequence[Run], axis: str) -> list[list[Run]]:
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        groups.setdefault(tuple(repr(pair) for pair in run.settings.items() if pair[0] != axis), []).append(run)
    return list(groups.values())


def _kendall(runs: Sequence[Run]) -> float | None:
    """Tau of all pairs of a group; a pair that is equal in x or y counts as 0. None of fewer than two networks."""
    if len(runs) < 2:
        return None
    x, y = (np.array([run.last(name) for run in runs]) for name in ("x", "y"))
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    return float(signs.sum() / (len(runs) * (len(runs) - 1)))
