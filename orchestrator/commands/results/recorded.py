"""The results of a sweep of which something is recorded."""

from orchestrator.commands.launch_command import launch_command
from orchestrator.results.build import Results, build
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import Refused
from tracking.records.ledger import Ledger
from tracking.records.store import Store


def recorded(sweep: Sweep, store: Store, given: str) -> Results:
    """`given`: the store as the user named it. Raises Refused where nothing is recorded of the sweep."""
    results = build(sweep, expand(sweep), Ledger.read(store))
    refuse_nothing(results, given)
    return results


def refuse_nothing(results: Results, given: str) -> None:
    """Raises Refused where the results are of no trial at all, with the command that would run some."""
    if not results.records:
        sweep = results.sweep
        raise Refused(
            f"nothing is recorded of {sweep.variant} in '{given}'; `{launch_command(sweep, given)}` runs it, and "
            "--store says where records are"
        )
