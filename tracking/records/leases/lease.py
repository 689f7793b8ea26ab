"""Leases: of two launches that want the same trials, one works and the other is refused; no other launch is affected.

    leases/<number>.json     a beat that rises every few seconds, then who works, on which sweep, on which trials

A launch claims its trials by creating the file with the next number, which only one process can, after having read all
lower ones; so of two claims that overlap, the later one has seen the earlier one. Numbers only rise: the file of the
last launch that ended stays, marked as released. Who slept between reading and creating may find its number free again,
since a later launch has deleted it: a claim below another one is given up. An owner whose process is gone, or whose
beat has stood still for `silence()` seconds by the clock of who is watching (two clocks are never compared), is taken
over: its file is deleted.
A commit is made while its lease is held. How a place sees to these things: `lease_exclusion.py`.
"""

import errno
import os
import platform
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tracking.common.errors import InUse, StorageFailed
from tracking.common.failpoints import reached
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.files.storage import Files
from tracking.records.leases.heartbeat import interval, silence
from tracking.records.leases.lease_exclusion import exclusion
from tracking.records.leases.lease_file import (
    RELEASED,
    Claim,
    Owner,
    claims,
    head,
    is_gone,
    name_of,
    read_claim,
)
from tracking.records.leases.process_identity import born, machine

NO_STORE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


@dataclass
class Lease:
    """A claim of this process, kept alive by a thread until it is released. `lost`: somebody took it over."""

    files: Files
    number: int
    lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread = field(init=False)

    def __enter__(self) -> "Lease":
        self._keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._keeper.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._keeper.join(silence())  # a beat that came after the release would undo it
        try:
            with guard(self.files, self.number):
                self.files.write(name_of(self.number), head(RELEASED), "lease.release")
        except InUse:
            self.lost = True
        except OSError:  # a full disk; the next launch sees that this process has ended
            return

    def _keep(self) -> None:
        beat = 0
        while not self._ended.wait(interval()):
            beat += 1
            try:
                exclusion(self.files).beat(self.number, beat)
            except FileNotFoundError:
                self.lost = not _vanished(self.files)
                if self.lost:
                    return
            except OSError:  # the store does not answer; if it stays so, other launches may take over
                continue


def acquire(files: Files, sweep: str, trials: frozenset[str] | None, say: Callable[[str], None]) -> Lease:
    """Claims these trials; None claims the whole store. Raises InUse naming who works on them, or why the store cannot
    be made."""
    pid, now = os.getpid(), time.time_ns() // 1_000_000
    name = sweep.encode("utf-8", "backslashreplace").decode()  # half a surrogate in a file name is no JSON
    owner = Owner(
        host=platform.node(), machine=machine(), pid=pid, born=born(pid), since_ms=now, sweep=name,
        trials=None if trials is None else tuple(sorted(trials)),
    )  # fmt: skip
    content = head(0) + owner.model_dump_json().encode()
    where = exclusion(files)
    gone: dict[int, bytes] = {}  # number -> the beat at which it was found to stand still
    try:
        while True:
            found = claims(files)
            for other in found:
                if other.overlaps(sweep, trials) and gone.get(other.number) != other.beat:
                    _see_gone(files, other, say)
                    gone[other.number] = other.beat
            number = max((c.number for c in found), default=0) + 1
            reached("lease.numbered")
            if where.create(number, content) and _is_last(files, number):
                break
        for other in found:
            if other.released or other.number in gone:
                where.take(other, number)
        _tidy(files, number)
    except OSError as error:
        if error.errno not in NO_STORE:
            raise
        raise InUse(f"the store '{files.root}' cannot be made or written: {error}; give another --store") from error
    return Lease(files, number)


def _is_last(files: Files, number: int) -> bool:
    """Whether no claim has a higher number than a new one, which is deleted otherwise: its launch has not seen them."""
    if all(layout.lease_number(name) <= number for name in files.names(layout.LEASES, layout.LEASE)):
        return True
    files.delete([name_of(number)])
    return False


@contextmanager
def guard(files: Files, number: int) -> Iterator[None]:
    """Nobody can take the lease over while the body runs, as far as `lease_exclusion.py` says. Raises InUse when
    somebody has, StorageFailed when the whole store is gone."""
    with ExitStack() as held:
        try:
            held.enter_context(exclusion(files).hold(number))
        except FileNotFoundError:
            if _vanished(files):
                raise StorageFailed(errno.ENOENT, "the store is gone", files.root) from None
            raise _taken(files, number) from None
        yield


def _vanished(files: Files) -> bool:
    """Whether the store's folder of leases is gone: the disk was lost, the lease was not taken over."""
    return files.local and not os.path.isdir(files.path(layout.LEASES))


def _taken(files: Files, number: int) -> InUse:
    later = [c for c in claims(files) if c.number > number and not c.released]
    who = f" by {later[-1]}" if later else ""
    return InUse(
        f"this launch gave no sign of life for too long and its work in '{files.root}' was taken over{who}; what it "
        "had committed is kept, and it writes nothing more"
    )


def _see_gone(files: Files, other: Claim, say: Callable[[str], None]) -> None:
    """Returns when the owner is gone: ended, released, or silent for `silence()` seconds. Raises InUse when its beat
    changes."""
    start, told = time.monotonic(), False
    while not is_gone(other):
        waited = time.monotonic() - start  # before the beat is read: who was suspended here finds the beat of now
        try:
            now = read_claim(other.number, files.read(other.name))
        except FileNotFoundError:
            return
        if now.released:
            return
        if now.beat != other.beat:
            raise InUse(
                f"the store '{files.root}' is in use: {other} works on sweep '{other.sweep}', which shares trials with "
                f"this one. Wait until it is done (`{_look(files, other)}`), or stop it with `kill {other.pid}` on "
                f"{other.host}; then launch again. Or give another --store."
            )
        if waited >= silence():
            return
        if not told and waited > silence() / 5:
            told = True
            say(f"{other} gives no sign of life; its work is taken over after {silence():.0f} s of silence")
        time.sleep(interval() / 4)
        reached("lease.silence_awaited")


def _look(files: Files, other: Claim) -> str:
    """The command that shows how far a launch is; who removes files from a store has no sweep's name."""
    named = re.fullmatch(layout.VARIANT, other.sweep)
    return command("status", other.sweep, store=files.address) if named else command("ls", store=files.address)


def _tidy(files: Files, number: int) -> None:
    """Deletes the unfinished files of claims with this number or a lower one, whose processes were killed or are too
    late."""
    for name in files.names(layout.LEASES, ""):
        if not name.endswith(layout.LEASE) and layout.lease_number(name) <= number:
            files.delete([name])
