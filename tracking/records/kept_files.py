"""The user's own files that a trial was recorded with, as they are kept in the store."""

from pathlib import PurePosixPath

from tracking.common.named_files.installed import installed
from tracking.common.named_files.user_files import NONE, UserFiles
from tracking.records import layout
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store


def kept_files(store: Store, one: TrialRecord) -> UserFiles:
    """The files of a trial, importable wherever they came from; none where it has none. A file of a package that is
    installed here is left out: the package is used.

    Raises FileNotFoundError where the store has lost one.
    """
    found = {name: store.files.read(layout.user_source(digest)) for name, digest in one.sources if not _installed(name)}
    return UserFiles(f"{store.root}/{layout.CODE}/{one.id}", found) if found else NONE


def _installed(name: str) -> bool:
    """Whether a package has this file, such as "nets/mlp.py"."""
    path = PurePosixPath(name)
    return any(path.stem in package.names(str(path.parent)) for package in installed())
