"""Reads the store after a run; waits until a disk that machines share shows what workers on others have recorded.

A network disk may serve old contents from its cache when another machine has replaced a file: NFS for up to a minute
(acdirmax), SSHFS for twenty seconds. Curves drawn at once after the last bundle would lack trials.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from orchestrator.execution.observer import Observer
from tracking.common.errors import StorageFailed
from tracking.common.text import count_of
from tracking.records.ledger import Ledger

LONGEST_S = 150.0
INTERVAL_S = 1.0  # between two reads


def read_again(known: Ledger, changed: Collection[str] = ()) -> Ledger:
    """The store of `known` as it is now; what its segment reader has read is kept. Manifests that look unchanged are
    not read again, unless their bundles are in `changed`."""
    kept = {bundle: manifest for bundle, manifest in known.manifests.items() if bundle not in changed}
    ledger = Ledger.read(known.store, replace(known, manifests=kept, damaged=()))
    return replace(ledger, segments=known.segments)


def read_when_visible(
    known: Ledger,
    changed: Collection[str],
    ended: Collection[str],
    observer: Observer,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Ledger:
    """As `read_again`, but only once the manifests of the bundles in `ended`, whose workers have reported that they are
    done, are seen as done from here. Raises StorageFailed when they are not after `LONGEST_S` by
    `clock`."""
    end, ledger = clock() + LONGEST_S, read_again(known, changed)
    left = _not_done(ledger, ended)
    if not left:
        return ledger
    bundles = count_of(len(left), "bundle")
    with observer.waiting(f"waiting for the disk to show what other machines have recorded of {bundles}"):
        while left:
            if clock() > end:
                raise StorageFailed(
                    None,
                    f"this machine still does not see what others have recorded of {bundles}; is it the same "
                    "disk, and are its clients' caches short (NFS: actimeo)?",
                    known.store.root,
                )
            sleep(INTERVAL_S)
            ledger = read_again(ledger, left)
            left = _not_done(ledger, left)
    return ledger


def _not_done(ledger: Ledger, bundles: Collection[str]) -> list[str]:
    """A damaged manifest counts as not done: it may be an old length with a new content."""
    return [id for id in bundles if id not in ledger.manifests or not ledger.manifests[id].done]
