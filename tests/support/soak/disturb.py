"""What happens to a sweep in a soak: commands are killed, launches suspended, overtaken and deprived of disk space.

Each function is one event of a round. It ends when nothing is left running, and says what went wrong by `Round.check`.
"""

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support.launching.launches import Launch
from tests.support.soak.instants import after
from tests.support.soak.kinds import VARIANTS
from tests.support.soak.round import Round
from tests.support.stores import compare_records

DONE, FAILED, WRONG, IN_USE, STORAGE, INTERRUPTED, KILLED = 0, 1, 2, 73, 74, 75, -signal.SIGKILL
FULL_S = 10.0  # how long a disk stays full at most, unless until the launch has ended


def launch(round: Round) -> None:
    """A launch is killed, as often as it goes on."""
    options, ray = round.options(), round.random.random() < round.ray
    running = round.launch(*options, *(("--ray",) if ray else ()))
    round.kill(running, "launch --ray" if ray else "launch")
    round.check(running, DONE, KILLED, INTERRUPTED)


def two_at_once(round: Round) -> None:
    """A second launch begins while the first one works; one of them is killed, then perhaps the other."""
    first = round.launch()
    round.instants.reached(first, "launch")
    second = round.launch(*round.options())
    for victim in round.random.sample([first, second], 2)[: round.random.choice((1, 2))]:
        round.kill(victim, "launch", "one of two launches")
    for running in (first, second):
        round.end(running, "launch")
        round.check(running, DONE, KILLED, IN_USE)
    round.tally.faults["two launches at once"] += 1


def suspended(round: Round) -> None:
    """A launch is suspended, another one overtakes it and is perhaps killed, and the first one is resumed."""
    first = round.launch(*(("--ray",) if round.random.random() < round.ray else ()))
    command = "launch --ray" if "--ray" in first.arguments else "launch"
    if not round.instants.reached(first, command):
        return round.check(first, DONE)
    first.send(signal.SIGSTOP)
    second = round.launch()
    if round.random.random() < 0.5:
        round.kill(second, "launch", "overtaking launch")
    round.end(second, "launch")
    round.check(second, DONE, KILLED, IN_USE)
    first.send(signal.SIGCONT)
    round.tally.faults["suspended, overtaken and resumed"] += 1
    round.end(first, command)
    return round.check(first, DONE, IN_USE, INTERRUPTED)


def full_disk(round: Round) -> None:
    """The disk is full of bytes or of files for a while; then there is room again."""
    running = round.launch(*round.options())
    if not round.instants.reached(running, "launch"):
        return round.check(running, DONE)
    what = round.random.choice(("bytes", "files"))
    filler = _fill(round.place.folder, what)
    after(round.random.choice((round.random.uniform(0, FULL_S), 3600.0)), lambda: running.code is not None)
    shutil.rmtree(filler)
    round.tally.faults[f"no {what} left"] += 1
    round.end(running, "launch")
    return round.check(running, DONE, FAILED, IN_USE, STORAGE)


def _fill(folder: Path, what: str) -> Path:
    filler = folder / "filler"
    with suppress(OSError):  # the disk is full
        filler.mkdir()
        if what == "bytes":
            room = os.statvfs(folder)
            with (filler / "0").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_bsize)
        for n in range(100_000 if what == "files" else 0):
            (filler / str(n)).touch()
    return filler


def look(round: Round) -> None:
    """`curves`, `sync` or `verify` is killed, perhaps beside a launch that works."""
    name = round.random.choice(("curves", "sync", "verify"))
    beside = round.launch() if round.random.random() < 0.3 else None
    _killed_then_left_alone(round, name, "faults.yaml", codes=(DONE, WRONG))  # nothing is recorded of it
    _end_beside(round, beside)


def moved(round: Round) -> None:
    """`pack` and `unpack` are killed; what was unpacked is what was packed."""
    archive, elsewhere = round.place.folder / "faults.tar", round.place.folder / "elsewhere"
    _killed_then_left_alone(round, "pack", "faults", str(archive), codes=(DONE, WRONG))  # there is none of this name
    if archive.exists():
        _killed_then_left_alone(round, "unpack", str(archive), "--store", str(elsewhere / "runs"), codes=(DONE,))
        if not compare_records.part_of(elsewhere / "runs", round.place.store):
            round.tally.wrong.append(f"{round.name}: what was unpacked is not what was packed")
    for left in (*round.place.folder.glob("faults.tar*"), *round.place.folder.glob("elsewhere*")):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def removed(round: Round) -> None:
    """`rm` or `prune` is killed, perhaps beside a launch that works."""
    beside = round.launch() if round.random.random() < 0.3 else None
    which = round.random.choice((("prune",), *(("rm", variant) for variant in VARIANTS)))
    codes = (DONE, WRONG) if which[0] == "rm" else (DONE,)  # there is none of this name, or none any more
    round.instants.last.clear()
    _killed_then_left_alone(round, *which, "--yes", codes=(*codes, IN_USE) if beside else codes)
    _end_beside(round, beside)


def _killed_then_left_alone(round: Round, command: str, *arguments: str, codes: tuple[int, ...]) -> None:
    running = round.start(command, *arguments)
    round.kill(running, command)
    round.check(running, *codes, KILLED)
    running = round.start(command, *arguments)
    round.end(running, command)
    round.check(running, *codes)


def _end_beside(round: Round, beside: Launch | None) -> None:
    if beside:
        if round.random.random() < 0.5:
            round.kill(beside, "launch")
        round.end(beside, "launch")
        round.check(beside, DONE, KILLED, IN_USE)  # where a removal came first


EVENTS: dict[Callable[[Round], None], int] = {  # and how often they happen
    launch: 8, two_at_once: 2, suspended: 2, full_disk: 2, look: 2, moved: 1, removed: 2,
}  # fmt: skip
Event = Callable[[Round], None]
REMOVING = (removed,)
ON_SMALL_DISK = (full_disk,)
