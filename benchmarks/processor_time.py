"""CPU-seconds and wall seconds of a command and of all processes that it starts, Ray's too, as a control group of Linux
counts them. Needs root, and version 1 of control groups."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

JOIN = 'echo $$ > "$0/cgroup.procs"; exec "$@"'


class Cost(NamedTuple):
    """cpu_s: of all processes. wall_s: until the command itself has ended."""

    cpu_s: float
    wall_s: float


class Group:
    """A control group, in which one command after the other runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cost(self, command: Sequence[str], folder: Path | None = None, env: Mapping[str, str] | None = None) -> Cost:
        """Runs a command in a folder, and waits for all that it leaves to end by itself. Raises RuntimeError when it
        fails."""
        before, start = self._used(), time.monotonic()
        done = subprocess.run(
            ["sh", "-c", JOIN, str(self.path), *command],
            cwd=folder, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        wall = time.monotonic() - start
        if done.returncode:
            raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr[-2000:]}")
        while (self.path / "cgroup.procs").read_text():
            time.sleep(0.1)
        return Cost(self._used() - before, wall)

    def _used(self) -> float:
        return int((self.path / "cpuacct.usage").read_text()) / 1e9


@contextmanager
def group() -> Iterator[Group]:
    """A new control group, removed at the end. Raises OSError where this user cannot make one."""
    path = Path(f"/sys/fs/cgroup/cpuacct/sweep-benchmark-{os.getpid()}")
    path.mkdir()
    try:
        yield Group(path)
    finally:
        path.rmdir()
