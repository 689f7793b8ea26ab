"""Runs bundles in this process, one after the other: no Ray, and a debugger works."""

from collections.abc import Sequence
from contextlib import closing

from orchestrator.execution.supervisor import Supervisor
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.run_bundle import work
from workers.runtime import failure


def run(bundles: Sequence[Bundle], store: Store, supervisor: Supervisor) -> None:
    """Runs bundles and tells `supervisor` what they report and how they fail. When it says so, the running bundle
    commits, and this returns."""
    from workers.runtime.device import best

    for bundle in bundles:
        try:
            with closing(work(store, bundle, best())) as reports:
                for report in reports:
                    supervisor.bundle_reported(report)
                    if supervisor.should_stop:
                        break
        except Exception as error:
            supervisor.bundle_failed(bundle, failure.of(error))
        if supervisor.should_stop:
            return
