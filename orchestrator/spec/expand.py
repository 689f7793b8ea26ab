"""From a sweep to its trials: the product of its axes, nothing missing, nothing twice. Pure."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from orchestrator.spec import messages, references
from orchestrator.spec.dotted_keys import put
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import BadSweep
from tracking.common.flatten import flat
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

MAX_TRIALS = 100_000
MAX_SHOWN = 20  # problems of one file that are shown at once

Combination = dict[str, Any]  # axis -> value


def expand(sweep: Sweep, max_trials: int = MAX_TRIALS) -> list[Trial]:
    """All trials of a sweep, in the order of the file's axes. Raises BadSweep with the file's line."""
    _check_size(sweep, max_trials)
    trials: dict[str, tuple[Trial, Combination]] = {}
    found: dict[str, str] = {}  # what is wrong, each once and in order, with where it was first met
    for combination in _combinations(sweep):
        try:
            trial = _trial(sweep, combination)
        except ValidationError as error:
            for key, problem in _explained(sweep, combination, error).items():
                found.setdefault(key, problem)
            if len(found) >= MAX_SHOWN:
                break
            continue
        _, other = trials.setdefault(trial.id, (trial, combination))
        if other is not combination and len(other) == len(combination) == len(sweep.axes):
            found |= _same(sweep, combination, other)
    if found:
        raise BadSweep(list(found.values())[:MAX_SHOWN])
    whole = [trial for trial, _ in trials.values()]
    if not whole:
        raise BadSweep([sweep.at(("exclude",), "every combination is excluded, so there are no trials; exclude less")])
    references.check(sweep, whole)
    return whole


def varied(sweep: Sweep) -> list[str]:
    """The dotted settings that differ between trials by the axes; of an axis of mappings, those of its keys that do."""
    out: list[str] = []
    for axis, values in sweep.axes.items():
        maps = [flat(v, f"{axis}.") for v in values if isinstance(v, dict)]
        if len(maps) < len(values):
            out.append(axis)
        keys = dict.fromkeys(k for m in maps for k in m)
        out += [k for k in keys if any(m.get(k) != maps[0].get(k) for m in maps)]
    return out


def parents(sweep: Sweep) -> set[str]:
    """The settings that decide whether others exist: the conditions of `when`."""
    return {key for conditions in sweep.when.values() for key in conditions}


def _check_size(sweep: Sweep, max_trials: int) -> None:
    """Refuses a product that is too large before it is made."""
    sizes = [(" and ".join(group), len(sweep.axes[group[0]])) for group in _groups(sweep)]
    total = 1
    for _, size in sizes:
        total *= size
    if total > max_trials:
        factors = " x ".join(f"{name} {size}" for name, size in sizes)
        raise BadSweep(
            [sweep.at(("vary",), f"makes {total:,} trials, at most {max_trials:,} are allowed: {factors}; vary less")]
        )


def _groups(sweep: Sweep) -> list[list[str]]:
    """The axes, those that move together in one list, in the file's order."""
    together = {name: group for group in sweep.zip for name in group}
    out: list[list[str]] = []
    for axis in sweep.axes:
        group = together.get(axis, [axis])
        if group not in out:
            out.append(group)
    return out


def _combinations(sweep: Sweep) -> Iterator[Combination]:
    columns = []
    for group in _groups(sweep):
        rows = zip(*(sweep.axes[axis] for axis in group), strict=True)
        columns.append([dict(zip(group, row, strict=True)) for row in rows])
    fixed = flat(sweep.fixed)
    for parts in itertools.product(*columns):
        combination = {axis: value for part in parts for axis, value in part.items()}
        if sweep.when:
            combination = _existing(sweep, combination, fixed)
        settings = {**fixed, **_flat(combination)} if sweep.exclude else {}
        if not any(_matches(rule, settings) for rule in sweep.exclude):
            yield combination


def _flat(combination: Combination) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for axis, value in combination.items():
        out |= flat(value, f"{axis}.") if isinstance(value, dict) else {axis: value}
    return out


def _existing(sweep: Sweep, combination: Combination, fixed: dict[str, Any]) -> Combination:
    """Without the axes whose `when` does not hold, and then without those that depend on them."""
    settings = {**fixed, **_flat(combination)}
    kept = {a: v for a, v in combination.items() if a not in sweep.when or _matches(sweep.when[a], settings)}
    return kept if len(kept) == len(combination) else _existing(sweep, kept, fixed)


def _matches(conditions: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether all conditions hold; a list means any of its values, or itself. 1 is 1.0, but it is not true."""
    return all(any(_same_value(settings.get(k), one) for one in _listed(v)) for k, v in conditions.items())


def _listed(value: Any) -> list[Any]:
    return [*value, value] if isinstance(value, list) else [value]


def _same_value(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _trial(sweep: Sweep, combination: Combination) -> Trial:
    settings = copy.deepcopy(sweep.fixed)
    for axis, value in combination.items():
        put(settings, axis, value)
    if sweep.measure is not None:
        settings["measure"] = [*sweep.measure]
    return Trial.of(sweep.experiment, settings)


def _same(sweep: Sweep, one: Combination, other: Combination) -> dict[str, str]:
    """The problem of two combinations that make the same trial."""
    axes = [a for a in sweep.axes if one[a] is not other[a]]
    what = f"{_shown(other, axes)} makes the same trial as {_shown(one, axes)}; drop one"
    return {f"same {axes}": sweep.at(("vary", axes[0]), what)}


def _explained(sweep: Sweep, combination: Combination, error: ValidationError) -> dict[str, str]:
    """Problems with a trial's settings, at the line of the axis or the fixed setting they come from."""
    model = EXPERIMENTS.load(sweep.experiment).Settings
    out = {}
    for path, kind, message in messages.explain(error, model):
        key = ".".join(str(p) for p in path)
        axis = next((a for a in combination if key == a or key.startswith(f"{a}.")), None)
        below = [a for a in combination if not key or a.startswith(f"{key}.")]
        if axis and kind == "extra_forbidden" and key == axis:
            place: messages.Path = ("vary", axis)
        elif axis:
            place = (*_item(sweep, combination, axis), *path[len(axis.split(".")) :])
        elif len(below) == 1 and kind == "value_error":
            place = _item(sweep, combination, below[0])
        elif path[:1] == ("measure",) and sweep.measure is not None:
            place = path
        else:
            place = ("fixed", *path)
        where = f" (in the trial with {_shown(combination, below)})" if below and kind == "value_error" else ""
        out[f"{place} {message}"] = sweep.at(place, message + where)
    return out


def _item(sweep: Sweep, combination: Combination, axis: str) -> messages.Path:
    """The path of the value that a combination takes from an axis."""
    return "vary", axis, next(i for i, v in enumerate(sweep.axes[axis]) if v is combination[axis])


def _shown(combination: Combination, axes: list[str]) -> str:
    return ", ".join(f"{axis} = {messages.written(combination[axis])}" for axis in axes)
