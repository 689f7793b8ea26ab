"""The sweep's own run: artifacts, data sets, fixed settings, verdicts; below it the lines of its curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror import send
from tracking.mirror.content import data_sets, notes, views
from tracking.mirror.content import payload as mp
from tracking.mirror.content.curve_runs import CurveLine
from tracking.mirror.content.notes import Known
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.database import artifacts
from tracking.mirror.runs import Runs
from tracking.records.files.storage import sha256
from tracking.records.manifests.manifest import TrialRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient

FILES = "mlflow.sweep.files"  # tags that begin with mlflow. are not shown by MLflow's pages


@dataclass(frozen=True)
class SweepRun:
    """Writes it. database: the file of an embedded store."""

    client: "MlflowClient"
    sweep: SweepInfo
    runs: Runs
    database: Path | None

    def begin(
        self, runs: dict[str, Known], started: int, about: dict[str, str], trials: Sequence[TrialRecord]
    ) -> dict[str, Known]:
        """`runs` with it, made anew where it must be. started: when the sweep began, ms since 1970. about: its tags."""
        runs = self.runs.with_({"": (started, about)}, runs)
        if why := self._outdated(self.client.get_run(runs[""].id), started, trials):
            self.runs.supersede(runs.pop(""), why)
            runs = self.runs.with_({"": (started, about)}, runs)
        return runs

    def _outdated(self, there: Any, started: int, trials: Sequence[TrialRecord]) -> str:
        """Why it must be made anew, or "": MLflow changes neither a start nor a param."""
        # Of bundles side by side the first may commit last; trials that were removed are trained anew.
        if trials and there.info.start_time != started:
            return "it began at another time"
        shown, fixed = there.data.params, mp.fixed_params(self.sweep, trials[0]) if trials else {}
        return "its fixed settings have changed" if any(shown.get(k, v) != v for k, v in fixed.items()) else ""

    def write(
        self, runs: dict[str, Known], parent: Parent, about: dict[str, str], trials: Sequence[TrialRecord]
    ) -> None:
        """All but its end. runs: the sweep's, with its lines. about: its tags."""
        there = self.client.get_run(runs[""].id)
        files = self._files(there, parent)
        reached("mirror.files_sent")
        send.log_data(self.client, there, data_sets.of(trials, self.sweep.images))
        self._lines(runs, parent.lines)
        self._pages(parent, trials)
        fixed = mp.fixed_params(self.sweep, trials[0]) if trials else {}
        shown = mp.shown(self.sweep, parent.origin, len(parent.lines))
        send.log(self.client, there, fixed, [], {**about, FILES: files, notes.SHOWN: shown})

    def _lines(self, runs: dict[str, Known], lines: Sequence[CurveLine]) -> None:
        """A run for each line; one whose points have changed, or their times, which are those of the sweep's beginning,
        is made anew, since MLflow takes no point back."""
        top = runs[""]
        wanted = {f"{notes.LINE_PREFIX}{line.name}": line for line in lines}
        for key in [key for key in runs if key.startswith(notes.LINE_PREFIX)]:
            same = key in wanted and runs[key].sent in (notes.NOTHING_SENT, mp.digest(wanted[key].values))
            if not same or runs[key].started != top.started:
                self.runs.supersede(runs.pop(key), "its points have changed")
        tags = {key: mp.line_tags(self.sweep, line, key, top.id) for key, line in wanted.items()}
        runs |= self.runs.with_({key: (top.started, about) for key, about in tags.items()}, runs)
        for key, line in wanted.items():
            self._line(runs[key], line, tags[key], top.started)

    def _line(self, run: Known, line: CurveLine, tags: dict[str, str], ms: int) -> None:
        if run.mirrored == mp.digest(tags, line.values):
            return
        new = line.points(ms) if run.sent == notes.NOTHING_SENT else []  # else only the run above it is another
        done = {notes.SENT: mp.digest(line.values), notes.MIRRORED: mp.digest(tags, line.values)}
        send.log(self.client, self.client.get_run(run.id), {}, new, {**tags, **done})
        self.runs.report.points_sent += len(new)
        send.end(self.client, run, "FINISHED", ms)

    def _files(self, there: Any, parent: Parent) -> str:
        """Uploads the artifacts when one of them is new; returns their digest."""
        every = [(folder, file.name, file.read_bytes()) for folder, some in parent.files.items() for file in some]
        every += [("", name, text.encode()) for name, text in parent.texts.items()]
        digest = mp.digest([(folder, name, sha256(content)) for folder, name, content in every])
        if there.data.tags.get(FILES) == digest:
            return digest
        if self.database:
            for folder, name, content in every:
                artifacts.put(self.database, there.info.run_id, folder, name, content)
        else:
            for folder, some in parent.files.items():
                for file in some:
                    self.client.log_artifact(there.info.run_id, str(file), folder or None)
            for name, text in parent.texts.items():
                self.client.log_text(there.info.run_id, text, name)
        return digest

    def _pages(self, parent: Parent, trials: Sequence[TrialRecord]) -> None:
        """What the experiment's page says on top, and the tables and charts that it leads to."""
        experiment = self.runs.experiment
        cells = {printable(mp.cell_name(self.sweep, trial)) for trial in {t.cell: t for t in trials}.values()}
        metrics = self.runs.metric_names()
        shown = views.views(self.sweep.varied, metrics, cells, parent.lines, parent.logarithmic)
        shown["mlflow.note.content"] = printable(f"{self.sweep.title} · {views.links(experiment)}")
        there = self.client.get_experiment(experiment).tags
        for name, value in shown.items():
            if there.get(name) != value:
                self.client.set_experiment_tag(experiment, name, value)
