"""The data that trials saw, as MLflow's data set inputs: name, digest, source, schema and context; not the images."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tracking.records.manifest import TrialRecord

CONTEXT = "training and test"  # one digest covers both


class Stored(NamedTuple):
    """What an image is: (H, W, K), and the type of its numbers."""

    image: tuple[int, int, int]
    numbers: str


def of(trial: TrialRecord) -> tuple[str, str] | None:
    """Title and digest of the data of a trial; None where it has none."""
    return (trial.data.title, trial.data.digest[:36]) if trial.data else None


def log(
    client: Any,
    run: Any,
    wanted: set[tuple[str, str]],
    settings: Mapping[str, object],
    stored: Stored | None,
) -> None:
    """Adds the data sets that a run lacks. Their source is of the kind "code", which `mlflow.data.get_source` reads.

    settings: of the data, as in a sweep file. stored: what an image is, where that is known; the schema says it.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    known = {(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs}
    if new := sorted(wanted - known):
        about = {f"data.{key}": str(value) for key, value in sorted(settings.items())}
        shape = schema(stored) if stored else None
        sets = [
            Dataset(name, digest, "code", json.dumps({"tags": {"mlflow.source.name": name, **about}}), shape)
            for name, digest in new
        ]
        context = [InputTag("mlflow.data.context", CONTEXT)]
        client.log_inputs(run.info.run_id, datasets=[DatasetInput(one, context) for one in sets])


def schema(stored: Stored) -> str:
    """Images (N, H, W, K) and labels (N,), as MLflow writes the schema of arrays."""
    import numpy as np
    from mlflow.types import Schema, TensorSpec

    images = Schema([TensorSpec(np.dtype(stored.numbers), (-1, *stored.image))])
    labels = Schema([TensorSpec(np.dtype("int64"), (-1,))])
    return json.dumps({"mlflow_tensorspec": {"features": images.to_json(), "targets": labels.to_json()}})
