"""Makes a store ready for a launch: the work is claimed, and what is damaged is set aside so that it is done again."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from orchestrator.planning.plan import Plan, plan
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from tracking.common.errors import Damaged, InUse, OtherFormat, Refused
from tracking.records import layout, lease
from tracking.records.lease_file import abandoned
from tracking.records.store import Store
from workers.trial import Trial


class _Nothing:
    """The lease of a launch that writes no records."""

    lost = False


@dataclass(frozen=True)
class Ready:
    """A store that this launch may write, and what is to be done in it. `damaged`: what was set aside, in words."""

    store: Store
    plan: Plan
    lease: lease.Lease | _Nothing
    damaged: list[str] = field(default_factory=list)


@contextmanager
def ready(sweep: Sweep, trials: Sequence[Trial], root: str, retry_failed: bool) -> Iterator[Ready]:
    """Where nothing is to be done nothing is claimed. Raises lease.InUse; Refused for records of another version."""
    store = Store(root)
    _refuse_other_formats(store)
    first = plan(trials, store, 1, retry_failed)
    unsound = store.unsound(first.recorded.values())
    if not first.to_run and not unsound:
        _tidy_if_nobody_works(store, sweep, first)
        yield Ready(store, first, _Nothing())
        return
    claimed = {t.id for t in first.to_run} | {id for id, r in first.recorded.items() if r.bundle in unsound}
    with lease.acquire(store.files, sweep.name, frozenset(claimed), say) as mine:
        store = Store(root, mine.number)
        damaged = _set_aside(store, plan(trials, store, 1, retry_failed))
        _tidy(store, first)
        yield Ready(store, plan(trials, store, 1, retry_failed), mine, damaged)


def _refuse_other_formats(store: Store) -> None:
    """Records of another version are neither read nor done again beside it."""
    for found in store.manifests():
        if isinstance(found, OtherFormat):
            raise Refused(f"{found}: use that version, or another --store")


def _tidy(store: Store, now: Plan) -> None:
    """Deletes what a crash has left of bundles that are done."""
    with store.leased():
        store.files.delete(store.strays(now.recorded.values()))


def _tidy_if_nobody_works(store: Store, sweep: Sweep, now: Plan) -> None:
    """After a launch that was killed when everything had been recorded."""
    ids = frozenset(t.id for t in now.trials)
    if store.strays(now.recorded.values()) or abandoned(store.files, sweep.name, ids):
        with suppress(InUse), lease.acquire(store.files, sweep.name, ids, say) as mine:
            _tidy(Store(store.root, mine.number), now)


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
        say(f"damaged: {error}; it was set aside, and the work is done again")
    return [str(error) for error in found]
