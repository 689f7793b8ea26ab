"""The user's own files that trials and sweeps were recorded with, as they are kept in the store."""

from pathlib import PurePosixPath

from tracking.common.errors import Damaged
from tracking.common.named_files.installed import installed
from tracking.common.named_files.user_files import NONE, UserFiles
from tracking.common.source_digest import source_digest
from tracking.records import layout
from tracking.records.files.storage import Files
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
    if source_digest(content) != digest:
        raise Damaged(f"{path} is not what it was when it was kept as {name}", path)
    return content


def kept_files(store: Store, one: TrialRecord) -> UserFiles:
    """The files of a trial, importable wherever they came from; none where it has none. A file of a package that is
    installed here is left out: the package is used.

    Raises Damaged where the store has lost one, or has another one in its place.
    """
    found = {name: kept_source(store.files, name, digest) for name, digest in one.sources if not _installed(name)}
    return UserFiles(f"{store.root}/{layout.CODE}/{one.id}", found) if found else NONE


def _installed(name: str) -> bool:
    """Whether a package has this file, such as "nets/mlp.py"."""
    path = PurePosixPath(name)
    return any(path.stem in package.names(str(path.parent)) for package in installed())
