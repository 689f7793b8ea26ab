"""Launch: the steps from a sweep file to curves and verdicts, the same for every backend.

    Ledger.read(store) -> compare(trials, ledger) -> Plan -> pack -> run -> Ledger.read -> Results -> write, mirror

The store is read once before the run and once after it; the ledger is handed on as a value.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.execution import preflight
from orchestrator.execution.observer import Observer, Silent
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.store.claim_work import ClaimedWork, claim_work
from orchestrator.execution.store.keep_sweep import keep_sweep, refuse_another_file
from orchestrator.launch.options import Options
from orchestrator.launch.run_missing import Ran, remember, run_missing
from orchestrator.launch.write_results import reducing, unchanged_results, written_results
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import Plan, compare
from orchestrator.results import mlflow_mirror
from orchestrator.results.build import Results
from orchestrator.results.write import Files, points
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from tracking.common import html
from tracking.common.text import duration
from tracking.records.store import Store
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import sentence
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from tracking.plotting.figures import NotDrawn

SILENT = Silent()


@dataclass(frozen=True)
class Launched:
    """What a launch did and found. trials: how many were run, were done before, failed, and so on. measured: how many
    recorded ones got measures that they had lacked. curves: the files of
    each figure. not_drawn: the figures that could not be drawn. results: what is recorded. failed: trials by the last
    line of their error. damaged: a message for each file that was set aside. unchanged: whether the figures were there,
    made from the same."""

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
    unchanged: bool

    @property
    def table(self) -> "pd.DataFrame":
        """The points of all curves."""
        return points(self.results, self.curves) if self.unchanged else self.results.table

    def __str__(self) -> str:
        return "\n".join([self._counts, *(f"{v.name}: {v.verdict}" for v in self.claims), f"report: {self.report}"])

    def _repr_html_(self) -> str:
        claims = html.table(("claim", "verdict", "why"), [(v.name, v.verdict, sentence(v)) for v in self.claims])
        return html.titled(self._counts, claims, html.line(f"report: {self.report}"))

    @property
    def _counts(self) -> str:
        counts = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in self.trials.items())
        return f"{counts}; {duration(self.wall_s)}"


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
        done = _run_and_show(sweep, trials, work, options, signals, observer)
        kept.verdicts = done.results.verdicts
    end = at_the_end(sweep, trials)
    before, after = work.plan, compare(trials, done.results.ledger, at_the_end=end)
    every = before if options.limit is None else compare(trials, work.ledger, options.retry_failed, end)
    measured = len({t.id for t in before.to_measure} - {t.id for t in after.to_measure})
    if done.ran:
        remember(done.ran, sweep, trials, options, time.process_time() - start_processor_s)
    return Launched(
        _counts(every, before, after), measured, done.files.figures, done.files.not_drawn, done.results,
        list(done.results.verdicts), after.failed, done.tracking_uri, done.files.report,
        (*work.damaged, *(done.ran.damaged if done.ran else ())), time.monotonic() - start,
        done.unchanged,
    )  # fmt: skip


class _Done(NamedTuple):
    """What came of claimed work. ran: None where nothing was missing. unchanged: whether the files were there, made
    from the same."""

    ran: Ran | None
    results: Results
    files: Files
    tracking_uri: str
    unchanged: bool


def _run_and_show(
    sweep: Sweep, trials: Sequence[Trial], work: ClaimedWork, options: Options, signals: StopSignals, observer: Observer
) -> _Done:
    """Runs what is missing while MLflow is kept up with it, then draws, judges and shows what is recorded."""
    missing, ran, ledger = bool(work.plan.work), None, work.ledger
    as_they_are = None if missing or options.elsewhere else unchanged_results(sweep, trials, work)
    with ExitStack() as mirrored, ExitStack() as attached:
        to = options.tracking_uri
        begun = mlflow_mirror.begin(sweep, trials, ledger, to, missing, waiting=bool(as_they_are))
        mirror = mirrored.enter_context(begun)
        if missing:
            ran = run_missing(work, sweep, options, signals, mirror, observer, attached)
            ledger = ran.ledger
        if not options.elsewhere:
            attached.close()
        by = reducing(options, work.store, missing, signals)
        results, files = as_they_are or written_results(sweep, trials, ledger, work.store, by, observer)
        attached.close()
        mirror.finish(results, files, ledger)
        with observer.waiting("bringing MLflow up to date"):
            mirrored.close()
    return _Done(ran, results, files, mirror.uri, bool(as_they_are))


def _counts(every: Plan, chosen: Plan, after: Plan) -> dict[str, int]:
    """Of all trials of the sweep before and after the launch, and of those that it was to run."""
    states, left = after.states, {t.id for t in after.to_run}
    return {
        "total": len(after.trials),
        "run": sum(t.id not in left for t in chosen.to_run),
        "already_done": len(every.trials) - len(every.to_run),
        "failed": states["failed"],
        "diverged": states["diverged"],
        "missing": len(left),
    }
