"""From a sweep to its trials: all combinations of each of its grids, nothing missing, nothing twice. Pure."""

import json
import math
from collections.abc import Collection

from pydantic import ValidationError

from orchestrator.spec.checks import references, trial_problems
from orchestrator.spec.checks.problems import Problems
from orchestrator.spec.dotted_keys import Settings, leaves, put
from orchestrator.spec.grids.axes import spelling
from orchestrator.spec.grids.conditions import value_of
from orchestrator.spec.grids.grid import Grid
from orchestrator.spec.grids.product import Places, Product
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.yaml_source import Path
from tracking.common.flatten import flat
from tracking.common.text import count_of
from tracking.records.manifests.manifest import both
from workers.trial import Trial

MAX_TRIALS = 100_000
MAX_INVALID = 100  # cells that are not valid, after which no more are looked at: what is wrong is mostly the same

Cell = tuple[tuple[str, int], ...]  # a combination without its seed


def expand(sweep: Sweep, max_trials: int = MAX_TRIALS) -> list[Trial]:
    """All trials of a sweep, grid after grid, each in the order of its axes. Raises BadSweep with the file's lines."""
    problems = Problems()
    with sweep.files.active():
        trials = _trials(sweep, problems, max_trials)
        references.check(sweep, trials, problems)
    problems.refuse()
    return trials


def find_problems(sweep: Sweep, problems: Problems, without: Collection[Path]) -> None:
    """Adds what else is wrong with a sweep of which some things are known to be wrong, and `without` is left out."""
    more = Problems()
    trials = _trials(sweep, more, MAX_TRIALS) if sweep.grids else []
    references.check(sweep, trials, more, without)
    problems.extend(more)


def _trials(sweep: Sweep, problems: Problems, max_trials: int) -> list[Trial]:
    """The trials that can be made; what is wrong with the others is added to the problems."""
    _check_size(sweep, max_trials, problems)
    expansion = _Expansion(sweep, problems)
    for grid in sweep.grids if not problems else ():
        expansion.add(grid)
    if not expansion.trials and not problems:
        what = "every combination is excluded, so there are no trials; exclude less"
        problems.add(sweep.at(("exclude",), what))
    return list(expansion.trials.values())


def varied(sweep: Sweep) -> list[str]:
    """The dotted settings that differ between trials by the axes; of an axis of mappings, those of its keys that do."""
    found: dict[str, set[str]] = {}
    for grid in sweep.grids:
        for name, axis in grid.axes.items():
            for key in leaves(name, axis.values):
                spelt = (spelling(value_of(key, name, value)) for value in axis.values) if key != name else ()
                found.setdefault(key, set()).update(spelt)
        fixed = flat(grid.fixed) if len(sweep.grids) > 1 else {}
        for key, value in fixed.items():
            found.setdefault(key, set()).add(spelling(value))
    axes = {name for grid in sweep.grids for name in grid.axes}
    return [key for key, values in found.items() if key in axes or len(values) > 1]


def parents(sweep: Sweep) -> set[str]:
    """The settings that decide whether others exist: the conditions of `when`."""
    return {key for grid in sweep.grids for condition in grid.when.values() for key in condition.settings}


def _check_size(sweep: Sweep, max_trials: int, problems: Problems) -> None:
    """Refuses products that are too large before they are made."""
    products = []
    for grid in sweep.grids:
        sizes = [(" and ".join(group), len(grid.axes[group[0]].values)) for group in grid.groups()]
        factors = " x ".join(f"{name} {size}" for name, size in sizes) or "no axis"
        products.append((math.prod(size for _, size in sizes), factors))
    total = sum(size for size, _ in products)
    if total > max_trials:
        factors = " + ".join(factors for _, factors in products)
        what = f"makes {count_of(total, 'trial')}, at most {max_trials:,} are allowed: {factors}; vary less"
        problems.add(sweep.at(("vary",), what))


def _observed_by_both(one: Trial, other: Trial) -> Trial:
    """A trial of two grids, of which all is measured that either asks for."""
    if one.plain == other.plain or "measure" not in one.plain:
        return one
    measures = sorted({*one.plain["measure"], *other.plain["measure"]})
    every = both(one.settings.measured_steps(), other.settings.measured_steps())
    return one.measuring(measures, every, partial=False)


class _Expansion:
    """Makes the trials of grids, validating one trial of each cell."""

    def __init__(self, sweep: Sweep, problems: Problems) -> None:
        self.sweep, self.problems = sweep, problems
        self.trials: dict[str, Trial] = {}
        self.invalid = 0
        self.fixed = ""  # the fixed settings of the grid that is being expanded, as JSON

    def add(self, grid: Grid) -> None:
        """The trials of a grid that no grid before it has."""
        product, made = Product(grid), dict[str, Places]()
        self.fixed = json.dumps(grid.fixed)
        cells: dict[Cell, Trial | None] = {}  # a trial of the cell; None where there is none
        for places in product:
            trial = self._trial(grid, places, cells)
            if self.problems.full or self.invalid > MAX_INVALID:
                return
            if trial is None:
                continue
            other = made.setdefault(trial.id, places)
            if other is not places and len(other) == len(places) == len(grid.axes):
                self._say(trial_problems.same(self.sweep, grid, places, other))
            known_elsewhere = self.trials.get(trial.id)
            self.trials[trial.id] = _observed_by_both(known_elsewhere, trial) if known_elsewhere else trial
        for condition in product.unused():
            what = "no combination of the axes fulfils all of this; leave it out"
            self.problems.add(self.sweep.at(condition.path, what))

    def _trial(self, grid: Grid, places: Places, cells: dict[Cell, Trial | None]) -> Trial | None:
        """The trial of a combination; None where it is not valid, which is said once a cell."""
        cell = tuple(item for item in places.items() if item[0] != "seed")
        known = cells.get(cell)
        if known is None and cell in cells:
            return None
        if known is not None and "seed" in places:
            try:
                return known.with_seed(grid.axes["seed"].values[places["seed"]])
            except ValidationError:  # raised again below, by the whole trial
                pass
        try:
            trial = self._validated(grid, places)
        except ValidationError as error:
            if known is None and any(detail["loc"] != ("seed",) for detail in error.errors()):
                cells[cell] = None
            self.invalid += 1
            self._explain(grid, places, error)
            return None
        cells[cell] = trial
        return trial

    def _validated(self, grid: Grid, places: Places) -> Trial:
        settings: Settings = json.loads(self.fixed)  # quicker than copy.deepcopy
        for axis, place in places.items():
            put(settings, axis, grid.axes[axis].values[place])
        if self.sweep.measure is not None:
            settings["measure"] = [*self.sweep.measure]
        return Trial.of(self.sweep.experiment, settings)

    def _explain(self, grid: Grid, places: Places, error: ValidationError) -> None:
        for problem in trial_problems.explained(self.sweep, grid, places, error):
            self._say(problem)

    def _say(self, problem: trial_problems.Said) -> None:
        self.problems.add(problem.text, problem.same)
