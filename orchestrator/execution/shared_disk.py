"""Waits until a disk that machines share shows this one what workers on others have recorded.

A network disk may answer from memory, about files that another machine has replaced since: NFS for up to a minute
(acdirmax), SSHFS for twenty seconds. Curves drawn at once after the last bundle would lack trials.
"""

import time
from collections.abc import Collection

from orchestrator.terminal.console import waiting
from tracking.common.errors import StorageFailed
from tracking.records.manifest import Manifest
from tracking.records.store import Store

LONGEST_S = 150.0


def settle(store: Store, bundles: Collection[str]) -> None:
    """Returns once the manifests of these bundles, whose workers have said that they are done, say so, too. Raises
    StorageFailed when they do not for `LONGEST_S`."""
    end, left = time.monotonic() + LONGEST_S, _old(store, bundles)
    if not left:
        return
    with waiting(f"waiting for the disk to show what {len(left)} bundles have recorded on other machines"):
        while left := _old(store, left):
            if time.monotonic() > end:
                raise StorageFailed(
                    None,
                    f"this machine still does not see what {len(left)} bundles have recorded on others; is it the same "
                    "disk, and are its clients' caches short (NFS: actimeo)?",
                    store.root,
                )
            time.sleep(1.0)


def _old(store: Store, bundles: Collection[str]) -> list[str]:
    """Looked at as curves look at them; a damaged one may be a length from before with a content from now."""
    done = {m.bundle for m in store.manifests() if isinstance(m, Manifest) and m.done}
    return [id for id in bundles if id not in done]
