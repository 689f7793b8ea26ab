"""Random instants in the life of a command, by the processor time that it has used: so each part of it is hit as often
as it takes long, however busy the machine is."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.launching import processes
from tests.support.launching.launches import Launch
from tests.support.launching.processes import GONE

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
LOOK_S, LOOK_AT_ALL_S = 0.01, 0.1  # between two looks: at the process alone, at all processes of its session
IDLE_S = (1.0, 8.0)  # who has used no processor for so long waits for something: that is an instant, too
UNKNOWN_S = 6.0  # what a command is taken to need before one has run to its end


def used_s(pid: int) -> float:
    """Seconds of a processor that a process has used: fields 14 and 15 of /proc/PID/stat. 0 once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except GONE:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_S


@dataclass
class Instants:
    """Draws instants. needs: what each command uses from its beginning to its end, at most, by its name. last: what it
    used when it last ran to its end, where nothing has been undone since: a launch that finds all done is short."""

    random: Random
    needs: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    def reached(self, launch: Launch, command: str) -> bool:
        """Waits until a random instant of a command; whether it still runs then."""
        needs = self.last.get(command, self.needs.get(command, UNKNOWN_S))
        self.last[command] = self._wait(launch, command, self.random.uniform(0, needs))
        if launch.code is None:
            self.last.clear()
        return launch.code is None

    def ended(self, launch: Launch, command: str) -> int:
        """Waits for the end of a command that is left alone, and returns its exit code."""
        used = self._wait(launch, command, None)
        self.needs[command] = max(used, self.needs.get(command, 0.0))
        self.last[command] = used
        return launch.wait()

    def _wait(self, launch: Launch, command: str, seconds: float | None) -> float:
        """Until it ends, has used so many seconds more, or, with a number of seconds, nothing for a while. Returns what
        it has used."""
        look = _of_session if "--ray" in command else used_s
        pause, pid = (LOOK_AT_ALL_S if "--ray" in command else LOOK_S), launch.pid
        begun = used = look(pid)
        idle, changed = self.random.uniform(*IDLE_S), time.monotonic()
        while launch.code is None and (seconds is None or used - begun < seconds):
            time.sleep(pause)
            if (now := look(pid)) > used:
                used, changed = now, time.monotonic()
            if seconds is not None and time.monotonic() - changed > idle:
                break
        return used


def _of_session(leader: int) -> float:
    return sum(used_s(pid) for pid in processes.in_session(leader))


def after(seconds: float, ended: Callable[[], bool]) -> None:
    """Waits for so long, or until something has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ended():
        time.sleep(LOOK_S)
