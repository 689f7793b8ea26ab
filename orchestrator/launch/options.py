"""The options of a launch, and what its bundles would run on."""

from dataclasses import dataclass

from orchestrator.execution import preflight
from orchestrator.planning.resources import Resources, this_machine


@dataclass(frozen=True)
class Options:
    """Options of a launch that do not change the result: `address` of a Ray cluster, or `local` for this process
    without Ray."""

    store: str = "runs"
    local: bool = False
    address: str | None = None
    tracking_uri: str | None = None
    retry_failed: bool = False
    limit: int | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether bundles run on other machines."""
        return bool(self.address) and not self.local


def resources(options: Options) -> Resources:
    """What the bundles of this launch would run on. Starts nothing; a cluster is asked.

    Raises Refused for a bad address, ConnectionError when nothing answers at it.
    """
    if not options.elsewhere:
        return this_machine(one_process=options.local)
    preflight.check_address(str(options.address))
    from orchestrator.cluster.tune_backend import backend

    with backend(options.address) as (found, _):
        return found
