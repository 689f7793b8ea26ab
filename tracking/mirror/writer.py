"""Writes what is recorded of a sweep to MLflow: its trials' runs, its own run above them, its curves' lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.common.errors import Damaged
from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror import artifacts, data_sets, views
from tracking.mirror import payload as mp
from tracking.mirror.curve_runs import CurveLine, Point
from tracking.mirror.payload import Parent, SweepInfo
from tracking.mirror.runs import LINE, MIRRORED, NOTHING_SENT, REFUSED, SENT, Known, Runs, SyncReport
from tracking.records.ledger import Ledger
from tracking.records.manifest import TrialRecord
from tracking.records.storage import sha256

if TYPE_CHECKING:
    import pandas as pd

METRICS_A_BATCH, TAGS_A_BATCH = 800, 90  # MLflow's limits: 1000 in all, 100 params, 100 tags
FILES = "mlflow.sweep.files"  # tags that begin with mlflow. are not shown by MLflow's pages


@dataclass
class Writer:
    """One `sync`. Runs are known by their trial's id or their curve's line, the sweep's own by the empty string."""

    client: Any
    sweep: SweepInfo
    ledger: Ledger
    experiment: str
    database: Path | None  # of an embedded store
    report: SyncReport = field(default_factory=SyncReport)

    def __post_init__(self) -> None:
        self.runs = Runs(self.client, self.sweep.name, self.experiment, self.report)

    def write(self, trials: list[TrialRecord], parent: Parent | None, live: bool) -> None:
        """Raises InUse once the launch that writes has lost its lease: another one shows the sweep now."""
        self._check_lease()
        started = min((t.started_ms for t in trials), default=0)
        commit = next((t.provenance.code.commit for t in trials if t.provenance.code), "")
        about = mp.parent_tags(self.sweep, parent, commit)
        runs = self.runs.found()
        if not trials and "" not in runs:
            return  # a run is made when it is known when the sweep began: MLflow cannot change that later
        runs = self.runs.with_({"": (started, about)}, runs)
        if why := self._outdated(runs[""], started, trials):
            self.runs.supersede(runs.pop(""), why)
            runs = self.runs.with_({"": (started, about)}, runs)
        top = runs[""].id
        for t in trials:  # MLflow takes no point back
            if t.id in runs and runs[t.id].started != t.started_ms:
                self.runs.supersede(runs.pop(t.id), "its work was begun anew")
        runs = self.runs.with_({t.id: (t.started_ms, mp.tags(self.sweep, t, top)) for t in trials}, runs)
        ended = [t for t in trials if not self._unchanged(runs[t.id], t, top)]
        self.report.runs_unchanged = len(trials) - len(ended)
        for _, bundle in groupby(sorted(ended, key=lambda t: (t.bundle, t.id)), key=lambda t: t.bundle):
            self._check_lease()
            self._bundle(list(bundle), runs, top)
        self._check_lease()
        if parent:
            self._parent(runs, parent, about, trials)
        elif live or runs[""].status == "RUNNING":
            self._end(runs[""], mp.STATUS["running" if live else "cancelled"], mp.last(trials, started))
        for left in runs.keys() - {"", *(t.id for t in trials)}:
            if runs[left].status == "RUNNING" and not left.startswith(
                LINE
            ):  # of trials that are no longer of the sweep, or never got a row
                self._end(runs[left], mp.STATUS["cancelled"], runs[left].started)

    def _check_lease(self) -> None:
        with self.ledger.store.leased():
            pass

    def _unchanged(self, run: Known, trial: TrialRecord, parent: str) -> bool:
        return run.mirrored == self._digest(trial, parent) and run.status == mp.STATUS[trial.state]

    def _digest(self, trial: TrialRecord, parent: str) -> str:
        """Equal when there is nothing to send: rows are only ever added to, so state and step stand for them."""
        return mp.digest(mp.tags(self.sweep, trial, parent), mp.params(trial), trial.clock[-1:], mp.all_sent(trial))

    def _bundle(self, trials: list[TrialRecord], runs: dict[str, Known], parent: str) -> None:
        """Trials of one bundle, so that its rows are read once."""
        try:
            rows = self.ledger.rows([t for t in trials if runs[t.id].sent != mp.all_sent(t)]).to_pandas()
        except Damaged as error:
            self._problem([t.id for t in trials], error)
            return
        of = dict(list(rows.groupby("trial", observed=True)))
        whole = self.runs.whole([runs[t.id] for t in trials])
        for trial in trials:
            run = runs[trial.id]
            with self._reporting(trial.id):
                there = whole.get(run.id) or self.client.get_run(run.id)
                self._trial(run, there, trial, parent, of.get(trial.id, rows[:0]))

    def _trial(self, run: Known, there: Any, trial: TrialRecord, parent: str, rows: "pd.DataFrame") -> None:
        everything = run.sent == mp.all_sent(trial)
        sent = NOTHING_SENT if run.sent.startswith(mp.ALL_SENT) else run.sent  # with measures that were added later
        points = [] if everything else mp.points(self.sweep, trial, rows, int(sent))
        complete = everything or trial.state in mp.FINAL
        marks = {
            SENT: mp.all_sent(trial) if complete else str(max(trial.step, int(sent))),
            MIRRORED: self._digest(trial, parent),
        }
        self.runs.keys.update(p.key for p in points)
        self._log(run.id, there.data, mp.params(trial), points, {**mp.tags(self.sweep, trial, parent), **marks})
        reached("mirror.run_logged")
        self._data(there, [trial])
        self._end(run, mp.STATUS[trial.state], mp.stamp(trial, trial.step))
        self.report.runs_updated += 1

    def _log(
        self, id: str, known: Any, params: dict[str, str], points: list[Point], tags: dict[str, str]
    ) -> None:  # fmt: skip
        """Only what is new, in few requests; the tags last, as MLflow too writes them last within a request."""
        from mlflow.entities import Metric, Param, RunTag

        params = {key: printable(value) for key, value in params.items()}
        tags = {key: printable(value) for key, value in tags.items()}
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

    def _outdated(self, known: Known, started: int, trials: list[TrialRecord]) -> str:
        """Why the sweep's own run must be made anew, or "": MLflow changes neither a start nor a param."""
        if trials and known.started > started:  # of bundles side by side the first may commit last
            return "it began earlier"
        shown = self.client.get_run(known.id).data.params if trials else {}
        fixed = mp.fixed_params(self.sweep, trials[0]) if trials else {}
        return "its fixed settings have changed" if any(shown.get(k, v) != v for k, v in fixed.items()) else ""

    def _parent(self, runs: dict[str, Known], parent: Parent, about: dict[str, str], trials: list[TrialRecord]) -> None:
        """The sweep's own run, and the lines of its curves below it."""
        known = runs[""]
        run = self.client.get_run(known.id)
        with self._reporting(""):
            files = self._files(run, parent)
            reached("mirror.files_sent")
            self._data(run, trials)
            self._lines(runs, parent.lines)
            self._pages()
            fixed = mp.fixed_params(self.sweep, trials[0]) if trials else {}
            self._log(known.id, run.data, fixed, [], {**about, FILES: files})
            if not self.report.problems:
                self._end(known, mp.STATUS[parent.state], mp.last(trials, known.started))

    def _lines(self, runs: dict[str, Known], lines: Sequence[CurveLine]) -> None:
        """A run for each line; one whose points have changed is made anew, since MLflow takes no point back."""
        top = runs[""]
        wanted = {f"{LINE}{line.name}": line for line in lines}
        for key in [key for key in runs if key.startswith(LINE)]:
            if key not in wanted or runs[key].sent not in (NOTHING_SENT, mp.digest(wanted[key].values)):
                self.runs.supersede(runs.pop(key), "its points have changed")
        tags = {key: mp.line_tags(self.sweep, line, key, top.id) for key, line in wanted.items()}
        runs |= self.runs.with_({key: (top.started, about) for key, about in tags.items()}, runs)
        for key, line in wanted.items():
            self._line(runs[key], line, tags[key], top.started)

    def _line(self, run: Known, line: CurveLine, tags: dict[str, str], ms: int) -> None:
        if run.mirrored == mp.digest(tags, line.values):
            return
        new = line.points(ms) if run.sent == NOTHING_SENT else []  # else only the run above it is another
        done = {SENT: mp.digest(line.values), MIRRORED: mp.digest(tags, line.values)}
        self._log(run.id, self.client.get_run(run.id).data, {}, new, {**tags, **done})
        self._end(run, "FINISHED", ms)

    def _files(self, run: Any, parent: Parent) -> str:
        """Uploads the artifacts when one of them is new; returns their digest."""
        every = [(folder, file) for folder, found in parent.files.items() for file in found]
        digest = mp.digest([(folder, file.name, sha256(file.read_bytes())) for folder, file in every])
        if run.data.tags.get(FILES) != digest:
            for folder, file in every:
                if self.database:
                    artifacts.put(self.database, run.info.run_id, folder, file)
                else:
                    self.client.log_artifact(run.info.run_id, str(file), folder or None)
        return digest

    def _pages(self) -> None:
        """What the experiment's page says on top, and the tables that it leads to."""
        note = f"{views.links(self.experiment)} · {self.sweep.title}"
        self.client.set_experiment_tag(self.experiment, "mlflow.note.content", printable(note))
        for name, view in views.views(self.sweep.varied, self.runs.keys).items():
            self.client.set_experiment_tag(self.experiment, name, view)

    def _data(self, run: Any, trials: list[TrialRecord]) -> None:
        """The data sets that these trials saw, as inputs of a run."""
        wanted = {found for trial in trials if (found := data_sets.of(trial))}
        if wanted:
            given = trials[0].settings.get("data")
            about = given if isinstance(given, Mapping) else {}
            data_sets.log(self.client, run, wanted, about, self.sweep.images.get(str(about.get("name"))))

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
