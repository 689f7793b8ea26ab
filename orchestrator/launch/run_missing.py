"""Runs what a plan says is missing, in this process or under Ray, and reads the records after it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from orchestrator.execution import preflight
from orchestrator.execution.local import in_process
from orchestrator.execution.observer import Observer
from orchestrator.execution.progress import Progress
from orchestrator.execution.rounds import Run, run_rounds
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.store import keep_code
from orchestrator.execution.store.claim_work import ClaimedWork
from orchestrator.execution.store.publish_progress import published
from orchestrator.execution.store.shared_disk import read_again, read_when_visible
from orchestrator.execution.supervisor import Supervisor
from orchestrator.launch.options import Options
from orchestrator.planning import consistency, measured_at_end
from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.estimate import Speeds, remember_overhead
from orchestrator.planning.lacking import sentences
from orchestrator.planning.measured_speeds import Spent
from orchestrator.planning.plan import Plan
from orchestrator.planning.resources import Resources, this_machine
from orchestrator.results import mlflow_mirror
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import Refused
from tracking.common.named_files.user_code import UserCode
from tracking.common.versions import refuse_missing
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.bundle import Bundle, Report
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

LOG = logging.getLogger(__name__)
NEEDED = ("numpy", "pandas", "pyarrow", "safetensors", "scipy", "torch")  # modules without which trials would fail


class Ran(NamedTuple):
    """What a launch has run. ledger: the records after it. damaged: a message for each file found damaged. done: the
    bundles that have ended, with what they took."""

    ledger: Ledger
    damaged: tuple[str, ...]
    found: Resources
    done: list[tuple[Bundle, Spent]]


def run_missing(
    work: ClaimedWork, sweep: Sweep, options: Options, signals: StopSignals, mirror: mlflow_mirror.Mirroring,
    observer: Observer, attached: ExitStack,
) -> Ran:  # fmt: skip
    """Runs everything that is missing, on what is then left to `attached`. Raises Refused where a Python package that
    bundles need is not installed, and for what `preflight` and `consistency` find."""
    plan = work.plan
    refuse_missing(NEEDED)
    if not options.local:
        refuse_missing(["ray"], "--local runs without it")
    keep_code.keep(work.store, plan.work)
    LOG.info("%s: %d of %d trials to run", sweep.title, len(plan.to_run), len(plan.trials))
    with observer.waiting("comparing code and data with the records"):
        for line in (
            *((measured_at_end.sentence(plan.once),) if plan.once else ()),
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
    try:
        consistency.refuse_other_data(before.work, before.recorded.values())
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


def _check_nodes(options: Options, store: Store, sweep: Sweep) -> None:
    """Raises Refused when the nodes of a cluster could not run bundles."""
    if options.elsewhere:
        from orchestrator.cluster.nodes import survey

        preflight.check(survey, store, UserCode.loaded(sweep.files))


def remember(ran: Ran, sweep: Sweep, trials: Sequence[Trial], options: Options, processor_s: float) -> None:
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
