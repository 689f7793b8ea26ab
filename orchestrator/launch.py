"""Launch: the steps from a sweep file to curves and verdicts, the same for every backend.

    Ledger.read(store) -> compare(trials, ledger) -> Plan -> pack -> run -> Ledger.read -> Results -> write, mirror

The store is read once before the run and once after it; the ledger is handed on as a value.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.execution import preflight
from orchestrator.execution.local import in_process
from orchestrator.execution.observer import Observer, Silent
from orchestrator.execution.progress import Progress
from orchestrator.execution.rounds import Run, run_rounds
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.store import keep_code
from orchestrator.execution.store.claim_work import ClaimedWork, claim_work
from orchestrator.execution.store.keep_sweep import keep_sweep, refuse_another_file
from orchestrator.execution.store.publish_progress import published
from orchestrator.execution.store.shared_disk import read_again, read_when_visible
from orchestrator.execution.supervisor import Supervisor
from orchestrator.planning import consistency
from orchestrator.planning.estimate import Speeds, remember_overhead
from orchestrator.planning.history import at_the_end
from orchestrator.planning.lacking import sentences
from orchestrator.planning.pack import pack_missing
from orchestrator.planning.plan import Plan, compare
from orchestrator.planning.resources import Resources, this_machine
from orchestrator.planning.speeds import Spent
from orchestrator.results import mlflow_mirror
from orchestrator.results.build import Results, build
from orchestrator.results.write import Files, unchanged, write
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.analysis.row_cache import Reducer, in_this_process
from tracking.common import html
from tracking.common.errors import Refused
from tracking.common.named_files.own_code import OwnCode
from tracking.common.text import duration
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.verdicts.sentence import sentence
from tracking.verdicts.verify import Verdict
from workers.bundle import Bundle, Report
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from tracking.plotting.figures import NotDrawn

LOG = logging.getLogger(__name__)
SILENT = Silent()


@dataclass(frozen=True)
class Options:
    """Options of a launch that do not change the result: `address` of a Ray cluster, or `local` for this process
    without Ray."""

    store: str = "runs"
    local: bool = False
    address: str | None = None
    tracking_uri: str | None = None
    retry_failed: bool = False
    limit: int | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether bundles run on other machines."""
        return bool(self.address) and not self.local


@dataclass(frozen=True)
class Launched:
    """What a launch did and found. trials: how many were run, were done before, failed, and so on. measured: how many
    recorded ones got measures that they had lacked. curves: the files of
    each figure. not_drawn: the figures that could not be drawn. results: what is recorded. failed: trials by the last
    line of their error. damaged: a message for each file that was set aside."""

    trials: dict[str, int]
    measured: int
    curves: list[dict[str, str]]
    not_drawn: "tuple[NotDrawn, ...]"
    results: Results = field(repr=False)
    claims: list[Verdict]
    failed: dict[str, list[str]]
    tracking_uri: str
    report: str
    damaged: tuple[str, ...]
    wall_s: float

    @property
    def table(self) -> "pd.DataFrame":
        """The points of all curves, read from the records where no figure was drawn."""
        return self.results.table

    def _repr_html_(self) -> str:
        counts = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in self.trials.items())
        claims = html.table(("claim", "verdict", "why"), [(v.name, v.verdict, sentence(v)) for v in self.claims])
        return html.titled(f"{counts}; {duration(self.wall_s)}", claims, html.line(f"report: {self.report}"))


class Ran(NamedTuple):
    """What a launch has run. ledger: the records after it. damaged: a message for each file found damaged. done: the
    bundles that have ended, with what they took."""

    ledger: Ledger
    damaged: tuple[str, ...]
    found: Resources
    done: list[tuple[Bundle, Spent]]


def launch(sweep: Sweep, options: Options, observer: Observer = SILENT) -> Launched:
    """Runs what is missing of a sweep, mirrors it, draws its curves and judges its claims.

    `observer` is told of what goes on; messages are logged. Raises InUse when another launch works on the same trials,
    StorageFailed, Interrupted, and TooManyFailures.
    """
    start, start_processor_s = time.monotonic(), time.process_time()
    if options.address and options.elsewhere:
        preflight.check_address(options.address)
    with sweep.files.active(), StopSignals() as signals, ExitStack() as claimed:
        trials = expand(sweep)  # a sweep that is refused is refused before anything is said
        with observer.waiting("reading what is recorded of the sweep"):
            refuse_another_file(sweep, Store(options.store))
            claim = claim_work(sweep, trials[: options.limit], options.store, options.retry_failed)
            work = claimed.enter_context(claim)
            kept = claimed.enter_context(keep_sweep(sweep, trials, work.store, options.limit))
        before, ledger, damaged = work.plan, work.ledger, work.damaged
        as_they_are = None if before.work or options.elsewhere else _unchanged(sweep, trials, work)
        with ExitStack() as mirrored, ExitStack() as attached:
            to = options.tracking_uri
            begun = mlflow_mirror.begin(sweep, trials, ledger, to, bool(before.work), waiting=bool(as_they_are))
            mirror = mirrored.enter_context(begun)
            if before.work:
                ran = _run(work, sweep, options, signals, mirror, observer, attached)
                ledger, damaged = ran.ledger, (*damaged, *ran.damaged)
            if not options.elsewhere:
                attached.close()
            reducing = _reducing(options, work.store, bool(before.work), signals)
            results, files = as_they_are or _written(sweep, trials, ledger, work.store, reducing, observer)
            kept.verdicts = results.verdicts
            attached.close()
            mirror.finish(results, files, ledger)
            with observer.waiting("bringing MLflow up to date"):
                mirrored.close()
    end = at_the_end(sweep, trials)
    after = compare(trials, ledger, at_the_end=end)
    every = before if options.limit is None else compare(trials, work.ledger, options.retry_failed, end)
    counts = _counts(every, before, after)
    measured = len({t.id for t in before.to_measure} - {t.id for t in after.to_measure})
    if before.work:
        _remember(ran, sweep, trials, options, time.process_time() - start_processor_s)
    return Launched(
        counts, measured, files.figures, files.not_drawn, results, list(results.verdicts), after.failed,
        mirror.uri, files.report, damaged, time.monotonic() - start,
    )  # fmt: skip


def _unchanged(sweep: Sweep, trials: Sequence[Trial], work: ClaimedWork) -> tuple[Results, Files] | None:
    """The results of a sweep that nothing is to be done of, and its figures where these were drawn from the same."""
    results = build(sweep, trials, work.ledger)
    files = unchanged(results, work.store)
    return (results, files) if files else None


def _written(
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


def resources(options: Options) -> Resources:
    """What the bundles of this launch would run on. Starts nothing; a cluster is asked.

    Raises Refused for a bad address, ConnectionError when nothing answers at it.
    """
    if not options.elsewhere:
        return this_machine(one_process=options.local)
    preflight.check_address(str(options.address))
    from orchestrator.cluster.tune_backend import backend

    with backend(options.address) as (found, _):
        return found


def _run(
    work: ClaimedWork, sweep: Sweep, options: Options, signals: StopSignals, mirror: mlflow_mirror.Mirroring,
    observer: Observer, attached: ExitStack,
) -> Ran:  # fmt: skip
    """Runs everything that is missing, on what is then left to `attached`."""
    plan = work.plan
    keep_code.keep(work.store, plan.work)
    LOG.info("%s: %d of %d trials to run", sweep.title, len(plan.to_run), len(plan.trials))
    with observer.waiting("comparing code and data with the records"):
        for line in (
            *sentences(plan.lacks, plan.why_lacking),
            *consistency.notes(plan.trials, plan.recorded, work.ledger),
        ):
            LOG.info("note     %s", line)
        _prepare(sweep, plan)
    found, run = attached.enter_context(_backend(options, observer))
    signals.install()
    _check_nodes(options, work.store, sweep)
    bundles = pack_missing(plan, found)
    progress = Progress(bundles)
    with (
        signals.polled(),
        published(progress, work.store) as publish,
        observer.running(progress, mirror.behind),
    ):
        observe = _observing(progress, observer, publish)
        supervisor = Supervisor(len(plan.trials), observe, signals, work.lease)
        run_rounds(bundles, work.store, run, supervisor, progress)
    ledger = _read_after(work.ledger, supervisor, options, observer)
    LOG.info(progress.summary())
    ended = ledger.manifests
    done = [pair for id, pair in progress.spent.items() if id in ended and ended[id].done]
    return Ran(ledger, tuple(supervisor.damaged), found, done)


def _read_after(before: Ledger, supervisor: Supervisor, options: Options, observer: Observer) -> Ledger:
    """The records after the run."""
    if options.elsewhere and before.store.files.local:
        return read_when_visible(before, supervisor.bundles, supervisor.ended_bundles, observer)
    return read_again(before, supervisor.bundles)


def _observing(progress: Progress, observer: Observer, publish: Callable[[], None]) -> Callable[[Report], None]:
    def observe(report: Report) -> None:
        progress.add(report)
        publish()
        observer.reported(report)

    return observe


def _prepare(sweep: Sweep, before: Plan) -> None:
    """Checks what the experiment needs before a worker starts: that its data are here, and large enough."""
    experiment = EXPERIMENTS.load(sweep.experiment)
    consistency.refuse_other_data(before.work, before.recorded.values())
    try:
        note = experiment.prepare(before.work)
    except ValueError as error:
        raise Refused(f"{sweep.path}: {error}") from error
    if note:
        LOG.info("note     %s", note)


@contextmanager
def _backend(options: Options, observer: Observer) -> Iterator[tuple[Resources, Run]]:
    """Yields what bundles run on, and the function that runs them."""
    if options.local:
        yield this_machine(one_process=True), in_process.run
        return
    where = f"attaching to Ray at {options.address}" if options.address else "starting Ray on this machine"
    with ExitStack() as stack:
        with observer.waiting(where):
            from orchestrator.cluster.tune_backend import backend

            found = stack.enter_context(backend(options.address))
        yield found


@contextmanager
def _reducing(options: Options, store: Store, attached: bool, signals: StopSignals) -> Iterator[Reducer]:
    """What reduces the rows in the end: tasks of the cluster, or this process. `attached`: bundles have run there."""
    if not options.elsewhere:
        yield in_this_process
        return
    from orchestrator.cluster import reduce_tasks

    with reduce_tasks.tasks() if attached else reduce_tasks.reducing(str(options.address), store) as reducer:
        signals.install()
        yield reducer


def _check_nodes(options: Options, store: Store, sweep: Sweep) -> None:
    """Raises Refused when the nodes of a cluster could not run bundles."""
    if options.elsewhere:
        from orchestrator.cluster.nodes import survey

        preflight.check(survey, store, OwnCode.loaded(sweep.files))


def _remember(ran: Ran, sweep: Sweep, trials: Sequence[Trial], options: Options, processor_s: float) -> None:
    """Keeps what bundles took, by the device that each ran on, and the launch besides them, for estimates.
    processor_s: of this process."""
    by_device: dict[str, list[tuple[Bundle, Spent]]] = {}
    for bundle, spent in ran.done:
        device = ran.ledger.manifests[bundle.id].provenances[-1].device
        by_device.setdefault(device, []).append((bundle, spent))
    for device, done in by_device.items():
        Speeds(device, ran.found.on).remember(done)
    if not options.elsewhere and ran.done:
        here = sum(spent.processor_s for _, spent in ran.done) if options.local else 0.0
        remember_overhead(ran.found.device, sweep, len(trials), options.local, processor_s - here)


def _counts(before: Plan, chosen: Plan, after: Plan) -> dict[str, int]:
    """Of all trials of the sweep before and after the launch, and of those that it was to run."""
    states, left = after.states, {t.id for t in after.to_run}
    return {
        "total": len(after.trials),
        "run": sum(t.id not in left for t in chosen.to_run),
        "already_done": len(before.trials) - len(before.to_run),
        "failed": states["failed"],
        "diverged": states["diverged"],
        "missing": len(left),
    }
