"""Runs a command line in this process, in a fork of one that has imported everything, or in a new Python."""

import contextlib
import io
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator import cli
from tests.support.launching import processes
from tests.support.launching.launches import Program

HANGS_S = 300.0  # by the clock, on a machine that does other things, too


@dataclass(frozen=True)
class Ended:
    """How a command line ended. code: None where it raised or did not end. cpu_s: of this process. left: processes of
    its session that outlived it."""

    code: int | None
    out: str
    err: str
    cpu_s: float = 0.0
    left: tuple[int, ...] = ()


Way = Callable[[tuple[str, ...]], Ended]


class Hangs(BaseException):
    """Raised in the middle of a command that does not end."""


def in_process(arguments: tuple[str, ...]) -> Ended:
    """In this process."""
    out, err, start = io.StringIO(), io.StringIO(), time.process_time()
    code: int | None = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with _interrupted_after(HANGS_S):
                cli.main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc(file=err)
    return Ended(code, out.getvalue(), err.getvalue(), time.process_time() - start)


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise Hangs(f"it has not ended in {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def in_processes(program: Program, fresh: bool) -> Way:
    """In a process of its own: a fork, or with `fresh` a new Python."""

    def way(arguments: tuple[str, ...]) -> Ended:
        launch = program.start(
            Path.cwd(), *arguments, fresh=fresh, waits={"SWEEP_LEASE_S": os.environ["SWEEP_LEASE_S"]}
        )
        try:
            code: int | None = launch.wait(HANGS_S)
        except AssertionError as error:
            code = None
            return Ended(code, launch.out, f"{launch.err}\n{error}")
        finally:
            left = tuple(processes.in_session(launch.pid))
            program.clean()
        return Ended(code, launch.out, launch.err, left=left)

    return way
