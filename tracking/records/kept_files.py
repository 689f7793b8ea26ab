"""The user's own files that trials and sweeps were recorded with, as they are kept in the store."""

import os
from pathlib import PurePosixPath

from tracking.common.errors import Damaged
from tracking.common.named_files.installed import installed
from tracking.common.named_files.user_files import UserFiles
from tracking.common.token_digest import token_digest
from tracking.records import layout
from tracking.records.files.storage import Files
from tracking.records.kept_sweeps.kept_sweep import Origin, Version
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store


def kept_source(files: Files, name: str, digest: str) -> bytes:
    """The content of the user's file `name`, such as "nets/mlp.py". Raises Damaged where it is lost or is another one:
    whoever reads it is about to run it."""
    path = layout.user_source(digest)
    try:
        content = files.read(path)
    except FileNotFoundError as error:
        raise Damaged(f"{path} is missing, which was {name}", path) from error
    if token_digest(content) != digest:
        raise Damaged(f"{path} is not what it was when it was kept as {name}", path)
    return content


def kept_files(store: Store, one: TrialRecord) -> UserFiles:
    """The files of a trial, importable wherever they came from; none where it has none. A file of a package that is
    installed here is left out: the package is used. Paths begin where they do in the sweep that was launched last of
    those that name the trial.

    Raises Damaged where the store has lost one, or has another one in its place.
    """
    found = {name: kept_source(store.files, name, digest) for name, digest in one.sources if not _installed(name)}
    folder = f"{store.root}/{layout.CODE}/{one.id}" if found else ""
    every = (version for kept in KeptSweeps.read(store.files) for version in kept.versions)
    naming = [version for version in every if one.id in version.trials and version.launches]
    if not naming:
        return UserFiles(folder, found)
    latest = max(naming, key=lambda version: version.launches[-1].started_ms)
    return UserFiles(folder, found, None, paths_from(store, latest), data=dict(latest.data))


def paths_from(store: Store, version: Version) -> str:
    """Where paths in a sweep begin: the folder of its file as it was launched last; where that is gone, the one
    that lies as that did from the store; "" where there is neither, for the working folder."""
    origin = version.launches[-1].origin if version.launches else Origin()
    beside = os.path.join(os.path.dirname(store.files.root), origin.from_store) if origin.from_store else ""
    paths = [path for path in (origin.path, beside) if path]
    found = [path for path in paths if os.path.isfile(path)]
    found = found or [path for path in reversed(paths) if os.path.isdir(os.path.dirname(path))]
    return os.path.dirname(found[0]) if found else ""


def _installed(name: str) -> bool:
    """Whether a package has this file, such as "nets/mlp.py"."""
    path = PurePosixPath(name)
    return any(path.stem in package.names(str(path.parent)) for package in installed())
