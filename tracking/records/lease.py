"""Leases: of two launches that want the same trials, one works and the other is told so; nobody else is hindered.

    leases/<number>.json     a beat that rises every few seconds, then who works, on which sweep, on which trials

A launch claims its trials by creating the file with the next number, which only one process can, after having read all
lower ones; so of two claims that overlap, the later one has seen the earlier one. Numbers only rise: the file of the
last launch that ended stays, marked as released. An owner whose process is gone, or whose beat has stood still for
`silence()` seconds by the clock of who is watching (two clocks are never compared), is taken over: its file is deleted.
Who commits holds a shared lock on its own lease from before the check that it is there until the commit is done, and
who takes over needs that lock alone; so an old worker, however long it slept, commits before the take-over or never.
Where there are no locks (object stores, some network disks) the check alone remains, a moment before the commit.
"""

import errno
import fcntl
import json
import os
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tracking.common.errors import InUse, StorageFailed
from tracking.common.failpoints import reached
from tracking.records.lease_file import BEATS, RELEASED, Claim, claims, head, is_gone, name_of, read_claim, silence
from tracking.records.process_identity import born, machine
from tracking.records.storage import Files

LOCK_S = 10.0  # for a commit that is under way when its lease is taken over
NO_STORE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@dataclass
class Lease:
    """A claim of this process, kept alive by a thread until it is released. `lost`: somebody took it over."""

    files: Files
    number: int
    lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Lease":
        threading.Thread(target=self._keep, name="lease", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        try:
            with guard(self.files, self.number):
                self.files.write(name_of(self.number), head(RELEASED), "lease.release")
        except InUse:
            self.lost = True
        except OSError:  # a full disk: the next launch sees that this process has ended
            return

    def _keep(self) -> None:
        beat = 0
        while not self._ended.wait(silence() / BEATS):
            beat += 1
            try:
                _beat(self.files, self.number, beat)
            except FileNotFoundError:
                self.lost = not _vanished(self.files)
                if self.lost:
                    return
            except OSError:  # a store that is gone for a moment; gone for longer, others may rightly take over
                continue


def acquire(files: Files, sweep: str, trials: frozenset[str], say: Callable[[str], None]) -> Lease:
    """Claims these trials. Raises InUse naming who works on them, or why the store cannot be made."""
    about = {"host": platform.node(), "machine": machine(), "pid": os.getpid(), "born": born(os.getpid())}
    body = json.dumps({**about, "since_ms": time.time_ns() // 1_000_000, "sweep": sweep, "trials": sorted(trials)})
    gone: dict[int, bytes] = {}  # number -> the beat at which it was found to stand still
    try:
        while True:
            found = claims(files)
            for other in found:
                if other.overlaps(sweep, trials) and gone.get(other.number) != other.beat:
                    _see_gone(files, other, say)
                    gone[other.number] = other.beat
            number = max((c.number for c in found), default=0) + 1
            if _create(files, number, head(0) + body.encode()):
                break
        for other in found:
            if other.released or other.number in gone:
                _remove(files, other, number)
        _tidy(files, number)
    except OSError as error:
        if error.errno not in NO_STORE:
            raise
        raise InUse(f"the store '{files.root}' cannot be made or written: {error}; give another --store") from error
    return Lease(files, number)


@contextmanager
def guard(files: Files, number: int) -> Iterator[None]:
    """Nobody can take the lease over while the body runs. Raises InUse when somebody has, StorageFailed when the whole
    store is gone."""
    if not files.local:
        if not _beating(files, number):
            raise _taken(files, number)
        yield
        return
    try:
        with open(files.path(name_of(number)), "rb") as file:
            _lock(file, fcntl.LOCK_SH)
            if os.fstat(file.fileno()).st_nlink == 0 or file.read(len(head(0))) == head(RELEASED):
                raise FileNotFoundError
            yield
    except FileNotFoundError as error:
        if error.filename and error.filename != files.path(name_of(number)):
            raise  # of the body, not of the lease
        if _vanished(files):
            raise StorageFailed(errno.ENOENT, "the store is gone", files.root) from None
        raise _taken(files, number) from None


def _vanished(files: Files) -> bool:
    """Whether nothing is left of the store: a disk that is gone, not a lease that was taken over."""
    return files.local and not os.path.isdir(files.path("leases"))


def _taken(files: Files, number: int) -> InUse:
    later = [c for c in claims(files) if c.number > number and not c.released]
    who = f" by {later[-1]}" if later else ""
    return InUse(
        f"this launch was taken for dead and its work in '{files.root}' taken over{who}; what it had committed is "
        "kept, nothing more is written"
    )


def _see_gone(files: Files, other: Claim, say: Callable[[str], None]) -> None:
    """Returns once the owner is certainly gone. Raises InUse as soon as it is seen to live."""
    start, told = time.monotonic(), False
    while not is_gone(other) and time.monotonic() - start < silence():
        try:
            now = read_claim(other.number, files.read(other.name))
        except FileNotFoundError:
            return
        if now.released:
            return
        if now.beat != other.beat:
            raise InUse(
                f"the store '{files.root}' is in use: {other} works on sweep '{other.sweep}', which shares trials with "
                f"this one. Wait until it is done (`sweep status`), or stop it with `kill {other.pid}` on "
                f"{other.host}; then launch again. Or give another --store."
            )
        if not told and time.monotonic() - start > silence() / 5:
            told = True
            say(f"{other} gives no sign of life; its work is taken over after {silence():.0f} s of silence")
        time.sleep(silence() / BEATS / 4)


def _beating(files: Files, number: int) -> bool:
    try:
        return not read_claim(number, files.read(name_of(number))).released
    except FileNotFoundError:
        return False


def _create(files: Files, number: int, content: bytes) -> bool:
    """Creates a claim, whole, unless somebody else was faster."""
    name = name_of(number)
    if not files.local:
        if name in files.names("leases", ".json"):
            return False
        files.write(name, content)
        time.sleep(silence() / BEATS)  # without a lock the last writer wins; who it was shows when all have written
        return files.read(name).partition(b"\n")[2] == content.partition(b"\n")[2]
    beside = f"{name}.{os.getpid()}.{threading.get_ident()}.new"
    try:
        files.write(beside, content, "lease.claim")
        os.link(files.path(beside), files.path(name))
    except (FileExistsError, FileNotFoundError):  # somebody was faster, and may have tidied up
        if not Path(files.path("leases")).is_dir():
            raise  # or there can be no such folder
        return False
    finally:
        Path(files.path(beside)).unlink(missing_ok=True)
    reached("lease.claimed")
    return True


def _tidy(files: Files, number: int) -> None:
    """Deletes what attempts at this number and at lower ones have left that were killed, or are too late."""
    for name in files.names("leases", ""):
        if not name.endswith(".json") and int(Path(name).name.split(".")[0]) <= number:
            files.delete([name])


def _beat(files: Files, number: int, beat: int) -> None:
    """Writes the first line anew, in place. Raises FileNotFoundError when the lease was taken over."""
    if files.local:
        with open(files.path(name_of(number)), "r+b", buffering=0) as file:
            file.write(head(beat))
    else:
        content = files.read(name_of(number))
        files.write(name_of(number), head(beat) + content.partition(b"\n")[2])


def _remove(files: Files, other: Claim, mine: int) -> None:
    """Takes a claim away from an owner that is gone, not in the middle of a commit of one of its workers."""
    if not files.local:
        return files.delete([other.name])
    try:
        with open(files.path(other.name), "rb") as file:
            patience = time.monotonic() + LOCK_S
            while not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                if time.monotonic() > patience:
                    files.delete([name_of(mine)])
                    raise InUse(
                        f"a worker of {other} is in the middle of a commit and does not go on (suspended?); end it, "
                        "then launch again"
                    )
                reached("lease.lock_awaited")
                time.sleep(0.05)
            reached("lease.locked")
            os.unlink(file.name)
    except FileNotFoundError:  # it was released or taken over meanwhile
        return
    reached("lease.removed")


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
