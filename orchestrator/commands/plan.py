"""`sweep plan`: the bundles that a launch with the same options would run, with an estimate of their time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.execution.store.keep_sweep import refuse_another_file
from orchestrator.launch.options import Options, resources
from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.consistency import notes
from orchestrator.planning.estimate import Estimate, Speeds
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import Plan, compare
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.records.leases.lease_file import at_work
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.interfaces.networks.engine import Choice
from workers.plugins import EXPERIMENTS, keeps_networks
from workers.trial import Trial


@dataclass(frozen=True)
class Planned:
    """A plan with its bundles, the engine and time of each, and notes on where the records come from.

    engines: None for a bundle that is computed in one way only. kept_bytes: of the trained weights that the launch
    will add to the store.
    """

    plan: Plan
    bundles: tuple[Bundle, ...]
    engines: tuple[Choice | None, ...]
    estimate: Estimate
    notes: tuple[str, ...]
    kept_bytes: int = 0


def planned(sweep: Sweep, options: Options) -> Planned:
    """Starts nothing; a cluster is asked for its resources. Raises as `orchestrator.launch.resources`, and Refused
    where a launch would not begin since the store knows another file of this name."""
    trials, ledger = expand(sweep), Ledger.read(Store(options.store))
    refuse_another_file(sweep, ledger.store)
    plan = compare(trials, ledger, at_the_end=at_the_end(sweep, trials)).beside(at_work(ledger.store.files))
    found = resources(options)
    bundles = pack_missing(plan, found)
    speeds = Speeds(found.device, found.on)
    overhead = speeds.overhead_s(sweep, len(trials), options.local) if plan.work else 0.0
    estimate = speeds.estimate(bundles, found.lanes, overhead)
    engines = tuple(_engine(bundle, found.on) for bundle in bundles)
    return Planned(
        plan, bundles, engines, estimate, tuple(notes(trials, plan.recorded, ledger)), _kept_bytes(plan.to_run)
    )


def _kept_bytes(trials: Sequence[Trial]) -> int:
    """Of the trained weights of these trials, computed once a cell."""
    keeper = keeps_networks(trials[0].experiment) if trials else None
    if not keeper:
        return 0
    alike = Counter(id(trial.unseeded) for trial in trials)
    first = {id(trial.unseeded): trial for trial in reversed(trials)}
    with trials[0].files.active():
        return sum(n * keeper.kept_bytes(first[one].settings) for one, n in alike.items())


def _engine(bundle: Bundle, device: str) -> Choice | None:
    first = bundle.trials[0]
    with first.files.active():
        return EXPERIMENTS.load(first.experiment).engine(first.settings, device)
