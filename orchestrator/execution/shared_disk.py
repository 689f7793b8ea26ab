"""Waits until a disk that machines share shows this one what workers on others have recorded.

A network disk may serve old contents from its cache when another machine has replaced a file: NFS for up to a minute
(acdirmax), SSHFS for twenty seconds. Curves drawn at once after the last bundle would lack trials.
"""

import time
from collections.abc import Callable, Collection

from orchestrator.execution.observer import Observer
from tracking.common.errors import StorageFailed
from tracking.records.manifest import Manifest
from tracking.records.store import Store

LONGEST_S = 150.0
INTERVAL_S = 1.0  # between two looks


def wait_until_visible(
    store: Store, bundles: Collection[str], observer: Observer,
    clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
) -> None:  # fmt: skip
    """Returns once the manifests of these bundles, whose workers have reported that they are done, are seen as done
    from here. Raises StorageFailed when they are not after `LONGEST_S` by `clock`."""
    end, left = clock() + LONGEST_S, _not_done(store, bundles)
    if not left:
        return
    with observer.waiting(f"waiting for the disk to show what {len(left)} bundles have recorded on other machines"):
        while left := _not_done(store, left):
            if clock() > end:
                raise StorageFailed(
                    None,
                    f"this machine still does not see what {len(left)} bundles have recorded on others; is it the same "
                    "disk, and are its clients' caches short (NFS: actimeo)?",
                    store.root,
                )
            sleep(INTERVAL_S)


def _not_done(store: Store, bundles: Collection[str]) -> list[str]:
    """Read in the same way as for curves. A damaged manifest may be an old length with a new content."""
    done = {m.bundle for m in store.manifests() if isinstance(m, Manifest) and m.done}
    return [id for id in bundles if id not in done]
