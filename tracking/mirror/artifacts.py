"""The artifacts of an embedded MLflow store: files beside its database, under addresses that hold no path.

MLflow keeps the address of a run's artifacts for ever. An absolute path would lead from a copied or moved store back
to where it was made, so the address is `mlflow-artifacts:/<run>/artifacts`: whoever serves the store (`sweep ui`, or
`mlflow server --artifacts-destination`) finds the files in the folder `mlartifacts` beside the database.
"""

import os
import shutil
from pathlib import Path

from tracking.common.errors import Refused
from tracking.records import layout

ROOT = "mlflow-artifacts:/"  # the location of every experiment of an embedded store


def folder(database: Path) -> Path:
    """Where the artifacts of a SQLite store lie."""
    return database.parent / layout.MLFLOW_ARTIFACTS


def put(database: Path, run: str, inner: str, file: Path) -> None:
    """Copies a file into the folder `inner` ("" for the top) of a run's artifacts, in one step.

    Raises Refused where a folder on the way is a link: it would lead out of the store.
    """
    target = folder(database)
    for part in (run, "artifacts", *filter(None, inner.split("/"))):
        target = target / part
        if target.is_symlink():
            raise Refused(
                f"{target} is a link to {os.readlink(target)}, and the mirror writes nothing outside its store"
            )
    target.mkdir(parents=True, exist_ok=True)
    unfinished = target / f".{file.name}.new"
    unfinished.unlink(missing_ok=True)
    shutil.copyfile(file, unfinished)
    unfinished.rename(target / file.name)
