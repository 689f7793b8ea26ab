"""Which store a command uses: the one that is named, else the nearest folder `runs` from the working folder upwards."""

import functools
import logging
import os
from pathlib import Path

from tracking.records import layout
from tracking.records.layout import DEFAULT_STORE

LOG = logging.getLogger(__name__)
VARIABLE = "SWEEP_STORE"
PARTS = (layout.RECORDS, layout.SWEEPS, layout.LEASES)  # a folder with one of these is a store


@functools.cache
def chosen(given: str | None, folder: Path) -> str:
    """The store for a command in `folder`; `given`: by `--store` or by the environment. Says once which it is, where it
    is neither `./runs` nor named on the command line."""
    if given is not None:
        if given == os.environ.get(VARIABLE):
            LOG.info("store    %s (%s)", given, VARIABLE)
        return given
    found = nearest(folder)
    if found is None or found.parent == folder:
        return DEFAULT_STORE
    LOG.info("store    %s (the nearest one upwards)", found)
    return str(found)


def nearest(folder: Path) -> Path | None:
    """The nearest store upwards that belongs to this user: what others put above is not meant."""
    for above in (folder, *folder.parents):
        path = above / DEFAULT_STORE
        if is_store(path) and path.stat().st_uid == os.getuid():
            return path
    return None


def is_store(folder: Path) -> bool:
    """Whether a folder of this machine is a store, as far as its folders tell."""
    return any((folder / part).is_dir() for part in PARTS)


def nearby(folder: Path) -> list[Path]:
    """The stores in a folder, and the folders `runs` of the folders in it that are stores; sorted."""
    found = (path for pattern in ("*", f"*/{DEFAULT_STORE}") for path in folder.glob(pattern))
    return sorted({path for path in found if is_store(path)})
