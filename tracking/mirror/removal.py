"""Puts what is removed from a store into MLflow's bin, from which it can be restored; `mlflow gc` empties it."""

from collections.abc import Collection, Iterator
from typing import Any

from tracking.mirror.content import notes
from tracking.mirror.experiments import FORM_TAG
from tracking.mirror.reaching import reaching
from tracking.mirror.runs import RUNS_A_PAGE, unless_done
from tracking.mirror.sync import close, connect


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


def remove_trials(tracking_uri: str, trials: Collection[str]) -> int:
    """Puts the runs of these trials into the bin, in whichever sweep of this program's they are. Returns how many.
    Raises Unreachable, Refused."""
    with reaching(tracking_uri):
        client = connect(tracking_uri)
        try:
            ours = [found.experiment_id for found in client.search_experiments() if FORM_TAG in found.tags]
            runs = [run for experiment in ours for run in _of_trials(client, experiment, trials)]
            for run in runs:
                with unless_done():
                    client.delete_run(run)
        finally:
            close(client)
    return len(runs)


def _of_trials(client: Any, experiment: str, trials: Collection[str]) -> Iterator[str]:
    """The ids of MLflow's active runs of these trials."""
    token = None
    while True:
        page = client.search_runs([experiment], max_results=RUNS_A_PAGE, page_token=token)
        yield from (run.info.run_id for run in page if run.data.tags.get(notes.TRIAL) in trials)
        token = page.token
        if not token:
            return
