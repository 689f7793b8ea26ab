"""The runs of a sweep in MLflow: found again by their tags, made where they are missing, one for each trial."""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror.content import notes
from tracking.mirror.content.notes import Known
from tracking.mirror.database.insert import NewRun, insert
from tracking.mirror.database.tables import Tables

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUNS_A_PAGE = 200  # whole ones: over 1000 a loaded server takes longer than a request may, and no less in all
NAMED = 200  # runs that one question names
AT_ONCE = 8  # runs that are written to a server at a time: it waits for its database, the client for it
# MLflow's words for "this one request is wrong": the other runs can still be written.
REFUSED = ("INVALID_PARAMETER_VALUE", "INVALID_STATE", "BAD_REQUEST", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_CONFLICT")

One = TypeVar("One")
Result = TypeVar("Result")


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


@dataclass(frozen=True)
class Runs:
    """The runs of one sweep, known by their trial's id or their curve's line, the sweep's own by the empty string.

    client: MLflow's. tables: those that it works on, where they may be used directly. server: whether a server answers,
    which may be asked for several runs at a time. keys: the names of the metrics of its trials that were seen.
    """

    client: "MlflowClient"
    tables: Tables | None
    server: bool
    sweep: str
    experiment: str
    report: SyncReport
    keys: set[str] = field(default_factory=set)

    def found(self) -> dict[str, Known]:
        """The sweep's runs. Of several for one trial the oldest counts, and the others are put away, as are those that
        were to be: by a `sync` that was killed before it did, or that MLflow brought back with their experiment."""
        groups: dict[str, list[Known]] = {}
        for key, run in list(self.tables.found(self.sweep) if self.tables else self._paged()):
            if run.superseded:
                self._put_away(run)
            else:
                groups.setdefault(key, []).append(run)
        for runs in groups.values():
            runs.sort(key=lambda r: (r.started, r.id))
            for other in runs[1:]:
                self.supersede(other, f"run {runs[0].id} is the same trial")
        return {trial: runs[0] for trial, runs in groups.items()}

    def _paged(self) -> Iterator[tuple[str, Known]]:
        """The active runs of the sweep, by a client's pages, each with what it is known by."""
        token = None
        while True:
            page = self.client.search_runs([self.experiment], max_results=RUNS_A_PAGE, page_token=token)
            for run in page:
                about, tags = run.info, run.data.tags
                if tags.get(notes.NAME) == self.sweep:
                    found = Known.of(about.run_id, about.start_time, about.status, about.end_time, tags)
                    self.keys.update(run.data.metrics if notes.TRIAL in tags and not found.superseded else ())
                    yield notes.key(tags), found
            token = page.token
            if not token:
                return

    def metric_names(self) -> set[str]:
        """The names of the metrics of the sweep's trials."""
        return self.keys | (self.tables.metric_names() if self.tables else set())

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
        with unless_done():
            self.client.set_tag(run.id, notes.SUPERSEDED, why)
            reached("mirror.superseded")
            self._put_away(run)
            self.report.superseded += 1

    def _put_away(self, run: Known) -> None:
        with unless_done():
            self.client.delete_run(run.id)

    def with_(self, wanted: dict[str, tuple[int, dict[str, str]]], runs: dict[str, Known]) -> dict[str, Known]:
        """`runs` with those added that are missing, created with this start time and these tags.

        A lost reply may have left two, and so may another `sync`: what counts is what is found afterwards.
        """
        missing = {trial: how for trial, how in wanted.items() if trial not in runs}
        each(self._create, missing.values(), self.server)
        self.report.runs_created += len(missing)
        return self.found() if missing else runs

    def _create(self, how: tuple[int, dict[str, str]]) -> None:
        started, tags = how
        reached("mirror.run_missing")
        self.client.create_run(self.experiment, start_time=started, tags={k: printable(v) for k, v in tags.items()})
        reached("mirror.run_created")

    def insert(self, new: list[NewRun], runs: dict[str, Known]) -> dict[str, Known]:
        """`runs` with those of `new` added that an embedded store takes in one transaction."""
        fit = [run for run in new if run.fits]
        if not self.tables or not fit:
            return runs
        written = insert(self.tables, fit)
        self.report.runs_created += len(written)
        self.report.runs_updated += len(written)
        self.report.points_sent += sum(len(run.points) for run in fit if run.trial in written)
        return runs | written if len(written) == len(fit) else self.found()


def each(act: Callable[[One], Result], items: Iterable[One], server: bool) -> list[Result]:
    """What this gives for each, several at a time where a server answers. Raises the first error; what was not begun by
    then is left."""
    if not server:
        return [act(item) for item in items]
    with ThreadPoolExecutor(AT_ONCE, "mlflow-request") as pool:
        begun = [pool.submit(act, item) for item in items]
        try:
            return [one.result() for one in begun]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def unless_done() -> Iterator[None]:
    """Where MLflow refuses to put a run away, another `sync` has done so a moment before."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in REFUSED:
            raise
