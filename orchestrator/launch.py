"""Launch: seven calls from a sweep file to curves and verdicts, the same for every backend."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from orchestrator.execution import in_process, preflight
from orchestrator.execution.lease_trials import Ready, ready
from orchestrator.execution.live_view import Launching
from orchestrator.execution.retry import Retries
from orchestrator.execution.shared_disk import settle
from orchestrator.execution.signals import Interrupt
from orchestrator.execution.supervisor import Watch
from orchestrator.planning import consistency
from orchestrator.planning.estimate import Speeds
from orchestrator.planning.pack import most
from orchestrator.planning.plan import Plan, plan
from orchestrator.results import build, mlflow_mirror
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say, waiting
from tracking.common.errors import Damaged, Interrupted, InUse, Refused, StorageFailed, TooManyFailures
from tracking.records import layout
from tracking.records.manifest import Manifest
from tracking.records.store import Store
from tracking.records.writer import now_ms
from tracking.verdicts.verify import Verdict
from workers.bundle import Bundle
from workers.plugins import EXPERIMENTS
from workers.run_bundle import give_up
from workers.runtime import provenance
from workers.runtime.failure import Failure

Run = Callable[[Sequence[Bundle], Store, Watch], None]


@dataclass(frozen=True)
class Options:
    """How to launch, nothing of what: `address` of a Ray cluster, or `local` for this process without Ray."""

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


def launch(sweep: Sweep, options: Options) -> Launched:
    """Runs what is missing of a sweep, mirrors it, draws its curves and judges its claims.

    Raises lease.InUse when another launch works on the same trials, StorageFailed, Interrupted, and TooManyFailures.
    """
    start = time.monotonic()
    if options.address and not options.local:
        preflight.knock(options.address)
    trials = expand(sweep)[: options.limit]
    with Interrupt() as interrupt, ready(sweep, trials, options.store, options.retry_failed) as found:
        store, before = found.store, found.plan
        mirror = mlflow_mirror.begin(sweep, trials, store, options.tracking_uri, bool(before.to_run))
        with mirror:
            if before.to_run:
                since = now_ms()
                found.damaged.extend(_run(found, sweep, options, interrupt, mirror))
                _remember(store, since)
            frame = build.gather(trials, store)
            curves, table = build.draw(sweep, trials, frame, store)
            verdicts = build.judged(sweep, frame)
            build.keep_claims(sweep, store, verdicts)
            report = build.report(sweep, trials, frame, store, (curves, table), verdicts)
            mirror.finish(frame, curves, table, verdicts, report)
        after = plan(trials, store, 1)
    return Launched(
        _counts(before, after), curves, table, verdicts, after.failed, mirror.uri, report, tuple(found.damaged),
        time.monotonic() - start,
    )  # fmt: skip


def _run(
    found: Ready, sweep: Sweep, options: Options, interrupt: Interrupt, mirror: mlflow_mirror.Mirroring
) -> list[str]:
    """Everything that is missing, on the backend asked for, until all of it has ended; what was found damaged."""
    before, store = found.plan, found.store
    _keep_changes(store)
    say(f"{sweep.title}: {len(before.to_run)} of {len(before.trials)} trials to run")
    _prepare(sweep, before)
    with _backend(options) as (lanes, free, run):
        interrupt.listen()
        _check_nodes(options, store)
        bundles = list(plan(before.trials, store, lanes, options.retry_failed, partial(most, free)).bundles)
        retries = Retries()
        with interrupt.heed(), Launching(bundles, mirror.behind) as view:
            watch = Watch(len(before.trials), view, interrupt, found.lease)
            while bundles:
                watch.again()
                view.begin(bundles)
                run(bundles, store, watch)
                bundles = _after(watch, bundles, retries, store)
        if options.elsewhere and store.files.local:
            settle(store, watch.done)
        say(view.note())
    return watch.damaged


def _after(watch: Watch, bundles: Sequence[Bundle], retries: Retries, store: Store) -> list[Bundle]:
    """What to run next, after a pause; trials that are given up are recorded with their error. Raises when the launch
    must stop: InUse, StorageFailed, Interrupted, TooManyFailures."""
    _stop_for_good(watch)
    following = retries.next(watch.failures, bundles, partial(_commits, store), partial(_ended, store))
    for bundle, failure in following.given_up if watch.worked or not watch.many else []:
        give_up(store, bundle, "cpu", failure.text)
        watch.given_up(bundle, failure)
    if gone := [f.kind for f in watch.failures.values() if f.kind in ("died", "lost")]:
        say(f"{len(gone)} workers ended before their bundles did; the bundles go on from their last commits")
    if watch.many:
        raise TooManyFailures(
            f"stopped, since {watch.many}\nMend it and launch again; trials that are recorded as failed run again with "
            "--retry-failed"
        )
    until = time.monotonic() + following.pause_s
    while time.monotonic() < until and not watch.stop:
        time.sleep(0.05)
    _stop_for_good(watch)
    return following.bundles


def _stop_for_good(watch: Watch) -> None:
    if watch.lease.lost or (watch.fatal and watch.fatal.kind == "lease"):
        raise InUse(_said(watch.fatal) if watch.fatal else "another launch has taken this work over")
    if watch.fatal:
        raise StorageFailed(_said(watch.fatal))
    if watch.gone or watch.interrupt.asked:
        raise Interrupted(watch.gone)


def _said(failure: Failure) -> str:
    """Without the name of the exception, which is ours and says nothing more."""
    return failure.line.partition(": ")[2] or failure.line


def _commits(store: Store, bundle: Bundle) -> int:
    try:
        return store.manifest(bundle.id).commits
    except (FileNotFoundError, Damaged):
        return 0


def _ended(store: Store, bundle: Bundle) -> set[str]:
    recorded = store.recorded({t.id for t in bundle.trials})
    return {id for id, r in recorded.items() if r.state in ("finished", "diverged")}


def _prepare(sweep: Sweep, before: Plan) -> None:
    """What the experiment wants to be sure of before a worker starts: that its data are here, and large enough."""
    experiment = EXPERIMENTS.load(sweep.experiment)
    consistency.refuse_other_data(before.to_run, before.recorded.values())
    try:
        note = experiment.prepare(before.to_run)
    except ValueError as error:
        raise Refused(f"{sweep.path}: {error}") from error
    if note:
        say(f"note     {note}")


@contextmanager
def _backend(options: Options) -> Iterator[tuple[int, int | None, Run]]:
    """Yields the number of lanes, the memory of a GPU, and the function that runs bundles."""
    if options.local:
        yield in_process.lanes(), in_process.free(), in_process.run
        return
    with ExitStack() as stack:
        with waiting(f"attaching to Ray at {options.address}" if options.address else "starting Ray on this machine"):
            from orchestrator.cluster.tune_backend import backend

            found = stack.enter_context(backend(options.address))
        yield found


def _check_nodes(options: Options, store: Store) -> None:
    """Raises Refused when the nodes of a cluster could not run bundles."""
    if options.elsewhere:
        from orchestrator.cluster.nodes import survey

        preflight.check(survey, store)


def _keep_changes(store: Store) -> None:
    """The patch that records name, where this program differs from its commit."""
    name = layout.code_changes(provenance.code().diff)
    if provenance.diff() and not store.files.names(layout.CODE, name.rpartition("/")[2]):
        store.files.write(name, provenance.diff().encode())


def _remember(store: Store, since_ms: int) -> None:
    """How fast the bundles were that were begun and done since then."""
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
