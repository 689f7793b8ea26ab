"""The MLflow mirror: a sweep is a run, its trials are the runs below it, all of it rebuilt from the records at will.

`sync` may be called again after anything: a crash, a lost reply, a wiped database, a run deleted by hand, another
`sync` at the same time. Runs are found again by their tags, timestamps come from the records, and a run is marked as
ended only when everything else of it is there. MLflow is written from here and nowhere else.
"""

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from tracking.common.errors import Damaged, Unreachable
from tracking.common.failpoints import reached
from tracking.mirror import payload as mp
from tracking.mirror.payload import Parent, SweepInfo
from tracking.mirror.runs import REFUSED, Known, Runs
from tracking.mirror.runs import SyncReport as SyncReport
from tracking.mirror.tracking_uri import ENVIRONMENT, artifacts, brief, check, database, make_once, public
from tracking.records.manifest import TrialRecord
from tracking.records.storage import sha256
from tracking.records.store import Store

METRICS_A_BATCH, TAGS_A_BATCH = 800, 90  # MLflow's limits: 1000 in all, 100 params, 100 tags


def sync(
    sweep: SweepInfo,
    trials: Iterable[TrialRecord],
    store: Store,
    tracking_uri: str,
    parent: Parent | None = None,
    at_work: Collection[str] | None = None,
) -> SyncReport:
    """Makes MLflow show these trials as they are recorded. `at_work`: those that somebody works on, None meaning all;
    what is unfinished and not among them is shown as killed, until somebody goes on with it.

    Raises Refused for a tracking URI that cannot be used, Unreachable when MLflow cannot be written. What is wrong with
    a single run is reported, and the others are written.
    """
    with _reaching(tracking_uri):
        prepare(tracking_uri)
        client = connect(tracking_uri)
        writer = _Writer(client, sweep, store, _experiment(client, sweep, tracking_uri))
        try:
            writer.write([mp.as_it_stands(t, at_work) for t in trials], parent, at_work is None or bool(at_work))
        finally:
            _close(client)
    return writer.report


@contextmanager
def _reaching(tracking_uri: str) -> Iterator[None]:
    _load(tracking_uri)
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        path = database(tracking_uri)
        remedy = f"; where {path} itself is damaged, remove it: it is built anew from the records" if path else ""
        where, why = public(tracking_uri), public(brief(error))
        raise Unreachable(f"MLflow at '{where}' cannot be written: {why}{remedy}") from error


def _close(client: Any) -> None:
    """Lets go of a SQLite file: who deletes it between two rounds gets a new one, not one that nobody can see."""
    engine = getattr(client._tracking_client.store, "engine", None)
    if engine is not None:
        engine.dispose()


def connect(tracking_uri: str) -> Any:
    """A client of the tracking store, which must exist. Raises Refused for MLflow's retired file store."""
    _load(tracking_uri)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri)


def _load(tracking_uri: str) -> None:
    """Imports MLflow, which takes seconds and reads its environment."""
    check(tracking_uri)
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    import mlflow  # noqa: F401


def prepare(tracking_uri: str) -> None:
    """Loads MLflow, and creates the SQLite store if it is not there."""
    _load(tracking_uri)
    path = database(tracking_uri)
    if path is not None and not path.exists():
        make_once(path, _create)


def _create(path: Path, artifact_root: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(f"sqlite:///{path}", artifact_root).engine.dispose()


def _experiment(client: Any, sweep: SweepInfo, tracking_uri: str) -> str:
    """The id of the sweep's experiment, which is created, or brought back if someone deleted it."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(sweep.name)
    if found is None:
        path = database(tracking_uri)
        about = {"mlflow.note.content": sweep.title, "mlflow.experimentKind": "custom_model_development"}
        try:
            return str(client.create_experiment(sweep.name, artifacts(path) if path else None, about))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(sweep.name)  # someone else was a moment faster
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


@dataclass
class _Writer:
    """One `sync`. Runs are known by their trial's id, the sweep's own by the empty string."""

    client: Any
    sweep: SweepInfo
    store: Store
    experiment: str
    report: SyncReport = field(default_factory=SyncReport)

    def __post_init__(self) -> None:
        self.runs = Runs(self.client, self.sweep.name, self.experiment, self.report)

    def write(self, trials: list[TrialRecord], parent: Parent | None, live: bool) -> None:
        started = min((t.started_ms for t in trials), default=0)
        commit = next((t.provenance.code.commit for t in trials if t.provenance.code), "")
        about = mp.parent_tags(self.sweep, parent, commit)
        runs = self.runs.found()
        if not trials and "" not in runs:
            return  # a run is made when it is known when the sweep began: MLflow cannot change that later
        runs = self.runs.with_({"": (started, about)}, runs)
        late = bool(trials) and runs[""].started > started  # of bundles side by side the first may commit last
        if late or (parent and self._outdated(runs[""], parent.lines)):
            self.runs.supersede(runs.pop(""), "it began earlier" if late else "its curves have changed")
            runs = self.runs.with_({"": (started, about)}, runs)
        top = runs[""].id
        for t in trials:  # MLflow takes no point back
            if t.id in runs and runs[t.id].started != t.started_ms:
                self.runs.supersede(runs.pop(t.id), "its work was begun anew")
        runs = self.runs.with_({t.id: (t.started_ms, mp.tags(self.sweep, t, top)) for t in trials}, runs)
        ended = [t for t in trials if not self._unchanged(runs[t.id], t, top)]
        self.report.runs_unchanged = len(trials) - len(ended)
        for _, bundle in groupby(sorted(ended, key=lambda t: (t.bundle, t.id)), key=lambda t: t.bundle):
            self._bundle(list(bundle), runs, top)
        if parent:
            self._parent(runs[""], parent, about, trials)
        elif live or runs[""].status == "RUNNING":
            self._end(runs[""], mp.STATUS["running" if live else "cancelled"], mp.last(trials, started))
        for left in runs.keys() - {"", *(t.id for t in trials)}:
            if runs[left].status == "RUNNING":  # of trials that are no longer of the sweep, or never got a row
                self._end(runs[left], mp.STATUS["cancelled"], runs[left].started)

    def _unchanged(self, run: Known, trial: TrialRecord, parent: str) -> bool:
        return run.mirrored == self._digest(trial, parent) and run.status == mp.STATUS[trial.state]

    def _digest(self, trial: TrialRecord, parent: str) -> str:
        """Equal when there is nothing to send: rows are only ever added to, so state and step stand for them."""
        return mp.digest(mp.tags(self.sweep, trial, parent), mp.params(trial), trial.clock[-1:])

    def _bundle(self, trials: list[TrialRecord], runs: dict[str, Known], parent: str) -> None:
        """Trials of one bundle, so that its rows are read once."""
        try:
            rows = self.store.rows([t for t in trials if runs[t.id].sent != "all"]).to_pandas()
        except Damaged as error:
            self._problem([t.id for t in trials], error)
            return
        of = dict(list(rows.groupby("trial", observed=True)))
        whole = self.runs.whole([runs[t.id] for t in trials])
        for trial in trials:
            run = runs[trial.id]
            with self._reporting(trial.id):
                data = (whole.get(run.id) or self.client.get_run(run.id)).data
                self._trial(run, data, trial, parent, of.get(trial.id, rows[:0]))

    def _trial(self, run: Known, data: Any, trial: TrialRecord, parent: str, rows: pd.DataFrame) -> None:
        sent = run.sent
        points = [] if sent == "all" else mp.points(trial, rows, int(sent))
        complete = sent == "all" or trial.state in mp.FINAL
        marks = {
            "sweep.sent": "all" if complete else str(max(trial.step, int(sent))),
            "sweep.mirrored": self._digest(trial, parent),
        }
        self.runs.keys.update(p.key for p in points)
        self._log(run.id, data, mp.params(trial), points, {**mp.tags(self.sweep, trial, parent), **marks})
        reached("mirror.run_logged")
        self._end(run, mp.STATUS[trial.state], mp.stamp(trial, trial.step))
        self.report.runs_updated += 1

    def _log(
        self, id: str, known: Any, params: dict[str, str], points: list[mp.Point], tags: dict[str, str]
    ) -> None:  # fmt: skip
        """Only what is new, in few requests; the tags last, as MLflow too writes them last within a request."""
        from mlflow.entities import Metric, Param, RunTag

        new_params = mp.parts([Param(k, v) for k, v in params.items() if known.params.get(k) != v], TAGS_A_BATCH)
        new_points = mp.parts([Metric(p.key, p.value, p.ms, p.step) for p in points], METRICS_A_BATCH)
        new_tags = mp.parts([RunTag(k, v) for k, v in tags.items() if known.tags.get(k) != v], TAGS_A_BATCH)
        *before, (last_params, last_points) = zip_longest(new_params, new_points, fillvalue=())
        for some_params, some_points in before:
            self.client.log_batch(id, some_points, some_params)
            reached("mirror.batch_sent")
        self.client.log_batch(id, last_points, last_params, new_tags[0])
        for more in new_tags[1:]:
            self.client.log_batch(id, tags=more)
        self.report.points_sent += len(points)

    def _end(self, run: Known, status: str, ms: int) -> None:
        if status == "RUNNING":
            if run.status != status:
                self.client.update_run(run.id, status)
        elif (run.status, run.ended) != (status, ms):
            self.client.set_terminated(run.id, status, ms)
        reached("mirror.run_ended")

    def _outdated(self, known: Known, lines: dict[str, dict[int, float]]) -> bool:
        """Whether MLflow shows a point of a curve that is no longer so (more seeds): points cannot be taken back."""
        run = self.client.get_run(known.id) if lines else None
        if run is None or run.data.tags.get("sweep.curves") == mp.digest(lines):
            return False
        shown = (m for key in run.data.metrics for m in self.client.get_metric_history(known.id, key))
        return any(lines.get(m.key, {}).get(m.step) != m.value for m in shown)

    def _parent(self, known: Known, parent: Parent, about: dict[str, str], trials: list[TrialRecord]) -> None:
        """The sweep's own run; a step of its metrics is the x of a curve."""
        run = self.client.get_run(known.id)
        curves, ms = mp.digest(parent.lines), known.started  # the same time whenever it is sent
        new = parent.lines if run.data.tags.get("sweep.curves") != curves else {}
        points = [mp.Point(key, value, ms, x) for key, line in new.items() for x, value in line.items()]
        with self._reporting(""):
            files = self._files(run, parent)
            reached("mirror.files_sent")
            self._data(run, trials)
            self._pages()
            self._log(known.id, run.data, {}, points, {**about, "sweep.files": files, "sweep.curves": curves})
            if not self.report.problems:
                self._end(known, mp.STATUS[parent.state], mp.last(trials, ms))

    def _files(self, run: Any, parent: Parent) -> str:
        """Uploads the artifacts when one of them is new; returns their digest."""
        every = [(folder, file) for folder, found in parent.files.items() for file in found]
        digest = mp.digest([(folder, file.name, sha256(file.read_bytes())) for folder, file in every])
        if run.data.tags.get("sweep.files") != digest:
            for folder, file in every:
                self.client.log_artifact(run.info.run_id, str(file), folder or None)
        return digest

    def _pages(self) -> None:
        """What the experiment's page says on top, and the table of trials it leads to."""
        note = f"{mp.view_link(self.experiment)} · {self.sweep.title}"
        self.client.set_experiment_tag(self.experiment, "mlflow.note.content", note)
        view = mp.view(self.sweep.varied, self.runs.keys)
        self.client.set_experiment_tag(self.experiment, f"mlflow.sharedViewState.{mp.VIEW}", view)

    def _data(self, run: Any, trials: list[TrialRecord]) -> None:
        """Which data the trials saw, as MLflow's data set inputs: name and digest, not the images."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        known = {(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs}
        used = {(t.data.title, t.data.digest[:36]) for t in trials if t.data}
        if new := sorted(used - known):
            context = [InputTag("mlflow.data.context", "training and test")]
            sets = [Dataset(name, digest, "local", "{}") for name, digest in new]
            self.client.log_inputs(run.info.run_id, datasets=[DatasetInput(s, context) for s in sets])

    @contextmanager
    def _reporting(self, trial: str) -> Iterator[None]:
        """A run that MLflow refuses is reported and passed over; a server that is gone ends the whole `sync`."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            if error.error_code not in REFUSED:
                raise
            self._problem([trial], error)

    def _problem(self, trials: list[str], error: Exception) -> None:
        self.report.behind += [t for t in trials if t]
        self.report.problems.append(f"{', '.join(t or self.sweep.name for t in trials)}: {error}")
