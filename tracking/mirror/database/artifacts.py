"""The artifacts of an embedded MLflow store: files beside its database, under addresses that hold no path.

MLflow keeps the address of a run's artifacts for ever. An absolute path would lead from a copied or moved store back
to where it was made, so the address is `mlflow-artifacts:/<run>/artifacts`: whoever serves the store (`sweep ui`, or
`mlflow server --artifacts-destination`) finds the files in the folder `mlartifacts` beside the database.
"""

from pathlib import Path

from tracking.common.whole_files import replacing
from tracking.records import layout
from tracking.records.files.local_disk import without_links

ROOT = "mlflow-artifacts:/"  # the location of every experiment of an embedded store


def folder(database: Path) -> Path:
    """Where the artifacts of a SQLite store lie."""
    return database.parent / layout.MLFLOW_ARTIFACTS


def put(database: Path, run: str, inner: str, name: str, content: bytes) -> None:
    """Writes a file into the folder `inner` ("" for the top) of a run's artifacts, in one step.

    Raises StorageFailed where a folder on the way is a link: it would lead out of the store.
    """
    parts = (run, "artifacts", *filter(None, inner.split("/")))
    target = without_links(database.parent, folder(database).name, *parts)
    target.mkdir(parents=True, exist_ok=True)
    with replacing(target / name) as (unfinished,):
        unfinished.write_bytes(content)
