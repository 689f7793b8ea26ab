"""Sends what is new of one run through MLflow's client: params, points, tags, data sets, its end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tracking.common.failpoints import reached
from tracking.common.text import printable
from tracking.mirror.content import data_sets
from tracking.mirror.content.curve_runs import Point
from tracking.mirror.content.data_sets import DataSet
from tracking.mirror.content.notes import Known
from tracking.mirror.runs import REFUSED

if TYPE_CHECKING:
    from mlflow import MlflowClient

METRICS_A_BATCH, TAGS_A_BATCH = 800, 90  # MLflow's limits: 1000 in all, 100 params, 100 tags


def log(
    client: "MlflowClient", there: Any, params: Mapping[str, str], points: Sequence[Point], tags: Mapping[str, str]
) -> None:  # fmt: skip
    """Only what is new to the run `there`, in few requests; the tags last, as MLflow too writes them last within a
    request."""
    from mlflow.entities import Metric, Param, RunTag

    id, known = there.info.run_id, there.data
    params = {key: printable(value) for key, value in params.items()}
    tags = {key: printable(value) for key, value in tags.items()}
    new_params = _parts([Param(k, v) for k, v in params.items() if known.params.get(k) != v], TAGS_A_BATCH)
    new_points = _parts([Metric(p.key, p.value, p.ms, p.step) for p in points], METRICS_A_BATCH)
    new_tags = _parts([RunTag(k, v) for k, v in tags.items() if known.tags.get(k) != v], TAGS_A_BATCH)
    *before, (last_params, last_points) = zip_longest(new_params, new_points, fillvalue=())
    for some_params, some_points in before:
        client.log_batch(id, some_points, some_params)
        reached("mirror.batch_sent")
    client.log_batch(id, last_points, last_params, new_tags[0])
    for more in new_tags[1:]:
        client.log_batch(id, tags=more)


def _parts(items: list[Any], size: int) -> list[list[Any]]:
    """At least one part, which may be empty."""
    return [items[i : i + size] for i in range(0, len(items), size)] or [[]]


def log_data(client: "MlflowClient", there: Any, wanted: Sequence[DataSet]) -> None:
    """Adds the data sets that the run `there` lacks, as its inputs.

    Where two requests tell of a new data set at once, MLflow refuses one of them; then it is there to be found.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.exceptions import MlflowException

    known = {(i.dataset.name, i.dataset.digest) for i in there.inputs.dataset_inputs}
    context = [InputTag(data_sets.CONTEXT_TAG, data_sets.CONTEXT)]
    new = [
        DatasetInput(Dataset(one.name, one.digest, data_sets.SOURCE_TYPE, one.source, one.schema), context)
        for one in wanted
        if (one.name, one.digest) not in known
    ]
    if not new:
        return
    try:
        client.log_inputs(there.info.run_id, datasets=new)
    except MlflowException as error:
        if "UNIQUE" not in str(error).upper():
            raise
        client.log_inputs(there.info.run_id, datasets=new)


def end(client: "MlflowClient", run: Known, status: str, ms: int) -> None:
    """Shows this status, and the end at `ms` where it is one."""
    if status == "RUNNING":
        if run.status != status:
            client.update_run(run.id, status)
    elif (run.status, run.ended) != (status, ms):
        client.set_terminated(run.id, status, ms)
    reached("mirror.run_ended")


@contextmanager
def passing_over(trial: str, problems: list[tuple[str, Exception]]) -> Iterator[None]:
    """A run that MLflow refuses is added to the problems; a server that is gone ends the whole `sync`."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in REFUSED:
            raise
        problems.append((trial, error))
