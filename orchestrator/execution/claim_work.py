"""Claims the work of a launch in the store, and sets damaged files aside so that their work is done again."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from orchestrator.planning.plan import Plan, plan
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import Damaged, InUse, OtherFormat, Refused
from tracking.records import layout, lease
from tracking.records.lease_file import abandoned
from tracking.records.store import Store
from workers.trial import Trial

LOG = logging.getLogger(__name__)


class _NoLease:
    """In place of the lease of a launch that writes no records."""

    lost = False


@dataclass(frozen=True)
class ClaimedWork:
    """A store that this launch may write, and what is to be done in it. `damaged`: a message for each file that was set
    aside."""

    store: Store
    plan: Plan
    lease: lease.Lease | _NoLease
    damaged: list[str] = field(default_factory=list)


@contextmanager
def claim_work(sweep: Sweep, trials: Sequence[Trial], root: str, retry_failed: bool) -> Iterator[ClaimedWork]:
    """Where nothing is to be done nothing is claimed.

    Raises InUse when another launch works on the same trials; Refused for records of another version.
    """
    store = Store(root)
    _refuse_other_formats(store)
    first = plan(trials, store, 1, retry_failed)
    unsound = store.unsound(first.recorded.values())
    if not first.to_run and not unsound:
        _delete_strays_if_unclaimed(store, sweep, first)
        yield ClaimedWork(store, first, _NoLease())
        return
    claimed = {t.id for t in first.to_run} | {id for id, r in first.recorded.items() if r.bundle in unsound}
    with lease.acquire(store.files, sweep.name, frozenset(claimed), LOG.warning) as mine:
        store = Store(root, mine.number)
        damaged = _set_aside(store, plan(trials, store, 1, retry_failed))
        _delete_strays(store, first)
        yield ClaimedWork(store, plan(trials, store, 1, retry_failed), mine, damaged)


def _refuse_other_formats(store: Store) -> None:
    """Records of another version are neither read nor done again."""
    for found in store.manifests():
        if isinstance(found, OtherFormat):
            raise Refused(f"{found}: use that version, or another --store")


def _delete_strays(store: Store, now: Plan) -> None:
    """Deletes files that crashes have left in the folders of bundles that are done."""
    with store.leased():
        store.files.delete(store.strays(now.recorded.values()))


def _delete_strays_if_unclaimed(store: Store, sweep: Sweep, now: Plan) -> None:
    """After a launch that was killed when everything had been recorded."""
    ids = frozenset(t.id for t in now.trials)
    if store.strays(now.recorded.values()) or abandoned(store.files, sweep.name, ids):
        with suppress(InUse), lease.acquire(store.files, sweep.name, ids, LOG.warning) as mine:
            _delete_strays(Store(store.root, mine.number), now)


def _set_aside(store: Store, now: Plan) -> list[str]:
    """Renames damaged manifests, and those of bundles whose rows are. A bundle that goes on sees to its own rows:
    it may have an older commit to go on from."""
    broken = [m for m in store.manifests() if isinstance(m, Damaged)]
    unsound = store.unsound(now.recorded.values())
    going_on = {r.bundle for r in now.recorded.values() if r.state == "running"}
    found = [*broken, *(error for bundle, error in unsound.items() if bundle not in going_on)]
    names = [*(m.name for m in broken)]
    for bundle, error in unsound.items():
        if bundle not in going_on:
            names += [layout.manifest(bundle), error.name]
    with store.leased():
        for name in names:
            store.files.set_aside(name)
    for error in found:
        LOG.warning("damaged: %s; it was set aside, and the work is done again", error)
    return [str(error) for error in found]
