"""Which trials share a bundle, that is, are trained together. Pure; a trial's result does not depend on it.

Trials of one bundle may differ in the settings that their experiment names in `MAY_DIFFER` (`workers/experiments`), and
in those of an optimizer that are numbers of its steps.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from orchestrator.planning.amounts import amount
from orchestrator.planning.plan import Plan
from orchestrator.planning.resources import Resources
from tracking.common.flatten import flat
from workers.bundle import Bundle, measuring_kept, together
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

MAX_MODELS = 64  # on a CPU, where models share nothing but the worker
KNOWN_BY = ("net.name", "net.width", "net.batch_norm", "data.train_size", "degree", "surface", "net.degree")  # first
# Bundles for each lane at least, if there are enough trials, so that no lane is idle early. On a GPU the models of a
# bundle share the device: three of them in two bundles took 1.4 times as long as in one on an H100.
PER_LANE = {"cpu": 4, "cuda": 1}


def cost(trial: Trial, kept: bool = False) -> float:
    """Floating-point operations of a trial, as its experiment estimates them. kept: nothing is trained."""
    with trial.files.active():
        return amount(trial, EXPERIMENTS.load(trial.experiment).cost, kept)


def costs(trials: Iterable[Trial], kept: bool = False) -> dict[str, float]:
    """The cost of each trial, by id; computed once for those that differ in nothing but their seed."""
    known: dict[int, float] = {}
    found = {}
    for t in trials:
        same = id(t.unseeded)
        if same not in known:
            known[same] = cost(t, kept)
        found[t.id] = known[same]
    return found


def operations(bundle: Bundle) -> float:
    """Floating-point operations of a bundle."""
    return sum(costs(bundle.trials, bool(bundle.trained_in)).values())


def described(bundles: Sequence[Bundle]) -> dict[str, str]:
    """Names of bundles, by id: the settings of network and data in which they differ."""
    settings = {b.id: flat(b.trials[0].plain) for b in bundles}
    others = {key for s in settings.values() for key in s if key.startswith(("net.", "data."))}
    others -= {key for b in bundles for key in b.trials[0].may_differ}  # which a bundle may have several values of
    keys = dict.fromkeys((*KNOWN_BY, *sorted(others)))
    known = [key for key in keys if len({str(s.get(key)) for s in settings.values()}) > 1]
    return {id: _named(plain, known or KNOWN_BY) for id, plain in settings.items()}


def _named(plain: dict[str, Any], known: Iterable[str]) -> str:
    keys = [key for key in known if key in plain] or [key for key in plain if key != "seed"][:2]
    return ", ".join(f"{key.rpartition('.')[2]} {plain[key]}" for key in keys)


def most(free: int | None, trial: Trial) -> int:
    """Models of this trial's shape that a bundle may hold on a GPU with `free` bytes of memory; None means a CPU."""
    if free is None:
        return MAX_MODELS
    with trial.files.active():
        return EXPERIMENTS.load(trial.experiment).most_models(trial.settings, free) or MAX_MODELS


class _Sized(NamedTuple):
    """A bundle, and the operations of its trials that are to run."""

    bundle: Bundle
    operations: float


def pack_missing(plan: Plan, resources: Resources) -> tuple[Bundle, ...]:
    """The bundles of a launch of this plan, the longest first.

    Trials that are missing stay in the bundle that they would have in a launch of the whole sweep, where none of its
    trials is done or begun: a model's last bits depend on its bundle, and after a crash they must be those of an
    uninterrupted launch.
    """
    limit, pieces = partial(most, resources.gpu_bytes), resources.lanes * PER_LANE[resources.on]
    again = _measuring_once(plan, (t for t in plan.to_measure if t.id not in plan.from_weights))
    kept = [t for t in plan.to_measure if t.id in plan.from_weights]
    sized = _sized(again, (), pieces, limit)
    trained_in = {t.id: plan.recorded[t.id].bundle for t in kept}
    sized += _sized(kept, (), pieces, limit, partial(measuring_kept, trained_in))
    if plan.to_run:
        unpacked = {t.id for t in plan.to_run} - {t.id for bundle in plan.begun for t in bundle.trials}
        of_all = _sized(_measuring_once(plan, plan.trials), (), pieces, limit)
        whole = [one for one in of_all if all(t.id in unpacked for t in one.bundle.trials)]
        packed = {t.id for one in whole for t in one.bundle.trials}
        rest = _measuring_once(plan, (t for t in plan.to_run if t.id not in packed))
        sized += [*whole, *_sized(rest, plan.begun, pieces, limit)]
    return tuple(_longest_first(sized))


def _measuring_once(plan: Plan, trials: Iterable[Trial]) -> list[Trial]:
    return [trial.measuring_once(plan.once) for trial in trials]


def _sized(
    trials: Sequence[Trial], begun: Iterable[Bundle], pieces: int, limit: Callable[[Trial], int],
    bundle_of: Callable[[Sequence[Trial]], Bundle] = together,
) -> list[_Sized]:  # fmt: skip
    """Bundles that hold every trial once, in no order.

    begun: bundles that have a checkpoint; they continue unchanged, including their trials that have ended. The other
    trials are grouped by what must be equal to be trained together, and a group is cut into bundles of about
    1 / `pieces` of all operations, which keep every lane busy to the end, and of `limit` of its trials at most.
    """
    wanted, found = {t.id: t for t in trials}, costs(trials)
    bundles = [bundle for bundle in begun if any(t.id in wanted for t in bundle.trials)]
    for bundle in bundles:
        for t in bundle.trials:
            wanted.pop(t.id, None)
    fair = sum(found[id] for id in wanted) / pieces
    groups: dict[str, list[Trial]] = {}
    for t in wanted.values():
        groups.setdefault(t.shape, []).append(t)
    for group in groups.values():
        bundles += [bundle_of(part) for part in _cut(group, sum(found[t.id] for t in group), fair, limit(group[0]))]
    return [_Sized(bundle, _left(bundle, found)) for bundle in bundles]


def _left(bundle: Bundle, costs: Mapping[str, float]) -> float:
    """costs: of the trials that are to run, by id; what has ended of a bundle that is continued costs nothing."""
    return operations(bundle) if bundle.trained_in else sum(costs.get(t.id, 0.0) for t in bundle.trials)


def _longest_first(sized: Iterable[_Sized]) -> list[Bundle]:
    return [one.bundle for one in sorted(sized, key=lambda one: (-one.operations, one.bundle.id))]


def _cut(group: list[Trial], group_cost: float, fair: float, most_models: int) -> list[list[Trial]]:
    parts = max(math.ceil(len(group) / most_models), min(len(group), round(group_cost / fair) if fair else 1), 1)
    ordered = sorted(group, key=lambda t: t.id)
    return [ordered[i::parts] for i in range(parts)]


def halves(bundle: Bundle) -> list[Bundle]:
    """Two bundles of half the trials each, to find out which of them breaks the whole."""
    middle = len(bundle.trials) // 2
    return [bundle.part(bundle.trials[:middle]), bundle.part(bundle.trials[middle:])]
