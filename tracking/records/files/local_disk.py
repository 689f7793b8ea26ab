"""Files below a folder of this machine, opened without following links: a store does not lead out of itself.

The folder itself may be reached by links. Below it, each part of a name is opened in its parent folder with O_NOFOLLOW,
so that no link is followed even if it is made while a file is opened.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tracking.common import unfinished_files
from tracking.common.errors import StorageFailed
from tracking.common.failpoints import reached

LINK = "is a link to '{}', and no link inside a store is followed; put what it leads to in its place"
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NETWORK_DISKS = ("nfs", "cifs", "smb", "9p", "ceph", "lustre", "gpfs", "beegfs", "fuse.sshfs", "glusterfs")


class FileInfo(NamedTuple):
    """A file of a store: its name, its size in bytes, and when it was last written, in nanoseconds since 1970."""

    name: str
    size: int
    modified_ns: int


class LocalDisk:
    """The files below one folder. Names are relative to it, with "/" between their parts. Methods raise OSError, for a
    link with errno.ELOOP and where it leads."""

    def __init__(self, root: str) -> None:
        self.root = root

    def open(self, name: str, flags: int) -> int:
        """A descriptor of a regular file that exists; `flags` as of os.open."""
        with self._parent(name) as (folder, last):
            return self._enter(folder, last, flags, name)

    def read(self, name: str) -> bytes:
        with open(self.open(name, os.O_RDONLY), "rb") as file:
            return file.read()

    def replace(self, name: str, content: bytes, at: str) -> None:
        """Replaces a file: its content is on the disk before its name, and its name before this returns. `at`: as of
        `Files.write`."""
        with self._parent(name, create=True) as (folder, last):
            temporary = unfinished_files.of(last)
            try:
                self._write_new(folder, temporary, content, at)
                reached(f"{at}_synced")
                os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            reached(f"{at}_renamed")
            os.fsync(folder)  # until then a rename in it may be lost
            reached(f"{at}_kept")

    def _write_new(self, folder: int, name: str, content: bytes, at: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        with open(handle, "wb") as file:
            reached(f"{at}_opened")
            file.write(content)
            file.flush()
            reached(f"{at}_written")
            os.fsync(file.fileno())

    def link(self, name: str, new: str) -> None:
        """Gives a file a second name in the same folder. Raises FileExistsError."""
        with self._parent(name) as (folder, last):
            other = new.rpartition("/")[2]
            os.link(last, other, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)

    def move(self, name: str, new: str) -> None:
        """Renames a file within its folder. A file that does not exist is skipped."""
        with suppress(FileNotFoundError), self._parent(name) as (folder, last):
            os.replace(last, new.rpartition("/")[2], src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str) -> None:
        """Deletes a file or a link, not what it leads to. A file that does not exist is skipped."""
        with suppress(FileNotFoundError), self._parent(name) as (folder, last):
            os.unlink(last, dir_fd=folder)

    def remove_empty_folder(self, name: str) -> None:
        """Deletes a folder if it is there and empty."""
        with suppress(FileNotFoundError), self._parent(name) as (folder, last):
            try:
                os.rmdir(last, dir_fd=folder)
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise

    def listing(self, folder: str, is_folder: Callable[[str], bool], is_file: Callable[[str], bool]) -> list[FileInfo]:
        """The regular files below `folder` whose names `is_file` accepts, in folders that `is_folder` accepts; sorted.
        Everything else is ignored, except links with such names."""
        try:
            with self._folder(folder) as handle:
                return sorted(self._below(handle, folder, is_folder, is_file))
        except FileNotFoundError:
            return []

    def _below(
        self, handle: int, folder: str, is_folder: Callable[[str], bool], is_file: Callable[[str], bool]
    ) -> Iterator[FileInfo]:
        with os.scandir(handle) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}"
                if not (is_folder(name) or is_file(name)):
                    continue
                if entry.is_symlink():
                    raise self._leads_out(handle, entry.name, name)
                with suppress(FileNotFoundError):  # deleted since it was listed
                    if entry.is_dir() and is_folder(name):
                        with _closed(self._enter(handle, entry.name, FOLDER, name)) as inner:
                            yield from self._below(inner, name, is_folder, is_file)
                    elif entry.is_file(follow_symlinks=False) and is_file(name):
                        about = entry.stat(follow_symlinks=False)
                        yield FileInfo(name, about.st_size, about.st_mtime_ns)

    @contextmanager
    def _parent(self, name: str, create: bool = False) -> Iterator[tuple[int, str]]:
        """The folder of a file, and the last part of its name. What fails in the block names the file by its path."""
        folder, _, last = name.rpartition("/")
        try:
            with self._folder(folder, create) as handle:
                yield handle, last
        except OSError as error:
            if error.filename is not None and not os.path.isabs(error.filename):
                error.filename, error.filename2 = f"{self.root}/{name}", None
            raise

    @contextmanager
    def _folder(self, name: str, create: bool = False) -> Iterator[int]:
        if create:
            os.makedirs(self.root, exist_ok=True)
        handle, seen = os.open(self.root, FOLDER), ""
        try:
            for part in filter(None, name.split("/")):
                seen = f"{seen}/{part}".lstrip("/")
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=handle)
                inner = self._enter(handle, part, FOLDER, seen)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def _enter(self, folder: int, part: str, flags: int, name: str) -> int:
        """Opens what lies in `folder` under the name `part`, a folder or a regular file as the flags say."""
        try:
            handle = os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(folder, part):
                raise self._leads_out(folder, part, name) from None
            raise OSError(error.errno, error.strerror, f"{self.root}/{name}") from None
        if not flags & os.O_DIRECTORY and not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "is not a regular file", f"{self.root}/{name}")
        return handle

    def _leads_out(self, folder: int, part: str, name: str) -> OSError:
        target = os.readlink(part, dir_fd=folder)
        return OSError(errno.ELOOP, LINK.format(target), f"{self.root}/{name}")


def _is_link(folder: int, part: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


@contextmanager
def _closed(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)


def without_links(root: Path, *parts: str) -> Path:
    """root/part/.../part, of which no part below the root is a link. For files that libraries open by their paths.
    Raises StorageFailed."""
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise StorageFailed(errno.ELOOP, LINK.format(os.readlink(path)), str(path))
    return path


def on_local_disk(folder: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a folder is on a disk of this machine, as far as the system tells (Linux does)."""
    if not mounts.exists():
        return True
    kinds = {
        mount: kind
        for _, mount, kind, *_ in (line.split() for line in mounts.read_text("utf-8", "replace").splitlines())
    }
    nearest = next((p for p in (folder.resolve(), *folder.resolve().parents) if str(p) in kinds), Path("/"))
    return not kinds.get(str(nearest), "").startswith(NETWORK_DISKS)
