"""Runs bundles in this process, one after the other: no Ray, and a debugger works."""

from collections.abc import Sequence
from contextlib import closing

from orchestrator.execution.supervisor import Watch
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.run_bundle import work
from workers.runtime import failure


def lanes() -> int:
    """Bundles that run at a time."""
    return 1


def free() -> int | None:
    """Bytes that a bundle may fill on the GPU; None where it runs on processors."""
    from workers.runtime.device import free_bytes

    return free_bytes()


def run(bundles: Sequence[Bundle], store: Store, watch: Watch) -> None:
    """Runs bundles, telling `watch` what they report and how they fail; stopped by it, the bundle at hand commits."""
    for bundle in bundles:
        try:
            with closing(work(store, bundle, _device())) as running:
                for report in running:
                    watch.heard(report)
                    if watch.stop:
                        break
        except Exception as error:
            watch.failed(bundle, failure.of(error))
        if watch.stop:
            return


def _device() -> str:
    from workers.runtime.device import best

    return best()
