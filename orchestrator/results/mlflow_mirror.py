"""Keeps MLflow up with a sweep while it runs, shows its curves and verdicts there at the end, and on demand."""

import logging
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestrator.results.build import Results
from orchestrator.results.write import Files
from orchestrator.spec.expand import varied
from orchestrator.spec.sweep import Sweep
from tracking.analysis.frame import UNFINISHED
from tracking.common.hide_passwords import public
from tracking.common.text import count_of, duration
from tracking.mirror import sync as mirror
from tracking.mirror.background import Lag, Mirror
from tracking.mirror.content.curve_runs import curve_lines
from tracking.mirror.content.data_sets import Stored
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.is_shown import Shown, is_shown
from tracking.mirror.runs import SyncReport
from tracking.mirror.tracking_uri import check, check_place, database, of_database
from tracking.records import layout
from tracking.records.leases.lease_file import at_work, claimed
from tracking.records.ledger import Ledger
from tracking.records.rows import State
from tracking.records.store import Store
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import sentence
from workers.training.settings import OnImages
from workers.trial import Trial

LOG = logging.getLogger(__name__)

CLOSE_S = 60.0  # for MLflow to catch up at the end of a launch
INTERRUPTED_CLOSE_S = 8.0  # after an interruption, which may have a deadline
LATE_S = 30.0  # a shorter lag is not shown while a launch runs


def uri(store: Store, given: str | None) -> str:
    """The tracking URI asked for, or the SQLite file of the store."""
    if given or not store.files.local:
        return given or os.environ.get("MLFLOW_TRACKING_URI", of_database(Path(layout.MLFLOW_DATABASE).absolute()))
    return of_database(Path(store.files.root, layout.MLFLOW_DATABASE))


def options(store: Store, where: str) -> tuple[str, ...]:
    """The options by which a command on the store reaches the MLflow at `where`; none where it does so by itself."""
    return () if where == uri(store, None) else ("--tracking-uri", public(where))


def _info(sweep: Sweep, trials: Sequence[Trial]) -> SweepInfo:
    return SweepInfo(sweep.variant, sweep.title, sweep.path, sweep.digest, tuple(varied(sweep)), _images(trials))


def _images(trials: Sequence[Trial]) -> dict[str, Stored]:
    """What an image of each data set is, by its name, where it is known before they are loaded, and one for all."""
    found: dict[str, set[Stored]] = {}
    one_of_each = {id(t.unseeded): t for t in reversed(trials)}.values()
    data = {id(t.settings.data): t.settings.data for t in one_of_each if isinstance(t.settings, OnImages)}
    for one in data.values():
        if there := one.sizes():
            found.setdefault(one.name, set()).add(Stored(there.image, there.numbers))
    return {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1}


class Mirroring:
    """The mirror of one launch. Leaving it early, by an error or an interrupt, still mirrors what is recorded."""

    def __init__(self, sweep: Sweep, store: Store, uri: str, begin: Callable[[], Mirror], waiting: bool) -> None:
        """begin: starts the thread that mirrors. waiting: whether that is left to `finish`."""
        self.sweep, self.store, self.uri, self._begin = sweep, store, uri, begin
        self.thread = None if waiting else begin()

    def __enter__(self) -> "Mirroring":
        return self

    def __exit__(self, *error: object) -> None:
        interrupted = error[0] is not None
        if not self.thread:
            return
        lag = self.thread.close(INTERRUPTED_CLOSE_S if interrupted else CLOSE_S, interrupted)
        if late := _late(lag):
            what = "MLflow is behind by %s; the records are complete, and once that is mended, `%s` catches up"
            LOG.warning(what, late, self.sweep.command("sync", self.store.root, options(self.store, self.uri)))

    def behind(self) -> str:
        """By how many trials MLflow is behind, for how long and why; "" where it is not, or was not a minute ago."""
        lag = self.thread.lag() if self.thread else None
        return f"{_late(lag)}, for {duration(lag.seconds)}" if lag and lag.seconds > LATE_S else ""

    def finish(self, results: Results, files: Files, ledger: Ledger) -> None:
        """Shows curves, figures, verdicts and the report on the sweep's own run. `ledger`: the records to show. Nobody
        is at work on what is missing then: the launch has ended."""
        if not self.thread and _is_shown(self.uri, results, files):
            return
        self.thread = self.thread or self._begin()
        self.thread.offer(_stopped(parent(results, files)), ledger)


def _is_shown(uri: str, results: Results, files: Files) -> bool:
    """Whether an embedded MLflow shows all of this already."""
    info, state, path = _info(results.sweep, results.trials), _state(_states(results)), database(uri)
    shown = Shown(files.origin, "cancelled" if state == "running" else state)
    return path is not None and is_shown(path, info, results.records, shown)


def _late(lag: Lag) -> str:
    why = (lag.error or "still sending").splitlines()
    if not (lag.trials or lag.error):
        return ""
    what = count_of(lag.trials, "trial") if lag.trials else "the sweep's own run"
    return f"{what} ({why[0]})"


def begin(
    sweep: Sweep, trials: Sequence[Trial], ledger: Ledger, tracking_uri: str | None, working: bool, waiting: bool
) -> Mirroring:
    """Starts to mirror. working: whether trials are about to be trained. waiting: not before `finish`, and not then
    where MLflow is as it should be, since its import takes seconds. Raises Refused for an unusable URI."""
    place = uri(ledger.store, tracking_uri)
    check(place)
    if tracking_uri and (path := database(place)):
        check_place(path)
    thread = partial(Mirror, _info(sweep, trials), {t.id for t in trials}, ledger, place, working=working)
    return Mirroring(sweep, ledger.store, place, thread, waiting)


def sync(results: Results, files: Files, ledger: Ledger, tracking_uri: str | None) -> SyncReport:
    """Brings MLflow up to date from the records, once, whatever it holds."""
    shown, store = parent(results, files), ledger.store
    at_work = _at_work(results.records.keys(), store) if shown.state == "running" else set()
    if not at_work:
        shown = _stopped(shown)
    where = uri(store, tracking_uri)
    return mirror.sync(_info(results.sweep, results.trials), results.records.values(), ledger, where, shown, at_work)


def _stopped(parent: Parent) -> Parent:
    """As shown where something is missing and nobody works on it."""
    return replace(parent, state="cancelled") if parent.state == "running" else parent


def _at_work(trials: Collection[str], store: Store) -> set[str]:
    """Which of these trials a living launch has claimed."""
    return claimed(at_work(store.files), trials)


def parent(results: Results, files: Files) -> Parent:
    """What the sweep's own run shows."""
    states = _states(results)
    tags = {f"claim.{i}.{v.name}": str(v.verdict) for i, v in enumerate(results.verdicts, 1)}
    lines, left_out = ((), []) if results.table.empty else curve_lines(results.table)
    shown = {
        "figures": tuple(Path(c[kind]) for c in files.figures for kind in ("png", "svg")),
        "": (
            *sorted({Path(c[kind]) for c in files.figures for kind in ("parquet", "csv") if kind in c}),
            *([Path(files.report)] if files.report else []),
        ),
    }
    sweep = results.sweep
    note = _note(sweep, states, results.verdicts, left_out)
    logarithmic = frozenset(curve.name for curve in sweep.curves if curve.x_logarithmic)
    texts = {Path(sweep.path).name: sweep.written}
    return Parent(_state(states), note, tags, lines, logarithmic, shown, texts, files.origin)


def _states(results: Results) -> dict[str, int]:
    return {str(state): int(n) for state, n in results.frame.trials["state"].value_counts().items()}


def _state(states: dict[str, int]) -> State:
    """Running as long as something is left to run; failed when all has ended and some of it badly."""
    if UNFINISHED & states.keys():
        return "running"
    return "failed" if states.get("failed") or states.get("cancelled") else "finished"


def _note(sweep: Sweep, states: dict[str, int], verdicts: Sequence[Verdict], left_out: list[str]) -> str:
    """Markdown for the run's description."""
    counts = ", ".join(f"{n} {state}" for state, n in states.items())
    parts = [f"**{sweep.title}**", f"{sweep.source}", sweep.notes or "", f"Trials: {counts}."]
    if verdicts:
        lines = "\n".join(f"| {v.label} {v.name} | {v.verdict} | {v.statement} | {sentence(v)} |" for v in verdicts)
        parts.append(f"| claim | verdict | statement | why |\n|---|---|---|---|\n{lines}")
    if left_out:
        parts.append(
            f"Not drawn as metrics here, for MLflow's steps are integers: {', '.join(left_out)}. See the figures."
        )
    return "\n\n".join(p for p in parts if p)
