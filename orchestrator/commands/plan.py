"""`sweep plan`: the bundles that a launch with the same options would run, with an estimate of their time."""

from dataclasses import dataclass

from orchestrator.launch import Options, resources
from orchestrator.planning.consistency import notes
from orchestrator.planning.estimate import Estimate, Speeds
from orchestrator.planning.history import at_the_end
from orchestrator.planning.pack import pack_missing
from orchestrator.planning.plan import Plan, compare
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.bundle import Bundle


@dataclass(frozen=True)
class Planned:
    """A plan with its bundles, their time, and notes on where the records come from."""

    plan: Plan
    bundles: tuple[Bundle, ...]
    estimate: Estimate
    notes: tuple[str, ...]


def planned(sweep: Sweep, options: Options) -> Planned:
    """Starts nothing; a cluster is asked for its resources. Raises as `orchestrator.launch.resources`."""
    trials, ledger = expand(sweep), Ledger.read(Store(options.store))
    plan, found = compare(trials, ledger, at_the_end=at_the_end(sweep, trials)), resources(options)
    bundles = pack_missing(plan, found)
    estimate = Speeds(found.device).estimate(bundles, found.lanes)
    return Planned(plan, bundles, estimate, tuple(notes(trials, ledger)))
