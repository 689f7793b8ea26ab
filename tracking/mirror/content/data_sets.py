"""The data that trials saw, as MLflow's data set inputs: name, digest, source, schema and context; not the images."""

import functools
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tracking.records.manifests.manifest import TrialRecord

SOURCE_TYPE = "code"  # the kind of source that `mlflow.data.get_source` reads
CONTEXT_TAG, CONTEXT = "mlflow.data.context", "training and test"  # one digest covers both


class Stored(NamedTuple):
    """What an image is: (H, W, K), and the type of its numbers."""

    image: tuple[int, int, int]
    numbers: str


class DataSet(NamedTuple):
    """A data set as MLflow shows it; source and schema are JSON, schema None where it is not known."""

    name: str
    digest: str
    source: str
    schema: str | None


def of(trials: Iterable[TrialRecord], images: Mapping[str, Stored]) -> list[DataSet]:
    """The data sets that these trials saw, each name and digest once. images: what an image is, by `data.name`."""
    found: dict[tuple[str, str], DataSet] = {}
    for trial in trials:
        if trial.data and (known := (trial.data.title, trial.data.digest[:36])) not in found:
            given = trial.settings.get("data")
            settings = given if isinstance(given, Mapping) else {}
            stored = images.get(str(settings.get("name")))
            found[known] = DataSet(*known, _source(known[0], settings), schema(stored) if stored else None)
    return [found[known] for known in sorted(found)]


def _source(name: str, settings: Mapping[str, object]) -> str:
    about = {f"data.{key}": str(value) for key, value in sorted(settings.items())}
    return json.dumps({"tags": {"mlflow.source.name": name, **about}})


@functools.cache
def schema(stored: Stored) -> str:
    """Images (N, H, W, K) and labels (N,), as MLflow writes the schema of arrays."""
    import numpy as np
    from mlflow.types import Schema, TensorSpec

    images = Schema([TensorSpec(np.dtype(stored.numbers), (-1, *stored.image))])
    labels = Schema([TensorSpec(np.dtype("int64"), (-1,))])
    return json.dumps({"mlflow_tensorspec": {"features": images.to_json(), "targets": labels.to_json()}})
