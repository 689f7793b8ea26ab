"""Puts what is removed from a store into MLflow's bin, from which it can be restored; `mlflow gc` empties it."""

import shlex
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from tracking.common.hide_passwords import public
from tracking.mirror.content import notes
from tracking.mirror.database.put_away import put_away
from tracking.mirror.database.tables import tables
from tracking.mirror.experiments import FORM_TAG
from tracking.mirror.reaching import reaching
from tracking.mirror.runs import RUNS_A_PAGE, each, unless_done
from tracking.mirror.sync import close, connect

if TYPE_CHECKING:
    from mlflow import MlflowClient


def remove_sweep(tracking_uri: str, variant: str) -> bool:
    """Puts a sweep's experiment into the bin. Returns whether there was one of this program's. Raises Unreachable,
    Refused."""
    with reaching(tracking_uri):
        client = connect(tracking_uri)
        try:
            found = client.get_experiment_by_name(variant)
            ours = found is not None and found.lifecycle_stage == "active" and FORM_TAG in found.tags
            if ours:
                client.delete_experiment(found.experiment_id)
        finally:
            close(client)
    return ours


def remove_trials(tracking_uri: str, trials: Collection[str], directly: bool = True) -> int:
    """Puts the runs of these trials into the bin, in whichever sweep of this program's they are. Returns how many.
    `directly` as for `sync`. Raises Unreachable, Refused."""
    server = tracking_uri.startswith("http")
    with reaching(tracking_uri):
        client = connect(tracking_uri)
        try:
            ours = [found.experiment_id for found in client.search_experiments() if FORM_TAG in found.tags]
            return sum(_remove(client, experiment, trials, server, directly) for experiment in ours)
        finally:
            close(client)


def _remove(client: "MlflowClient", experiment: str, trials: Collection[str], server: bool, directly: bool) -> int:
    """Of one sweep: in one transaction where the tables are known, else run by run."""
    known = tables(client, experiment) if directly else None
    binned = put_away(known, trials) if known else None
    if binned is not None:
        return binned
    runs = list(_of_trials(client, experiment, trials))

    def delete(run: str) -> None:
        with unless_done():
            client.delete_run(run)

    each(delete, runs, server)
    return len(runs)


def _of_trials(client: "MlflowClient", experiment: str, trials: Collection[str]) -> Iterator[str]:
    """The ids of MLflow's active runs of these trials."""
    token = None
    while True:
        page = client.search_runs([experiment], max_results=RUNS_A_PAGE, page_token=token)
        yield from (run.info.run_id for run in page if run.data.tags.get(notes.TRIAL) in trials)
        token = page.token
        if not token:
            return


def emptying(tracking_uri: str, serving: str) -> str:
    """What deletes for good what is in the bin. serving: the command that serves MLflow's pages on a database, through
    which artifacts are deleted."""
    where = public(tracking_uri)
    if tracking_uri.startswith("http"):
        return f"`mlflow gc --backend-store-uri DATABASE --tracking-uri {shlex.quote(where)}` on the server"
    address = "http://127.0.0.1:5000"
    return f"`mlflow gc --backend-store-uri {shlex.quote(where)} --tracking-uri {address}` while `{serving}` runs"
