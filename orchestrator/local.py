"""Runs bundles in this process, one after the other: no Ray, and a debugger works."""

import traceback
from collections.abc import Callable, Sequence

from orchestrator.interrupt import Interrupt
from tracking.store import Store
from workers.work import Bundle, Report, work


def lanes() -> int:
    """Bundles that run at a time."""
    return 1


def run(
    bundles: Sequence[Bundle], store: str, handle: Callable[[Report], None], interrupt: Interrupt
) -> dict[str, str]:
    """Runs bundles, reporting to `handle`; returns the error of each bundle that failed, by bundle id.

    An interrupt closes the bundle at hand, which commits what it has.
    """
    failed: dict[str, str] = {}
    for bundle in bundles:
        running = work(Store(store), bundle, _device())
        try:
            for report in running:
                handle(report)
                if interrupt.asked:
                    return failed
        except Exception:
            failed[bundle.id] = traceback.format_exc()
        finally:
            running.close()
    return failed


def _device() -> str:
    from workers.device import best

    return best()
