"""Files of a store, on a local disk or in an object store: read, listed, and written whole or not at all."""

import functools
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Literal, TypeVar

import pyarrow as pa
import pyarrow.fs as pafs

from tracking.common.errors import Damaged, OtherFormat, Refused, StorageFailed
from tracking.common.failpoints import reached
from tracking.common.hide_passwords import public
from tracking.records import layout
from tracking.records.files.conditional_puts import ConditionalPuts
from tracking.records.files.local_disk import FileInfo, LocalDisk, on_local_disk

LAG_S = 30.0  # how long a network disk may show a new file with an old length: SSHFS for 20 s
AGAIN_S = 0.5  # between two looks at such a file
PATIENCE_S = 60  # how long a request to an object store that does not answer is repeated
# Messages of pyarrow for S3 and Google's store that say: unreachable, or too many requests. Wrong keys are not among
# them: repeating a request does not help there.
PASSING = re.compile(
    r"NETWORK_CONNECTION|curlCode|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|SLOW_DOWN|REQUEST_TIMEOUT|UNAVAILABLE"
)
SECRET = re.compile(r"(key|token|secret|password)[^=&]*=", re.IGNORECASE)
T = TypeVar("T")
Operation = Literal["read", "write", "list", "move", "delete"]


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _storage(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageFailed(error.errno, error.strerror or str(error), error.filename or path) from error


def _bounded(uri: str) -> str:
    """Google's library repeats a request for 15 minutes unless the address says otherwise."""
    if not uri.startswith(("gs://", "gcs://")) or "retry_limit_seconds=" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds={PATIENCE_S}"


def _remote(root: str) -> tuple[pafs.FileSystem, str]:
    """Raises Refused for an address of a kind that pyarrow does not know, or that it cannot read."""
    try:
        system, path = pafs.FileSystem.from_uri(_bounded(root))
    except (pa.ArrowException, ValueError) as error:
        why = str(error).splitlines()[0]
        raise Refused(
            f"the store '{public(root)}' cannot be used ({why}); give a folder, s3://bucket/folder or gs://bucket/folder"
        ) from None
    return system, str(path)


class Files:
    """The files below one root: a directory or a URI that pyarrow knows (s3://, gs://, ...)."""

    def __init__(self, root: str) -> None:
        rest, query = root.partition("://")[2], root.partition("?")[2]
        login = re.match(r"[^/:]*:.*@|[^/]*@", rest)
        if (login and not rest.startswith("anonymous@")) or SECRET.search(query):  # so pyarrow spells no login at all
            raise Refused(
                "the address of a store must not hold a name or password, which records and logs would then show; set "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what your object store reads, in the environment"
            )
        self.local = "://" not in root or root.startswith("file://")
        if self.local:
            self.root = str(Path(root.removeprefix("file://")).absolute())
            if os.path.isfile(self.root):
                raise Refused(f"the store '{self.root}' is a file, but must be a folder; give another --store")
        else:
            self.fs, self.root = _remote(root)
        self.disk = LocalDisk(self.root)  # used where the store is local
        self._answered = False
        self.on_network_disk = self.local and not on_local_disk(Path(self.root))
        self.lag_s = LAG_S if self.on_network_disk else 0.0  # seconds that are left for files that look damaged
        self.address = self.root if self.local else root  # good in any folder, in any process

    @functools.cached_property
    def conditional_puts(self) -> ConditionalPuts | None:
        """To create and to replace a file only if nobody else has; None where the store has no such requests."""
        is_s3 = isinstance(self.fs, pafs.S3FileSystem)
        return ConditionalPuts(self.address, self.fs.region, PATIENCE_S) if is_s3 else None

    def path(self, name: str) -> str:
        """Where `name` is; refuses names that lead out of the root."""
        if name.startswith("/") or ".." in name.split("/"):
            raise ValueError(f"a file of the store must lie inside it, got '{name}'")
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError, StorageFailed."""
        path = self.path(name)

        if self.local:
            return self.request("read", name, lambda: self.disk.read(name))

        def whole() -> bytes:
            with self.fs.open_input_stream(path) as stream:
                return bytes(stream.read())

        return self.request("read", name, whole)

    def read_as(self, name: str, parse: Callable[[bytes], T]) -> T:
        """What `parse` makes of a file. Where it finds damage, the file is read once more, and on a network disk, which
        may show a new file with an old length, until `lag_s` seconds were spent on such files. Raises as `parse` and
        `read` do."""
        again = True
        while True:
            content = self.read(name)
            try:
                return parse(content)
            except OtherFormat:
                raise
            except Damaged:
                if not again and self.lag_s <= 0:
                    raise
            again = False
            if self.lag_s > 0:
                time.sleep(AGAIN_S)
                self.lag_s -= AGAIN_S

    def write(self, name: str, content: bytes, at: str = "write") -> None:
        """Replaces `name` in one step: after a crash it is the old file or the new one, on the disk, never a part.

        `at` is what the places in between are called in `tracking.common.failpoints`. Raises StorageFailed.
        """
        path = self.path(name)

        def whole() -> None:
            with self.fs.open_output_stream(path) as stream:
                stream.write(content)

        if self.local:
            return self.request("write", name, lambda: self.disk.replace(name, content, at))
        self.request("write", name, whole)
        reached(f"{at}_renamed")

    def set_aside(self, name: str) -> None:
        """Renames a damaged file, so that it is not read any more and can be inspected. A file that does not exist is
        skipped."""
        path, aside = self.path(name), layout.set_aside(name)
        if self.local:
            self.request("move", name, lambda: self.disk.move(name, aside))
        else:
            self.request("move", name, lambda: self.fs.move(path, self.path(aside)) if self._is_file(path) else None)
        reached("commit.set_aside")

    def listing(self, folder: str) -> list[FileInfo]:
        """The files of this program below `folder`, at any depth, by name; foreign ones are left out; none when the
        folder does not exist. Raises StorageFailed, for a link in place of a file or folder, too."""
        if self.local:
            disk = self.disk
            return self.request("list", folder, lambda: disk.listing(folder, layout.is_own_folder, layout.is_own))
        selector = pafs.FileSelector(self.path(folder), recursive=True, allow_not_found=True)

        def look() -> list[pafs.FileInfo]:
            try:
                return list(self.fs.get_file_info(selector))
            except FileNotFoundError:  # made after pyarrow did not find it and before it asked whether that is so
                return list(self.fs.get_file_info(selector))

        infos = self.request("list", folder, look)
        start = len(self.root) + 1
        found = (FileInfo(i.path[start:], i.size, i.mtime_ns or 0) for i in infos if i.type == pafs.FileType.File)
        return sorted(info for info in found if layout.is_own(info.name))

    def names(self, folder: str, ending: str) -> list[str]:
        """Names below `folder`, at any depth, that end so; sorted; none when the folder does not exist."""
        return [info.name for info in self.listing(folder) if info.name.endswith(ending)]

    def delete(self, names: list[str]) -> None:
        """Deletes files of this program. Files that do not exist are skipped. Raises ValueError for foreign ones."""
        for name in names:
            if not layout.is_own(name):
                raise ValueError(f"'{name}' is no file that this program writes, and is not deleted")
            self.request("delete", name, partial(self._remove, name))
            reached("commit.deleted")

    def delete_empty_folders(self, names: Iterable[str]) -> None:
        """Deletes those of these folders that are empty; an object store has none. Nobody else may write to them."""
        for name in sorted(names) if self.local else ():
            self.request("delete", name, partial(self.disk.remove_empty_folder, name))

    def _remove(self, name: str) -> None:
        if self.local:
            self.disk.remove(name)
        elif self._is_file(self.path(name)):
            self.fs.delete_file(self.path(name))

    def _is_file(self, path: str) -> bool:
        return bool(self.fs.get_file_info(path).type == pafs.FileType.File)

    def opened(self, name: str, mode: Literal["rb", "r+b"] = "rb") -> IO[bytes]:
        """A file of a local store, unbuffered; "r+b" to write parts of it anew. Raises FileNotFoundError,
        StorageFailed."""
        flags = os.O_RDONLY if mode == "rb" else os.O_RDWR
        return self.request("read", name, lambda: open(self.disk.open(name, flags), mode, buffering=0))

    def request(self, operation: Operation, name: str, act: Callable[[], T]) -> T:
        """Makes a request to the store; every request goes through here. It is repeated for `PATIENCE_S` seconds if an
        object store that has answered this process before does not answer, since its server may be restarting. A wrong
        address is reported at once. Raises StorageFailed, FileNotFoundError."""
        path = self.path(name)
        end, pause = time.monotonic() + (PATIENCE_S if self._answered else 0), 0.5
        while True:
            try:
                with _storage(path):
                    found = act()
                self._answered = not self.local
                return found
            except StorageFailed as error:
                pause = min(2 * pause, 8.0)
                if self.local or not PASSING.search(str(error)) or time.monotonic() + pause > end:
                    raise
                time.sleep(pause)
