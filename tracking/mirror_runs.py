"""The runs of a sweep in MLflow: found again by their tags, made where they are missing, one for each trial."""

from dataclasses import dataclass, field
from typing import Any

from tracking.failpoints import reached

RUNS_A_PAGE = 1000
# MLflow's words for "this one request is wrong": the other runs can still be written.
REFUSED = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_CONFLICT")


@dataclass
class SyncReport:
    """What one `sync` did. `behind`: trials that are not as recorded in MLflow, `problems` says why."""

    runs_created: int = 0
    runs_updated: int = 0
    runs_unchanged: int = 0
    points_sent: int = 0
    superseded: int = 0
    behind: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Runs:
    """Those of one sweep, known by their trial's id, the sweep's own by the empty string. `client`: MLflow's."""

    client: Any
    sweep: str
    experiment: str
    report: SyncReport

    def found(self) -> dict[str, Any]:
        """The sweep's runs. Of several for one trial the oldest counts, and the others are put away."""
        groups: dict[str, list[Any]] = {}
        token = None
        while True:
            page = self.client.search_runs([self.experiment], max_results=RUNS_A_PAGE, page_token=token)
            for run in page:
                if run.data.tags.get("sweep.name") == self.sweep and "sweep.superseded" not in run.data.tags:
                    groups.setdefault(run.data.tags.get("sweep.trial_id", ""), []).append(run)
            token = page.token
            if not token:
                break
        for runs in groups.values():
            runs.sort(key=lambda r: (r.info.start_time, r.info.run_id))
            for other in runs[1:]:
                self.supersede(other, f"run {runs[0].info.run_id} is the same trial")
        return {trial: runs[0] for trial, runs in groups.items()}

    def supersede(self, run: Any, why: str) -> None:
        """Puts a run into MLflow's bin, from which it can be restored."""
        try:
            self.client.set_tag(run.info.run_id, "sweep.superseded", why)
            reached("mirror.superseded")
            self.client.delete_run(run.info.run_id)
            self.report.superseded += 1
        except Exception as error:
            if getattr(error, "error_code", None) not in REFUSED:  # another `sync` put it away a moment before
                raise

    def with_(self, wanted: dict[str, tuple[int, dict[str, str]]], runs: dict[str, Any]) -> dict[str, Any]:
        """`runs` with those added that are missing, created with this start time and these tags.

        A lost reply may have left two, and so may another `sync`: what counts is what is found afterwards.
        """
        missing = {trial: how for trial, how in wanted.items() if trial not in runs}
        for started, about in missing.values():
            reached("mirror.run_missing")
            self.client.create_run(self.experiment, start_time=started, tags=about)
            reached("mirror.run_created")
        self.report.runs_created += len(missing)
        return self.found() if missing else runs
