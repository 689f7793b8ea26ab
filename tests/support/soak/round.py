"""One round of a soak: a store of its own, the commands that run in it, and what they may end with."""

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.support.launching import processes
from tests.support.launching.launches import Launch, Place
from tests.support.soak.instants import Instants
from tests.support.soak.kinds import OPTIONS
from tests.support.soak.tally import Tally


@dataclass
class Round:
    """`ray`: the share of the launches that use Ray. log: gets a line for each kill."""

    name: str
    place: Place
    random: Random
    instants: Instants
    tally: Tally
    ray: float
    log: Path

    def options(self) -> tuple[str, ...]:
        """Those of one launch."""
        return self.random.choice(OPTIONS)

    def launch(self, *options: str) -> Launch:
        self.tally.commands += 1
        return self.place.start(*options)

    def start(self, *arguments: str) -> Launch:
        """Another command than a launch."""
        self.tally.commands += 1
        return self.place.program.start(self.place.folder, *arguments)

    def kill(self, launch: Launch, command: str, called: str = "") -> None:
        """Kills a process of a command at a random instant, and again while the command goes on."""
        while self.instants.reached(launch, command):
            kinds: dict[str, list[int]] = {}
            for process in launch.processes():
                kinds.setdefault(process.kind, []).append(process.pid)
            kind = self.random.choice(sorted(kinds)) if kinds else "driver"
            try:
                os.kill(self.random.choice(kinds.get(kind, [launch.pid])), signal.SIGKILL)
            except ProcessLookupError:
                continue
            what = (called or command) if kind == "driver" else f"{command}'s {kind}"
            self.tally.kills[what] += 1
            self.say(f"kill {self.tally.killed}: {what}")

    def end(self, launch: Launch, command: str) -> None:
        """Waits for a command that is left alone. It counts as complete only if nothing had been done before."""
        self.instants.ended(launch, command)

    def check(self, launch: Launch, *codes: int) -> None:
        """Waits for the end of a command, which must be one of these exit codes and no traceback."""
        code = launch.wait(600)
        by_ray = _ended_by_ray(launch)
        self.tally.faults["ended by Ray, whose raylet was killed"] += by_ray
        if (code not in codes and not by_ray) or "Traceback" in launch.err:
            self.wrong(f"{launch.arguments} ended with {code}: {launch.err[-2000:]}")

    def wrong(self, what: str) -> None:
        """A finding. The first of a round keeps the store as it is, and the undisturbed one."""
        self.tally.wrong.append(f"{self.name}: {what}")
        self.say(f"FOUND {what}")
        kept = self.log.parent / f"found-{self.name.replace(' ', '-')}"
        if not kept.exists():
            shutil.copytree(self.place.folder, kept / "disturbed", ignore_dangling_symlinks=True)
            shutil.copytree(self.place.undisturbed(), kept / "undisturbed")

    def running(self) -> list[int]:
        """Processes of its commands that are still there."""
        return [pid for launch in self.place.program.started for pid in processes.in_session(launch.pid)]

    def say(self, what: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{self.name}: {what}\n")


def _ended_by_ray(launch: Launch) -> bool:
    """Ray itself ends the process of a launch with code 1, whatever it is doing, when its raylet is gone."""
    return launch.code == 1 and "--local" not in launch.arguments and not launch.out
