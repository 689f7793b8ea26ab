"""Launch: the steps from a sweep file to curves and verdicts, the same for every backend."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from orchestrator.execution import in_process, preflight
from orchestrator.execution.claim_work import ClaimedWork, claim_work
from orchestrator.execution.observer import Observer, Silent
from orchestrator.execution.progress import Progress
from orchestrator.execution.rounds import Run, run_rounds
from orchestrator.execution.shared_disk import wait_until_visible
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.supervisor import Supervisor
from orchestrator.planning import consistency
from orchestrator.planning.estimate import Speeds
from orchestrator.planning.pack import most
from orchestrator.planning.plan import Plan, plan
from orchestrator.results import build, mlflow_mirror
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import Refused
from tracking.records import layout
from tracking.records.manifest import Manifest
from tracking.records.store import Store
from tracking.records.writer import now_ms
from tracking.verdicts.verify import Verdict
from workers.bundle import Report
from workers.plugins import EXPERIMENTS
from workers.runtime import provenance

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
    """What a launch did and found."""

    trials: dict[str, int]
    curves: list[dict[str, str]]
    table: Any
    claims: list[Verdict]
    failed: dict[str, list[str]]
    tracking_uri: str
    report: str
    damaged: tuple[str, ...]
    wall_s: float


def launch(sweep: Sweep, options: Options, observer: Observer = SILENT) -> Launched:
    """Runs what is missing of a sweep, mirrors it, draws its curves and judges its claims.

    `observer` is told of what goes on; messages are logged. Raises InUse when another launch works on the same trials,
    StorageFailed, Interrupted, and TooManyFailures.
    """
    start = time.monotonic()
    if options.address and not options.local:
        preflight.check_address(options.address)
    trials = expand(sweep)[: options.limit]
    with StopSignals() as signals, claim_work(sweep, trials, options.store, options.retry_failed) as work:
        store, before = work.store, work.plan
        mirror = mlflow_mirror.begin(sweep, trials, store, options.tracking_uri, bool(before.to_run))
        with mirror:
            if before.to_run:
                since = now_ms()
                work.damaged.extend(_run(work, sweep, options, signals, mirror, observer))
                _remember_speeds(store, since)
            frame = build.gather(sweep, trials, store)
            curves, table = build.draw(sweep, trials, frame, store)
            verdicts = build.judged(sweep, frame)
            build.keep_claims(sweep, store, verdicts)
            report = build.report(sweep, trials, frame, store, (curves, table), verdicts)
            mirror.finish(frame, curves, table, verdicts, report)
        after = plan(trials, store, 1)
    return Launched(
        _counts(before, after), curves, table, verdicts, after.failed, mirror.uri, report, tuple(work.damaged),
        time.monotonic() - start,
    )  # fmt: skip


def _run(
    work: ClaimedWork, sweep: Sweep, options: Options, signals: StopSignals, mirror: mlflow_mirror.Mirroring,
    observer: Observer,
) -> list[str]:  # fmt: skip
    """Runs everything that is missing on the backend asked for; returns a message for each file found damaged."""
    before, store = work.plan, work.store
    save_code_changes(store)
    LOG.info("%s: %d of %d trials to run", sweep.title, len(before.to_run), len(before.trials))
    _prepare(sweep, before)
    with _backend(options, observer) as (lanes, free, run):
        signals.install()
        _check_nodes(options, store)
        bundles = plan(before.trials, store, lanes, options.retry_failed, partial(most, free)).bundles
        progress = Progress(bundles)
        supervisor = Supervisor(len(before.trials), _observing(progress, observer), signals, work.lease)
        with signals.polled(), observer.running(progress, mirror.behind):
            run_rounds(bundles, store, run, supervisor, progress)
        if options.elsewhere and store.files.local:
            wait_until_visible(store, supervisor.ended_bundles, observer)
        LOG.info(progress.summary())
    return supervisor.damaged


def _observing(progress: Progress, observer: Observer) -> Callable[[Report], None]:
    def observe(report: Report) -> None:
        progress.add(report)
        observer.reported(report)

    return observe


def _prepare(sweep: Sweep, before: Plan) -> None:
    """Checks what the experiment needs before a worker starts: that its data are here, and large enough."""
    experiment = EXPERIMENTS.load(sweep.experiment)
    consistency.refuse_other_data(before.to_run, before.recorded.values())
    try:
        note = experiment.prepare(before.to_run)
    except ValueError as error:
        raise Refused(f"{sweep.path}: {error}") from error
    if note:
        LOG.info("note     %s", note)


@contextmanager
def _backend(options: Options, observer: Observer) -> Iterator[tuple[int, int | None, Run]]:
    """Yields the number of lanes, the memory of a GPU in bytes, and the function that runs bundles."""
    if options.local:
        from workers.runtime.device import free_bytes

        yield 1, free_bytes(), in_process.run
        return
    with ExitStack() as stack:
        where = f"attaching to Ray at {options.address}" if options.address else "starting Ray on this machine"
        with observer.waiting(where):
            from orchestrator.cluster.tune_backend import backend

            found = stack.enter_context(backend(options.address))
        yield found


def _check_nodes(options: Options, store: Store) -> None:
    """Raises Refused when the nodes of a cluster could not run bundles."""
    if options.elsewhere:
        from orchestrator.cluster.nodes import survey

        preflight.check(survey, store)


def save_code_changes(store: Store) -> None:
    """Writes the patch that records refer to, where this program differs from its commit."""
    name = layout.code_changes(provenance.code().diff)
    if provenance.diff() and not store.files.names(layout.CODE, name.rpartition("/")[2]):
        store.files.write(name, provenance.diff().encode())


def _remember_speeds(store: Store, since_ms: int) -> None:
    """Remembers how fast the bundles were that were begun and done since then."""
    done = [m for m in store.manifests() if isinstance(m, Manifest) and m.started_ms >= since_ms and m.done]
    for device in {p.device for m in done for p in m.provenances}:
        Speeds(device).remember(done)


def _counts(before: Plan, after: Plan) -> dict[str, int]:
    states = after.states
    return {
        "total": len(after.trials),
        "run": len(before.to_run) - len(after.to_run),
        "already_done": len(before.trials) - len(before.to_run),
        "failed": states["failed"],
        "diverged": states["diverged"],
    }
