"""Writes what is recorded of a sweep to MLflow: its trials' runs, its own run above them, its curves' lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tracking.common.errors import Damaged
from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror import send
from tracking.mirror.content import data_sets, notes, points
from tracking.mirror.content import payload as mp
from tracking.mirror.content.curve_runs import Point
from tracking.mirror.content.notes import Known
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.database.insert import NewRun
from tracking.mirror.database.tables import Tables
from tracking.mirror.runs import Runs, SyncReport, each
from tracking.mirror.sweep_run import SweepRun
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRANSACTION = 512  # about so many trials, whole bundles, are written in one transaction
CLIENT_TOGETHER = 64  # are sent by the client before the lease is looked at again


class Due(NamedTuple):
    """A trial and the points of it that MLflow lacks."""

    trial: TrialRecord
    points: list[Point]


@dataclass
class Writer:
    """One `sync`. Runs are known by their trial's id or their curve's line, the sweep's own by the empty string.

    client: MLflow's. database: the file of an embedded store. tables: MLflow's, where they may be used directly.
    """

    client: "MlflowClient"
    sweep: SweepInfo
    ledger: Ledger
    experiment: str
    database: Path | None
    tables: Tables | None
    server: bool
    report: SyncReport = field(default_factory=SyncReport)

    def __post_init__(self) -> None:
        name = self.sweep.name
        self.runs = Runs(self.client, self.tables, self.server, name, self.experiment, self.report)
        self.own = SweepRun(self.client, self.sweep, self.runs, self.database)
        self._refused: list[tuple[str, Exception]] = []

    def write(self, trials: list[TrialRecord], parent: Parent | None, live: bool) -> None:
        """Raises InUse once the launch that writes has lost its lease: another one shows the sweep now."""
        self._check_lease()
        started = min((t.started_ms for t in trials), default=0)
        commit = next((t.provenance.code.commit for t in trials if t.provenance.code), "")
        about = mp.parent_tags(self.sweep, parent, commit)
        runs = self.runs.found()
        if not trials and "" not in runs:
            return  # a run is made when it is known when the sweep began: MLflow cannot change that later
        runs = self._trials(trials, self.own.begin(runs, started, about, trials))
        self._check_lease()
        if parent:
            self._parent(runs, parent, about, trials)
        elif live or runs[""].status == "RUNNING":
            send.end(self.client, runs[""], _status(live), points.last(trials, started))
        self._end_left(runs, {t.id for t in trials})
        for trial, error in self._refused:
            self._problem([trial], error)

    def _check_lease(self) -> None:
        with self.ledger.store.leased():
            pass

    def _trials(self, trials: list[TrialRecord], runs: dict[str, Known]) -> dict[str, Known]:
        """Their runs, as they are recorded; returns all runs of the sweep."""
        top = runs[""].id
        for t in trials:  # MLflow takes no point back
            if t.id in runs and runs[t.id].started != t.started_ms:
                self.runs.supersede(runs.pop(t.id), "its work was begun anew")
        new = [t for t in trials if t.id not in runs]
        runs = self._insert(new, runs, top)
        inserted = {t.id for t in new if t.id in runs}
        missing = [t for t in new if t.id not in inserted]
        runs = self.runs.with_({t.id: (t.started_ms, mp.tags(self.sweep, t, top)) for t in missing}, runs)
        rest = [t for t in trials if t.id not in inserted]
        changed = [t for t in rest if not self._unchanged(runs[t.id], t, top)]
        self.report.runs_unchanged = len(rest) - len(changed)
        for due in self._due(changed, runs, CLIENT_TOGETHER):
            self._update(due, runs, top)
        return runs

    def _unchanged(self, run: Known, trial: TrialRecord, parent: str) -> bool:
        return run.status == mp.STATUS[trial.state] and run.mirrored == mp.trial_digest(self.sweep, trial, parent)

    def _due(self, trials: Iterable[TrialRecord], runs: dict[str, Known], size: int) -> Iterator[list[Due]]:
        """These trials with their points, about `size` at a time; the rows of a bundle are read once. Raises InUse."""
        together: list[Due] = []
        for _, bundle in groupby(sorted(trials, key=lambda t: (t.bundle, t.id)), key=lambda t: t.bundle):
            together += self._bundle(list(bundle), runs)
            if len(together) >= size:
                self._check_lease()
                yield together
                together = []
        if together:
            self._check_lease()
            yield together

    def _bundle(self, trials: list[TrialRecord], runs: dict[str, Known]) -> list[Due]:
        sent = {t.id: runs[t.id].sent if t.id in runs else notes.NOTHING_SENT for t in trials}
        more = [t for t in trials if sent[t.id] != mp.all_sent(t)]
        try:
            rows = self.ledger.rows(more).to_pandas()
        except Damaged as error:
            if all(t.id in runs for t in trials):
                self._problem([t.id for t in trials], error)
            return []
        known = {t.id: _step(sent[t.id]) for t in more}
        new = points.points(self.sweep.varied, more, rows, known)
        for some in new.values():
            self.runs.keys.update(point.key for point in some)
        return [Due(t, new.get(t.id, [])) for t in trials]

    def _insert(self, new: list[TrialRecord], runs: dict[str, Known], top: str) -> dict[str, Known]:
        """`runs` with those of new trials added that may be written to MLflow's tables directly."""
        if not self.tables or not self.tables.embedded:
            return runs
        for due in self._due(new, runs, TRANSACTION):
            runs = self.runs.insert([self._new(one, top) for one in due], runs)
        return runs

    def _new(self, due: Due, top: str) -> NewRun:
        trial, status = due.trial, mp.STATUS[due.trial.state]
        ended = None if status == "RUNNING" else points.stamp(trial, trial.step)
        params = {key: printable(value) for key, value in mp.params(trial).items()}
        tags = {key: printable(value) for key, value in self._tags(trial, top, -1, False).items()}
        data = data_sets.of([trial], self.sweep.images)
        return NewRun(trial.id, status, trial.started_ms, ended, params, tags, due.points, data)

    def _tags(self, trial: TrialRecord, top: str, sent: int, everything: bool) -> dict[str, str]:
        complete = everything or trial.state in points.FINAL
        return {**mp.tags(self.sweep, trial, top), **mp.marks(self.sweep, trial, top, complete, sent)}

    def _update(self, due: list[Due], runs: dict[str, Known], top: str) -> None:
        """Sends what is new of these trials by the client."""
        whole = self.runs.whole([runs[one.trial.id] for one in due])

        def update(one: Due) -> bool:
            known = runs[one.trial.id]
            with send.passing_over(one.trial.id, self._refused):
                self._send(one, known, whole.get(known.id) or self.client.get_run(known.id), top)
                return True
            return False

        for one, done in zip(due, each(update, due, self.runs.server), strict=True):
            self.report.runs_updated += done
            self.report.points_sent += len(one.points) if done else 0

    def _send(self, due: Due, known: Known, there: Any, top: str) -> None:
        """there: MLflow's run."""
        trial, client = due.trial, self.client
        tags = self._tags(trial, top, _step(known.sent), known.sent == mp.all_sent(trial))
        send.log(client, there, mp.params(trial), due.points, tags)
        reached("mirror.run_logged")
        send.log_data(client, there, data_sets.of([trial], self.sweep.images))
        send.end(client, known, mp.STATUS[trial.state], points.stamp(trial, trial.step))

    def _parent(self, runs: dict[str, Known], parent: Parent, about: dict[str, str], trials: list[TrialRecord]) -> None:
        """The sweep's own run, ended where nothing of the sweep was refused."""
        with send.passing_over("", self._refused):
            self.own.write(runs, parent, about, trials)
            if not self.report.problems and not self._refused:
                ended = points.last(trials, runs[""].started)
                send.end(self.client, runs[""], mp.STATUS[parent.state], ended)

    def _end_left(self, runs: dict[str, Known], trials: set[str]) -> None:
        """Of trials that are no longer of the sweep, or never got a row, no run goes on."""
        for key, run in runs.items():
            of_trial = key and not key.startswith(notes.LINE_PREFIX)
            if of_trial and key not in trials and run.status == "RUNNING":
                send.end(self.client, run, mp.STATUS["cancelled"], run.started)

    def _problem(self, trials: list[str], error: Exception) -> None:
        self.report.behind += [t for t in trials if t]
        self.report.problems.append(f"{', '.join(t or self.sweep.name for t in trials)}: {error}")


def _status(live: bool) -> str:
    return mp.STATUS["running" if live else "cancelled"]


def _step(sent: str) -> int:
    """Up to which step points were sent; -1, so that all are sent again, where measures were added later."""
    return int(notes.NOTHING_SENT if sent.startswith(mp.ALL_SENT) else sent)
