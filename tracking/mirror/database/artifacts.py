"""The artifacts of an embedded MLflow store: files beside its database, under addresses that hold no path.

MLflow keeps the address of a run's artifacts for ever. An absolute path would lead from a copied or moved store back
to where it was made, so the address is `mlflow-artifacts:/<run>/artifacts`: whoever serves the store (`sweep ui`, or
`mlflow server --artifacts-destination`) finds the files in the folder `mlartifacts` beside the database.
"""

import glob
import os
import threading
from contextlib import suppress
from pathlib import Path

from tracking.records import layout
from tracking.records.files.local_disk import without_links

ROOT = "mlflow-artifacts:/"  # the location of every experiment of an embedded store
UNFINISHED = ".new"
OLD_S = 3600  # nobody writes a file for so long: a sync that was killed has left it


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
    # Two syncs may write the same file at once: each writes one of its own and moves it there, the last one stays.
    unfinished = target / f".{name}.{os.getpid()}.{threading.get_ident()}{UNFINISHED}"
    try:
        unfinished.write_bytes(content)
        _delete_old(target, name, unfinished.stat().st_mtime)
        unfinished.rename(target / name)
    finally:
        unfinished.unlink(missing_ok=True)


def _delete_old(folder: Path, name: str, now: float) -> None:
    """Deletes what killed syncs have left of this file. now: by the clock of the disk."""
    for left in folder.glob(f".{glob.escape(name)}.*{UNFINISHED}"):
        with suppress(FileNotFoundError):  # another sync does the same
            if now - left.stat().st_mtime > OLD_S:
                left.unlink()
