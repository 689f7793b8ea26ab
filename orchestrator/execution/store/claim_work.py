"""Claims the work of a launch in the store, and sets damaged files aside so that their work is done again."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import Plan, compare
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import InUse, Refused
from tracking.records import layout
from tracking.records.leases import lease
from tracking.records.leases.lease_file import abandoned
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.trial import Trial

LOG = logging.getLogger(__name__)


class _NoLease:
    """In place of the lease of a launch that writes no records."""

    lost = False


@dataclass(frozen=True)
class ClaimedWork:
    """A store that this launch may write, what it held when the work was claimed, and what is to be done. `damaged`: a
    message for each file that was set aside."""

    store: Store
    ledger: Ledger
    plan: Plan
    lease: lease.Lease | _NoLease
    damaged: tuple[str, ...] = ()


@contextmanager
def claim_work(sweep: Sweep, trials: Sequence[Trial], root: str, retry_failed: bool) -> Iterator[ClaimedWork]:
    """Reads the store once. Where nothing is to be done nothing is claimed; where something is, manifests that have
    changed until the claim are read again.

    Raises InUse when another launch works on the same trials; Refused for records of another version.
    """
    store, end = Store(root), at_the_end(sweep, trials)
    seen = Ledger.read(store)
    _refuse_other_formats(seen)
    plan = compare(trials, seen, retry_failed, end)
    unsound = seen.unsound(plan.recorded.values())
    if not plan.work and not unsound:
        _delete_strays_if_unclaimed(seen, sweep, plan)
        yield ClaimedWork(store, seen, plan, _NoLease())
        return
    claimed = {t.id for t in plan.work} | {id for id, r in plan.recorded.items() if unsound.keys() & {*r.bundles}}
    with lease.acquire(store.files, sweep.name, frozenset(claimed), LOG.warning) as mine:
        store = Store(root, mine.number)
        ledger = replace(Ledger.read(store, seen), segments=seen.segments)
        damaged = _set_aside(ledger, compare(trials, ledger, retry_failed, end))
        if damaged:
            ledger = replace(Ledger.read(store, ledger), segments=seen.segments)
        plan = compare(trials, ledger, retry_failed, end)
        _delete_strays(ledger, plan)
        yield ClaimedWork(store, ledger, plan, mine, damaged)


def _refuse_other_formats(ledger: Ledger) -> None:
    """Records of another version are neither read nor done again."""
    for found in ledger.other_formats:
        raise Refused(f"{found}: use that version, or another --store")


def _delete_strays(ledger: Ledger, plan: Plan) -> None:
    """Deletes files that crashes have left in the folders of bundles that are done."""
    with ledger.store.leased():
        ledger.store.files.delete(ledger.strays(plan.recorded.values()))


def _delete_strays_if_unclaimed(ledger: Ledger, sweep: Sweep, plan: Plan) -> None:
    """After a launch that was killed when everything had been recorded."""
    store, ids = ledger.store, frozenset(t.id for t in plan.trials)
    if ledger.strays(plan.recorded.values()) or abandoned(store.files, sweep.name, ids):
        with suppress(InUse), lease.acquire(store.files, sweep.name, ids, LOG.warning) as mine:
            _delete_strays(Ledger.read(Store(store.root, mine.number), ledger), plan)


def _set_aside(ledger: Ledger, plan: Plan) -> tuple[str, ...]:
    """Renames damaged manifests, and those of bundles whose rows are damaged. Rows of a bundle that is to continue are
    left to its worker: there may be an older commit to continue from."""
    unsound = ledger.unsound(plan.recorded.values())
    running = {r.bundle for r in plan.recorded.values() if r.state == "running"}
    rows = {bundle: error for bundle, error in unsound.items() if bundle not in running}
    names = [error.name for error in ledger.damaged]
    names += [name for bundle, error in rows.items() for name in (layout.manifest(bundle), error.name)]
    with ledger.store.leased():
        for name in names:
            ledger.store.files.set_aside(name)
    messages = tuple(str(error) for error in (*ledger.damaged, *rows.values()))
    for message in messages:
        LOG.warning("damaged: %s; it was set aside, and the work is done again", message)
    return messages
