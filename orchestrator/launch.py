"""Launch: seven calls from a sweep file to curves and verdicts, the same for every backend."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from orchestrator import local, mirroring, results
from orchestrator.bundle import halves
from orchestrator.expand import expand
from orchestrator.interrupt import Interrupt, Interrupted
from orchestrator.plan import Plan, plan
from orchestrator.progress import Launching, say
from orchestrator.spec import Sweep
from tracking import named
from tracking.named import Refused
from tracking.store import Store
from tracking.verdict import Verdict
from workers.work import Bundle, give_up


@dataclass(frozen=True)
class Options:
    """How to launch, nothing of what: `address` of a Ray cluster, or `local` for this process without Ray."""

    store: str = "runs"
    local: bool = False
    address: str | None = None
    tracking_uri: str | None = None
    retry_failed: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class Launched:
    """What a launch did and found."""

    trials: dict[str, int]
    curves: list[dict[str, str]]
    table: Any
    claims: list[Verdict]
    failures: dict[str, int]
    tracking_uri: str
    report: str
    wall_s: float


def launch(sweep: Sweep, options: Options) -> Launched:
    """Runs what is missing of a sweep, mirrors it, draws its curves and judges its claims."""
    start = time.monotonic()
    store = Store(options.store)
    trials = expand(sweep)[: options.limit]
    before = plan(trials, store, 1, options.retry_failed)
    mirror = mirroring.begin(sweep, trials, store, options.tracking_uri)
    with mirror:
        if before.to_run:
            _run(before, sweep, store, options, trials)
        found = results.gather(trials, store)
        curves, table = results.draw(sweep, trials, found, store)
        verdicts = results.judged(sweep, found)
        results.keep_claims(sweep, store, verdicts)
        report = results.report(sweep, trials, found, store, (curves, table), verdicts)
        mirror.finish(found, curves, table, verdicts, report)
    after = plan(trials, store, 1)
    wall_s = time.monotonic() - start
    return Launched(_counts(before, after), curves, table, verdicts, after.failures, mirror.uri, report, wall_s)


def _run(before: Plan, sweep: Sweep, store: Store, options: Options, trials: Sequence[Any]) -> None:
    """Everything that is missing, on the backend asked for; what fails is halved until it is one trial."""
    say(f"{sweep.title}: {len(before.to_run)} of {len(before.trials)} trials to run")
    _prepare(sweep, before)
    with _backend(options) as (lanes, run):
        bundles = list(plan(trials, store, lanes, options.retry_failed).bundles)
        with Interrupt() as interrupt, Launching(bundles, len(before.trials) - len(before.to_run)) as view:
            while bundles:
                failed = run(bundles, store.root, view, interrupt)
                if interrupt.asked:
                    raise Interrupted
                bundles = _isolated(failed, bundles, store)
        say(view.note())


def _prepare(sweep: Sweep, before: Plan) -> None:
    """What the experiment wants to be sure of before a worker starts: that its data are here, and large enough."""
    experiment = named.load("workers.experiments", sweep.experiment)
    if hasattr(experiment, "prepare"):
        try:
            experiment.prepare(before.to_run)
        except ValueError as error:
            raise Refused(f"{sweep.path}: {error}") from error


def _backend(options: Options) -> Any:
    """A context that yields the number of lanes and the function that runs bundles."""
    if options.local:
        return nullcontext((local.lanes(), local.run))
    from orchestrator import cluster

    return cluster.backend(options.address)


def _isolated(failed: dict[str, str], bundles: Sequence[Bundle], store: Store) -> list[Bundle]:
    """Bundles that failed, halved; a single trial that fails is recorded as failed, with its error."""
    again = []
    for bundle in bundles:
        if bundle.id in failed and len(bundle.trials) > 1:
            again += halves(bundle)
        elif bundle.id in failed:
            give_up(store, bundle, "cpu", failed[bundle.id])
    return again


def _counts(before: Plan, after: Plan) -> dict[str, int]:
    states = after.states
    return {
        "total": len(after.trials),
        "run": len(before.to_run) - len(after.to_run),
        "already_done": len(before.trials) - len(before.to_run),
        "failed": states["failed"],
        "diverged": states["diverged"],
    }
