"""The user's cache folder, for data sets and measured speeds: locks, checked downloads."""

import atexit
import fcntl
import functools
import hashlib
import logging
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracking.common.whole_files import replacing

LOG = logging.getLogger(__name__)


def folder() -> Path:
    """The user's cache folder, created if it does not exist; where it cannot be, one for this process alone."""
    try:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sweep"
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user without a home
        LOG.info("note     there is no cache folder (%s); nothing is kept for the next launch", error)
        return _of_this_process()
    return path


@functools.cache
def _of_this_process() -> Path:
    path = tempfile.mkdtemp(prefix="sweep-cache-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


@contextmanager
def lock(name: str) -> Iterator[None]:
    """A lock between the processes of this machine; it is released when its process ends, however it ends."""
    with (folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(address: str, path: Path, md5: str) -> None:
    """Downloads a file to `path` atomically and checks its digest.

    Raises OSError when the download fails, ValueError when the file is not the published one.
    """
    with replacing(path) as (temporary,):
        with urllib.request.urlopen(address, timeout=60) as source, temporary.open("wb") as out:
            shutil.copyfileobj(source, out)
        check_md5(temporary, md5)


def fingerprint(files: list[Path]) -> str:
    """SHA-256 over the bytes of files, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


def check_md5(path: Path, expected: str) -> None:
    """Raises ValueError when a file is not the published one."""
    found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    if found != expected:
        raise ValueError(
            f"{path} is damaged: its MD5 is {found}, the published one is {expected}; delete it and try again"
        )
