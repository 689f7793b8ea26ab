"""How a place excludes the second of two launches: files of a local disk by links and locks, objects of S3 by
conditional puts, and objects of other stores, which have neither here, by waiting and reading again.

What is left of the race: a commit of a worker whose lease was taken over is refused on a local disk. On object stores
the worker looks at its lease a moment before it writes its manifest; if it sleeps in that moment for `silence()`
seconds, it overwrites the manifest of whoever took over. Stores without conditional puts also have two owners when a
write takes longer than the wait between it and reading again.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

from tracking.common.errors import InUse, Refused
from tracking.common.failpoints import reached
from tracking.records import layout
from tracking.records.files.conditional_puts import ConditionalPuts
from tracking.records.files.storage import Files
from tracking.records.leases.heartbeat import interval
from tracking.records.leases.lease_file import RELEASED, Claim, head, name_of, read_claim

LOCK_S = 10.0  # for a commit that is under way when its lease is taken over
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Exclusion(Protocol):
    """What a lease needs of the place where it lies."""

    def create(self, number: int, content: bytes) -> bool:
        """Creates a claim, whole; False where somebody else was faster."""

    def beat(self, number: int, beat: int) -> None:
        """Writes the first line anew. Raises FileNotFoundError when the lease was taken over."""

    def hold(self, number: int) -> AbstractContextManager[None]:
        """Nobody can take the lease over while the body runs. Raises FileNotFoundError when somebody has."""

    def take(self, other: Claim, mine: int) -> None:
        """Deletes the claim of an owner that is gone. Raises InUse when it is not, after giving up `mine`."""


def exclusion(files: Files) -> Exclusion:
    """Of the place where these files lie."""
    if files.local:
        return Locks(files)
    puts = files.conditional_puts
    return Conditions(files, puts) if puts else Waiting(files)


def rest(content: bytes) -> bytes:
    """All of a lease but its first line: who has claimed what."""
    return content.partition(b"\n")[2]


class Locks:
    """On a local disk: a claim is created by a hard link; who commits holds a shared lock, who takes over needs it
    alone, so that an old worker, however long it slept, commits before it is taken over or never."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def create(self, number: int, content: bytes) -> bool:
        files, name = self.files, name_of(number)
        beside = f"{name}.{os.getpid()}.{threading.get_ident()}.new"
        try:
            files.write(beside, content, "lease.claim")
            files.disk.link(beside, name)
        except (FileExistsError, FileNotFoundError):  # somebody was faster, and may have tidied up
            with suppress(FileNotFoundError):
                files.opened(name).close()  # raises StorageFailed for a folder of this name: it would never go away
            if not Path(files.path(name)).parent.is_dir():
                raise  # or there can be no such folder
            return False
        finally:
            files.disk.remove(beside)
        reached("lease.claimed")
        return True

    def beat(self, number: int, beat: int) -> None:
        with self.files.opened(name_of(number), "r+b") as file:
            file.write(head(beat))

    @contextmanager
    def hold(self, number: int) -> Iterator[None]:
        with self.files.opened(name_of(number)) as file:
            _lock(file, fcntl.LOCK_SH)
            if os.fstat(file.fileno()).st_nlink == 0 or file.read(len(head(0))) == head(RELEASED):
                raise FileNotFoundError(errno.ENOENT, "taken over", self.files.path(name_of(number)))
            yield

    def take(self, other: Claim, mine: int) -> None:
        try:
            with self.files.opened(other.name) as file:
                patience = time.monotonic() + LOCK_S
                while not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    if time.monotonic() > patience:
                        self.files.delete([name_of(mine)])
                        raise InUse(
                            f"a worker of {other} is in the middle of a commit and does not go on (suspended?); end "
                            "it, then launch again"
                        )
                    reached("lease.lock_awaited")
                    time.sleep(0.05)
                reached("lease.locked")
                self.files.disk.remove(other.name)
        except FileNotFoundError:  # it was released or taken over meanwhile
            return
        reached("lease.removed")


class Waiting:
    """On object stores without conditional puts: the last of several writers of a claim has it, which shows when all
    have written; a lease is looked at before each commit."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def create(self, number: int, content: bytes) -> bool:
        name = name_of(number)
        if name in self.files.names(layout.LEASES, layout.LEASE):
            return False
        self.files.write(name, content)
        time.sleep(interval())
        return rest(self.files.read(name)) == rest(content)

    def beat(self, number: int, beat: int) -> None:
        name = name_of(number)
        self.files.write(name, head(beat) + rest(self.files.read(name)))

    @contextmanager
    def hold(self, number: int) -> Iterator[None]:
        if read_claim(number, self.files.read(name_of(number))).released:
            raise FileNotFoundError(errno.ENOENT, "released", self.files.path(name_of(number)))
        yield

    def take(self, other: Claim, mine: int) -> None:
        self.files.delete([other.name])


class Conditions(Waiting):
    """On S3: the store itself refuses the second of two creators, the beat of an owner that was taken over, and the
    take-over of an owner that has beaten since it was last looked at."""

    def __init__(self, files: Files, puts: ConditionalPuts) -> None:
        super().__init__(files)
        self.puts = puts

    def create(self, number: int, content: bytes) -> bool:
        name = name_of(number)
        if self.puts.create(name, content) is None:
            return False
        if self.puts.create(name, content + b"\n") is not None:
            self.files.delete([name])
            raise Refused(
                f"the object store of '{self.files.root}' ignores conditional puts (If-None-Match), without which two "
                "launches could do the same work; use a version of it that has them"
            )
        return True

    def beat(self, number: int, beat: int) -> None:
        name = name_of(number)
        content, tag = self.puts.read(name)
        if content.startswith(head(RELEASED)) or self.puts.replace(name, head(beat) + rest(content), tag) is None:
            raise FileNotFoundError(errno.ENOENT, "taken over", self.files.path(name))

    def take(self, other: Claim, mine: int) -> None:
        try:
            content, tag = self.puts.read(other.name)
        except FileNotFoundError:
            return
        silent = read_claim(other.number, content)
        if not silent.released:
            if silent.beat != other.beat or self.puts.replace(other.name, head(RELEASED) + rest(content), tag) is None:
                self.files.delete([name_of(mine)])
                raise InUse(f"{other} gave no sign of life and now works again; launch again when it is done")
            reached("lease.locked")
        self.files.delete([other.name])


def _lock(file: IO[bytes], how: int) -> bool:
    """Whether the lock was got; True, too, where the file system has none."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    return True
