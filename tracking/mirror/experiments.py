"""The experiment of a sweep in MLflow: found by its name, made where it is missing, made anew in another form.

`FORM` counts the forms that a mirror has had: which names runs, params and metrics have, and where artifacts lie.
MLflow takes back neither params nor points nor an experiment's location, so an experiment of another form is renamed
and put into MLflow's bin, from which it can be restored, and the mirror is built anew from the records.
"""

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tracking.common.errors import Refused
from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror.content.payload import SweepInfo
from tracking.mirror.database import artifacts

if TYPE_CHECKING:
    from mlflow import MlflowClient

FORM = "2"
FORM_TAG = "mlflow.sweep.form"


class Experiment(NamedTuple):
    """Its id, and why it was built anew ("" where it was not)."""

    id: str
    rebuilt: str = ""


def find(client: "MlflowClient", sweep: SweepInfo, embedded: bool) -> Experiment:
    """The sweep's experiment in this program's present form. `embedded`: whether the store is a SQLite file.

    Raises Refused where an experiment of that name is somebody else's and its artifacts lie elsewhere.
    """
    found = client.get_experiment_by_name(sweep.name)
    if found is None:
        return Experiment(_create(client, sweep, embedded))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)  # with all of its runs, superseded ones, too: `Runs.found`
        reached("mirror.experiment_restored")
    if found.tags.get(FORM_TAG) == FORM:
        return Experiment(str(found.experiment_id))
    if not _ours(client, sweep, str(found.experiment_id)):
        return Experiment(_adopted(client, found, embedded))
    _put_aside(client, found)
    why = f"its form ({found.tags.get(FORM_TAG, '1')}) or its artifact location ({found.artifact_location}) was another"
    return Experiment(_create(client, sweep, embedded), why)


def _create(client: "MlflowClient", sweep: SweepInfo, embedded: bool) -> str:
    from mlflow.exceptions import MlflowException

    about = {
        "mlflow.note.content": printable(sweep.title),
        "mlflow.experimentKind": "custom_model_development",
        FORM_TAG: FORM,
    }
    try:
        return str(client.create_experiment(sweep.name, artifacts.ROOT if embedded else None, about))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return str(client.get_experiment_by_name(sweep.name).experiment_id)  # another process was a moment faster


def _ours(client: "MlflowClient", sweep: SweepInfo, experiment: str) -> bool:
    return bool(client.search_runs([experiment], f"tags.`sweep.name` = '{sweep.name}'", max_results=1))


def _adopted(client: "MlflowClient", found: Any, embedded: bool) -> str:
    """An experiment that somebody made by hand under the sweep's name, and that holds nothing of ours."""
    if embedded and not found.artifact_location.startswith(artifacts.ROOT):
        raise Refused(
            f"MLflow has an experiment '{found.name}' that is not of this program, with its artifacts at "
            f"{found.artifact_location}; rename it there, or rename the sweep's file"
        )
    client.set_experiment_tag(found.experiment_id, FORM_TAG, FORM)
    return str(found.experiment_id)


def _put_aside(client: "MlflowClient", found: Any) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.rename_experiment(found.experiment_id, f"{found.name} (until {time.strftime('%Y-%m-%d %H:%M:%S')})")
        client.delete_experiment(found.experiment_id)
    except MlflowException as error:  # another process has put it aside a moment before
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_STATE", "INVALID_PARAMETER_VALUE"):
            raise
