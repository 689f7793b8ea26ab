"""The runs of a sweep in MLflow: found again by their tags, made where they are missing, one for each trial."""

import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracking.common.failpoints import reached
from tracking.common.text import printable

RUNS_A_PAGE = 1000
NAMED = 200  # runs that one question names
# MLflow's words for "this one request is wrong": the other runs can still be written.
NOTHING_SENT = "-1"
LINE = "line: "  # what the runs of curves' lines are known by begins so
SENT, MIRRORED, SUPERSEDED = "mlflow.sweep.sent", "mlflow.sweep.mirrored", "mlflow.sweep.superseded"
REFUSED = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_CONFLICT")


@dataclass
class SyncReport:
    """What one `sync` did.

    behind: trials that are not as recorded in MLflow; `problems` says why. rebuilt: why all of the sweep's runs were
    made anew, "" where they were not.
    """

    runs_created: int = 0
    runs_updated: int = 0
    runs_unchanged: int = 0
    points_sent: int = 0
    superseded: int = 0
    behind: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    rebuilt: str = ""


class Known(NamedTuple):
    """What is kept of each run: of MLflow's own, 50 KB each, 10^5 would fill the memory.

    sent: up to which step the points of a trial are there, -1 when none, what `payload.all_sent` says when no more can
    come; of a line, the digest of its points. mirrored: the digest of all that was sent.
    """

    id: str
    started: int
    status: str
    ended: int | None
    sent: str
    mirrored: str

    @staticmethod
    def of(run: Any) -> "Known":
        """From MLflow's run."""
        about, tags = run.info, run.data.tags
        status, sent = sys.intern(about.status), sys.intern(tags.get(SENT, NOTHING_SENT))
        return Known(about.run_id, about.start_time, status, about.end_time, sent, tags.get(MIRRORED, ""))


@dataclass(frozen=True)
class Runs:
    """The runs of one sweep, known by their trial's id or their curve's line, the sweep's own by the empty string.

    client: MLflow's. keys: the names of the metrics of its trials that were seen.
    """

    client: Any
    sweep: str
    experiment: str
    report: SyncReport
    keys: set[str] = field(default_factory=set)

    def found(self) -> dict[str, Known]:
        """The sweep's runs. Of several for one trial the oldest counts, and the others are put away."""
        groups: dict[str, list[Known]] = {}
        token = None
        while True:
            page = self.client.search_runs([self.experiment], max_results=RUNS_A_PAGE, page_token=token)
            for run in page:
                tags = run.data.tags
                if tags.get("sweep.name") == self.sweep and SUPERSEDED not in tags:
                    trial = tags.get("sweep.trial_id", "")
                    groups.setdefault(trial or tags.get("sweep.line", ""), []).append(Known.of(run))
                    self.keys.update(run.data.metrics if trial else ())
            token = page.token
            if not token:
                break
        for runs in groups.values():
            runs.sort(key=lambda r: (r.started, r.id))
            for other in runs[1:]:
                self.supersede(other, f"run {runs[0].id} is the same trial")
        return {trial: runs[0] for trial, runs in groups.items()}

    def whole(self, some: Collection[Known]) -> dict[str, Any]:
        """MLflow's runs of these, by their ids; without those that have been deleted since."""
        ids, out = [run.id for run in some], dict[str, Any]()
        for i in range(0, len(ids), NAMED):
            named = ", ".join(f"'{id}'" for id in ids[i : i + NAMED])
            page = self.client.search_runs([self.experiment], f"attributes.run_id IN ({named})", max_results=NAMED)
            out |= {run.info.run_id: run for run in page}
        return out

    def supersede(self, run: Known, why: str) -> None:
        """Puts a run into MLflow's bin, from which it can be restored."""
        try:
            self.client.set_tag(run.id, SUPERSEDED, why)
            reached("mirror.superseded")
            self.client.delete_run(run.id)
            self.report.superseded += 1
        except Exception as error:
            if getattr(error, "error_code", None) not in REFUSED:  # another `sync` put it away a moment before
                raise

    def with_(self, wanted: dict[str, tuple[int, dict[str, str]]], runs: dict[str, Known]) -> dict[str, Known]:
        """`runs` with those added that are missing, created with this start time and these tags.

        A lost reply may have left two, and so may another `sync`: what counts is what is found afterwards.
        """
        missing = {trial: how for trial, how in wanted.items() if trial not in runs}
        for started, about in missing.values():
            reached("mirror.run_missing")
            self.client.create_run(
                self.experiment, start_time=started, tags={k: printable(v) for k, v in about.items()}
            )
            reached("mirror.run_created")
        self.report.runs_created += len(missing)
        return self.found() if missing else runs
