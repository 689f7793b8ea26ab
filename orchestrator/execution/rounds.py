"""Runs bundles in rounds until all of their trials have ended or the launch must stop; between rounds failed bundles
are retried, split, or recorded as failed."""

import logging
import time
from collections.abc import Callable, Sequence

from orchestrator.execution.progress import Progress
from orchestrator.execution.retry import Done, Retries
from orchestrator.execution.supervisor import Supervisor
from tracking.common.errors import Damaged, Interrupted, InUse, StorageFailed, TooManyFailures
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.run_bundle import give_up
from workers.runtime.failure import Failure

LOG = logging.getLogger(__name__)

Run = Callable[[Sequence[Bundle], Store, Supervisor], None]  # runs bundles once, on some backend

POLL_S = 0.05  # between two looks for a signal, during the pause before a retry


def run_rounds(bundles: Sequence[Bundle], store: Store, run: Run, supervisor: Supervisor, progress: Progress) -> None:
    """Raises InUse, StorageFailed, Interrupted or TooManyFailures when the launch must stop."""
    retries = Retries()
    while bundles:
        supervisor.next_round(bundles)
        progress.next_round(bundles)
        run(bundles, store, supervisor)
        bundles = _next_bundles(bundles, store, supervisor, retries)


def _next_bundles(bundles: Sequence[Bundle], store: Store, supervisor: Supervisor, retries: Retries) -> list[Bundle]:
    """What to run next, after a pause; trials that are given up are recorded with their error."""
    _raise_if_stopped(supervisor)
    done = {b.id: _done(store, b) for b in bundles if b.id in supervisor.failures}
    decision = retries.decide(supervisor.failures, bundles, done)
    if supervisor.any_work_done or not supervisor.too_many_failures:
        for bundle, failure in decision.given_up:
            give_up(store, bundle, "cpu", failure.text)
            supervisor.bundle_given_up(bundle, failure)
    if ended := [f for f in supervisor.failures.values() if f.kind in ("died", "lost")]:
        LOG.warning("%d workers ended before their bundles did; the bundles go on from their last commits", len(ended))
    if supervisor.too_many_failures:
        raise TooManyFailures(
            f"stopped, since {supervisor.too_many_failures}\nMend it and launch again; trials that are recorded as "
            "failed run again with --retry-failed"
        )
    _pause(decision.pause_s, supervisor)
    _raise_if_stopped(supervisor)
    return decision.bundles


def _pause(seconds: float, supervisor: Supervisor) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not supervisor.should_stop:
        time.sleep(POLL_S)


def _raise_if_stopped(supervisor: Supervisor) -> None:
    fatal = supervisor.fatal
    if supervisor.lease.lost or (fatal and fatal.kind == "lease"):
        raise InUse(_message(fatal) if fatal else "another launch has taken this work over")
    if fatal:
        raise StorageFailed(_message(fatal))
    if supervisor.cluster_lost or supervisor.signals.received:
        raise Interrupted(supervisor.cluster_lost)


def _message(failure: Failure) -> str:
    """The last line of a failure without the name of our own exception."""
    return failure.line.partition(": ")[2] or failure.line


def _done(store: Store, bundle: Bundle) -> Done:
    try:
        manifest = store.manifest(bundle.id)
    except (FileNotFoundError, Damaged):  # no commit that can be read
        return Done()
    with_result = (t.id for t in manifest.trials if t.state in ("finished", "diverged"))
    return Done(manifest.commits, frozenset(with_result))
