"""Says what is wrong with a trial's settings, at the line of the axis or the fixed setting that they come from."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from orchestrator.spec import messages
from orchestrator.spec.dotted_keys import Overlaps, Settings, nested
from orchestrator.spec.grids.axes import unrounded
from orchestrator.spec.grids.grid import Grid
from orchestrator.spec.grids.product import Places
from orchestrator.spec.messages import Problem
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.yaml_source import Path
from tracking.common.errors import BadPlugin
from workers.plugins import EXPERIMENTS
from workers.trial import Trial


class Said(NamedTuple):
    """A problem in words; those with the same `same` are one problem of several trials."""

    same: str
    text: str


def explained(sweep: Sweep, grid: Grid, places: Places, error: ValidationError) -> Iterator[Said]:
    """Every problem of one trial."""
    model = EXPERIMENTS.load(sweep.experiment).Settings
    axes = Overlaps(places)
    for problem in messages.explain(error, model):
        key = ".".join(str(part) for part in problem.path)
        axis = next((a for a in axes.of(key) if key == a or key.startswith(f"{a}.")), None) if key else None
        below = [a for a in places if not key or a.startswith(f"{key}.")]
        if axis is not None and "an integer" in problem.message and (form := unrounded(grid.axes[axis].written)):
            yield _not_rounded(sweep, grid.axes[axis].path, form)
            continue
        place = _place(sweep, grid, places, problem, axis, below)
        several = below and problem.kind == "value_error"
        where = f" (in the trial with {shown(grid, places, below)})" if several else ""
        yield Said(f"{place} {problem.message}", sweep.at(place, problem.message + where))


def fixed_alone(sweep: Sweep, fixed: Settings) -> Iterator[str]:
    """What is wrong with fixed settings as they are written, where axes are so wrong that there are no trials. Nothing
    that could be otherwise by an axis: what is missing, or does not fit together."""
    if sweep.experiment not in EXPERIMENTS.names():
        return
    measure = {} if sweep.measure is None else {"measure": [*sweep.measure]}
    try:
        Trial.of(sweep.experiment, {**nested(fixed), **measure})
    except BadPlugin:
        return  # said where the experiment is named
    except ValidationError as error:
        for problem in messages.explain(error, EXPERIMENTS.load(sweep.experiment).Settings):
            measured = bool(measure) and problem.path[:1] == ("measure",)
            path = problem.path if measured else ("fixed", *problem.path)
            alone = measured or problem.kind != "value_error"
            if alone and "missing" not in problem.message and sweep.text.given(path):
                yield sweep.at(path, problem.message)


def same(sweep: Sweep, grid: Grid, one: Places, other: Places) -> Said:
    """The problem of two combinations that make the same trial."""
    axes = [axis for axis in grid.axes if one[axis] != other[axis]]
    what = f"{shown(grid, other, axes)} makes the same trial as {shown(grid, one, axes)}; drop one"
    return Said(f"same {axes}", sweep.at(grid.axes[axes[0]].path, what))


def shown(grid: Grid, places: Mapping[str, int], axes: list[str]) -> str:
    """The values of some axes: net.width = 8, seed = 0."""
    return ", ".join(f"{axis} = {messages.written(grid.axes[axis].values[places[axis]])}" for axis in axes)


def _not_rounded(sweep: Sweep, path: Path, form: str) -> Said:
    what = f"expected integers, but the numbers of a {form} are not rounded; add integer: true"
    return Said(f"{path} {what}", sweep.at(path, what))


def _place(sweep: Sweep, grid: Grid, places: Places, problem: Problem, axis: str | None, below: list[str]) -> Path:
    """The path in the file of what is wrong."""
    path = problem.path
    if axis is not None:
        whole = grid.axes[axis].path
        if problem.kind == "extra_forbidden" and ".".join(map(str, path)) == axis:
            return whole
        return (*whole, places[axis], *path[len(axis.split(".")) :])
    if len(below) == 1 and problem.kind == "value_error":
        return (*grid.axes[below[0]].path, places[below[0]])
    if path[:1] == ("measure",) and sweep.measure is not None:
        return path
    return sweep.text.within(grid.path, ("fixed", *path))
