"""From a sweep to its trials: the product of its axes, nothing missing, nothing twice. Pure."""

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from orchestrator import problems
from orchestrator.source import BadSweep
from orchestrator.spec import Sweep, put
from tracking import named
from tracking.named import unknown
from tracking.plain import flat
from workers.trial import Trial

MAX_TRIALS = 100_000
MAX_SHOWN = 20  # problems of one file that are shown at once

Combination = dict[str, Any]  # axis -> value


def expand(sweep: Sweep, max_trials: int = MAX_TRIALS) -> list[Trial]:
    """All trials of a sweep, in the order of the file's axes. Raises BadSweep with the file's line."""
    _check_size(sweep, max_trials)
    trials: dict[str, tuple[Trial, Combination]] = {}
    found: dict[str, None] = {}  # problems, each once, in order
    for combination in _combinations(sweep):
        try:
            trial = _trial(sweep, combination)
        except ValidationError as error:
            found |= dict.fromkeys(_explained(sweep, combination, error))
            if len(found) >= MAX_SHOWN:
                break
            continue
        if trial.id in trials and not sweep.when:
            other = trials[trial.id][1]
            axes = [k for k in combination if combination[k] != other[k]]
            found[
                sweep.at(("vary", axes[0]), f"two combinations make the same trial; they differ in {', '.join(axes)}")
            ] = None
        trials.setdefault(trial.id, (trial, combination))
    if found:
        raise BadSweep(list(found))
    whole = [trial for trial, _ in trials.values()]
    if not whole:
        raise BadSweep([sweep.at(("exclude",), "every combination is excluded: the sweep has no trials")])
    _check_names(sweep, whole)
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


def _check_size(sweep: Sweep, max_trials: int) -> None:
    """Refuses a product that is too large before it is made."""
    sizes = [(" and ".join(group), len(sweep.axes[group[0]])) for group in _groups(sweep)]
    total = 1
    for _, size in sizes:
        total *= size
    if total > max_trials:
        factors = " x ".join(f"{name} {size}" for name, size in sizes)
        raise BadSweep(
            [sweep.at(("vary",), f"expands to {total:,} trials, at most {max_trials:,} are allowed: {factors}")]
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
        combination = {a: v for a, v in combination.items() if _exists(sweep, a, {**fixed, **_flat(combination)})}
        if not any(_matches(rule, {**fixed, **_flat(combination)}) for rule in sweep.exclude):
            yield combination


def _flat(combination: Combination) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for axis, value in combination.items():
        out |= flat(value, f"{axis}.") if isinstance(value, dict) else {axis: value}
    return out


def _exists(sweep: Sweep, axis: str, settings: dict[str, Any]) -> bool:
    return axis not in sweep.when or _matches(sweep.when[axis], settings)


def _matches(conditions: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether all conditions hold; a list means any of its values."""
    return all(settings.get(k) in (v if isinstance(v, list) else [v]) for k, v in conditions.items())


def _trial(sweep: Sweep, combination: Combination) -> Trial:
    settings = copy.deepcopy(sweep.fixed)
    for axis, value in combination.items():
        put(settings, axis, value)
    if sweep.measure is not None:
        settings["measure"] = sweep.measure
    return Trial.of(sweep.experiment, settings)


def _explained(sweep: Sweep, combination: Combination, error: ValidationError) -> list[str]:
    """Problems with a trial's settings, at the line of the axis or the fixed setting they come from."""
    model = named.load("workers.experiments", sweep.experiment).Settings
    out = []
    for details in error.errors():
        path, message = problems.explain(details, model)
        key = ".".join(str(p) for p in path)
        axis = next((a for a in combination if key == a or key.startswith(f"{a}.")), None)
        if axis:
            index = next((i for i, v in enumerate(sweep.axes[axis]) if v == combination[axis]), 0)
            out.append(sweep.at(("vary", axis, index), message))
        elif path[:1] == ("measure",):
            out.append(sweep.at(path, message))
        else:
            out.append(sweep.at(("fixed", *path), message))
    return out


def _check_names(sweep: Sweep, trials: list[Trial]) -> None:
    """What curves and claims speak of must be a setting of some trial or a measure that is recorded."""
    settings = sorted({key for t in trials for key in flat(t.plain)})
    always = getattr(named.load("workers.experiments", sweep.experiment), "MEASURES", ())
    measures = sorted({*always, *(trials[0].plain.get("measure") or ())})
    found = []

    def check(path: tuple[str | int, ...], what: str, name: Any, known: list[str]) -> None:
        if name is not None and name not in known:
            found.append(sweep.at(path, unknown(what, str(name), known)))

    for section, items in (("curves", sweep.curves), ("claims", sweep.claims)):
        for i, item in enumerate(items):
            plain = json.loads(item.model_dump_json())
            check((section, i, "y"), "measure", plain.get("y"), measures)
            check((section, i, "x"), "setting or measure", plain.get("x"), [*settings, *measures, "step"])
            for field in ("group", "where"):
                for key in plain.get(field) or ():
                    check((section, i, field, key), "setting", key, settings)
    if found:
        raise BadSweep(found)
