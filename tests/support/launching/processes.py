"""Processes of this machine, as Linux's /proc tells of them: their state, their session, and what they do."""

import os
import signal
from pathlib import Path
from typing import NamedTuple

KINDS = {  # a part of the command line -> what the process does in a launch
    "ray::ResourceTrainable": "worker",
    "ray::Worker": "worker",
    "raylet/raylet ": "raylet",
    "gcs/gcs_server ": "gcs",
    "mlflow": "mlflow",
}
GONE = (FileNotFoundError, ProcessLookupError)  # the process ended while its files were read


class Process(NamedTuple):
    """A process that a launch has started, itself included; `kind` is what it does there."""

    pid: int
    kind: str


def send(pid: int, number: int) -> None:
    """Sends a signal; does nothing if the process has ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill(pid: int) -> None:
    send(pid, signal.SIGKILL)


def state(pid: int) -> str:
    """The kernel's letter: R running, S sleeping, T stopped by a signal, Z ended but not waited for, X gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except GONE:
        return "X"


def stopped(pid: int) -> bool:
    """Whether SIGSTOP has suspended it."""
    return state(pid) == "T"


def alive(pid: int) -> bool:
    return state(pid) not in "ZX"


def in_session(leader: int) -> list[int]:
    """Living processes of a session: field 6 of /proc/PID/stat, counted after the name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            letter, _, _, session, *_ = path.read_text().rpartition(")")[2].split()
        except GONE:
            continue
        if int(session) == leader and letter not in "ZX":
            found.append(int(path.parent.name))
    return found


def kind(pid: int, leader: int) -> str:
    """What a process of the session of `leader` does: "driver", one of KINDS, "gone" or "other"."""
    if pid == leader:
        return "driver"
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except GONE:
        return "gone"
    return next((kind for part, kind in KINDS.items() if part in line), "other")
