"""Files that are replaced whole: each writer writes one of its own beside the place, and moves it there when it ends.

Two processes may write the same file at once, and one may be killed at any instant: who reads finds a whole file of one
of them, the former one or none.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from tracking.common import unfinished_files
from tracking.common.failpoints import reached

OLD_S = 3600  # nobody writes a file for so long: its writer was killed
State = tuple[int, int]  # size in bytes, time of modification in nanoseconds since 1970

_placed: ContextVar[dict[Path, State] | None] = ContextVar("placed", default=None)


@contextmanager
def replacing(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Paths beside these, for the body to write; they are moved there when it ends, and deleted where it raises. An
    OSError names the file that was to be written."""
    beside = tuple(path.with_name(unfinished_files.of(path.name)) for path in paths)
    try:
        _delete(beside)  # what a killed process with these ids has left
        yield beside
        reached("file.written")
        for written, path in zip(beside, paths, strict=True):
            state = state_of(written)
            _delete_old(path, state)
            os.replace(written, path)
            _note(path, state)
    except OSError as error:
        final = {str(written): str(path) for written, path in zip(beside, paths, strict=True)}
        if str(error.filename) not in final:
            raise
        raise OSError(error.errno, error.strerror, final[str(error.filename)]) from error
    finally:
        _delete(beside)


@contextmanager
def noting() -> Iterator[dict[Path, State]]:
    """The files that this thread replaces in the body, as it wrote them: another process may replace them since."""
    placed: dict[Path, State] = {}
    token = _placed.set(placed)
    try:
        yield placed
    finally:
        _placed.reset(token)


def state_of(path: Path) -> State:
    """By which a file is known again. Raises OSError."""
    about = path.lstat()
    return about.st_size, about.st_mtime_ns


def _note(path: Path, state: State) -> None:
    placed = _placed.get()
    if placed is not None:
        placed[path] = state


def _delete(paths: tuple[Path, ...]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _delete_old(path: Path, written: State) -> None:
    """Deletes what killed writers have left of this file; times are those of the disk's clock."""
    with os.scandir(path.parent) as entries:
        names = [one.name for one in entries if unfinished_files.is_of(one.name, path.name)]
    for left in map(path.with_name, names):
        with suppress(OSError):  # another writer does the same
            if written[1] - left.lstat().st_mtime_ns > OLD_S * 10**9:
                left.unlink()
