"""Draws the curves of a sweep and judges its claims, here or by tasks of the cluster, unless nothing has changed."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from orchestrator.execution.observer import Observer
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.store.claim_work import ClaimedWork
from orchestrator.launch.options import Options
from orchestrator.results.build import Results, build
from orchestrator.results.write import Files, unchanged, write
from orchestrator.spec.sweep import Sweep
from tracking.analysis.row_cache import Reducer, in_this_process
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.trial import Trial


def unchanged_results(sweep: Sweep, trials: Sequence[Trial], work: ClaimedWork) -> tuple[Results, Files] | None:
    """The results of a sweep that nothing is to be done of, and its figures where these were drawn from the same."""
    results = build(sweep, trials, work.ledger)
    files = unchanged(results, work.store)
    return (results, files) if files else None


def written_results(
    sweep: Sweep, trials: Sequence[Trial], ledger: Ledger, store: Store,
    reducing: AbstractContextManager[Reducer], observer: Observer,
) -> tuple[Results, Files]:  # fmt: skip
    """The results of a sweep, its figures drawn and its claims judged: no rows are read of it any more."""
    with observer.waiting("drawing curves and judging claims"), reducing as reducer:
        results = build(sweep, trials, ledger, reducer)
        with store.leased():
            pass  # who was taken over writes no figures either
        files = write(results, store)
        _ = results.table, results.verdicts  # where no figure could be written, they are not known yet
        return results, files


@contextmanager
def reducing(options: Options, store: Store, attached: bool, signals: StopSignals) -> Iterator[Reducer]:
    """What reduces the rows in the end: tasks of the cluster, or this process. `attached`: bundles have run there."""
    if not options.elsewhere:
        yield in_this_process
        return
    from orchestrator.cluster import reduce_tasks

    with reduce_tasks.tasks() if attached else reduce_tasks.reducing(str(options.address), store) as reducer:
        signals.install()
        yield reducer
