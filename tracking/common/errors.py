"""Every exception that this program raises for somebody to handle, and the exit code that it ends a command with.

    SweepError                  whatever a user or another program can act on
    ├── Refused              2  what was asked for cannot be done as asked (a ValueError)
    │   ├── BadSweep         2  a sweep file, with everything that is wrong with it
    │   └── BadPlugin        2  a file found by its name that lacks what its kind must have
    ├── TooManyFailures      1  so many trials failed that the launch was stopped
    ├── InUse               73  another launch works on the same trials, or the store cannot be made
    ├── StorageFailed       74  the store cannot be read or written (an OSError)
    │   └── Unreachable     74  MLflow cannot be written; the records are not touched by it
    │       └── Unusable    74  and not before somebody mends it: waiting does not help
    ├── Damaged             74  a file of the store is not what its manifest says (a ValueError)
    │   ├── OtherFormat     74  a whole file of another version of this program
    │   └── Changed         74  records that were removed or replaced while they were read
    ├── Interrupted         75  the launch was asked to stop; everything committed is kept (a KeyboardInterrupt)
    ├── BundleFailed         1  a bundle's failure on its way from a worker to the launch
    └── NoReader           141  whoever read standard output has gone

Anything else that leaves a command is a bug and keeps its traceback.
"""

from collections.abc import Sequence
from typing import ClassVar

from tracking.common.text import printable


class SweepError(BaseException):
    """The root. It is a BaseException so that an interruption is not caught by `except Exception`.

    exit_code: what the command line returns. advice: what follows the message there, after a semicolon.
    """

    exit_code: ClassVar[int]
    advice: ClassVar[str] = ""

    def terminal_message(self) -> str:
        """The message for a terminal: what happened and what to do about it."""
        return "; ".join(part for part in (str(self), self.advice) if part)


class Refused(SweepError, ValueError):
    """What was asked for cannot be done as asked; the message says why, and what to do instead."""

    exit_code = 2


class BadSweep(Refused):
    """A sweep file that cannot be used: all that is wrong with it, a line each, `file:line:column: key: what`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = [printable(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


class BadPlugin(Refused):
    """A file found by its name (a net, a measure, an experiment) that lacks what files of its kind must have."""


class TooManyFailures(SweepError, RuntimeError):
    """So much fails that the sweep, the data or the machine must be wrong."""

    exit_code = 1


class InUse(SweepError, RuntimeError):
    """Another launch works on the same trials, or has taken them over; or the store cannot be made."""

    exit_code = 73


class StorageFailed(SweepError, OSError):
    """The store cannot be read or written: a full disk, a lost network disk, an unreachable object store."""

    exit_code = 74
    advice = "everything committed is kept: make room, or mend it, and launch again"

    def terminal_message(self) -> str:
        return f"storage failed: {super().terminal_message()}"


class Unreachable(StorageFailed):
    """MLflow cannot be written: a dead server, a full disk. The records are not touched by it."""

    advice = "the records are complete: look at --tracking-uri and the server (`sweep doctor` does), and sync again"

    def terminal_message(self) -> str:
        return SweepError.terminal_message(self)


class Unusable(Unreachable):
    """MLflow cannot be written before somebody mends it: it is not installed, its database is damaged or of another
    version or cannot be made, its server lets nobody in."""

    advice = "the records are complete: sync again once that is mended"


class Damaged(SweepError, ValueError):
    """A file of the store is not what its manifest says it is. `name`: the file, "" where there is none."""

    exit_code = 74
    advice = "the next launch of its sweep sets it aside and does the work again"

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class OtherFormat(Damaged):
    """A manifest of another version of this program: whole, and not ours to read or to replace."""


class Changed(Damaged):
    """Records were removed or replaced while they were read, as by `sweep rm`, `sweep prune` and a launch."""

    advice = "run the command again"


class Interrupted(SweepError, KeyboardInterrupt):
    """The launch was asked to stop, or has lost its cluster; everything committed is kept."""

    exit_code = 75
    advice = "everything committed is kept: launch again to go on"

    def terminal_message(self) -> str:
        return f"{str(self) or 'interrupted'}: everything committed is kept; launch again to go on"


class BundleFailed(SweepError, RuntimeError):
    """A bundle's failure on its way from a worker: its arguments are those of `workers.runtime.failure.Failure`."""

    exit_code = 1


class NoReader(SweepError, RuntimeError):
    """Nobody reads standard output any more, as in `sweep schema | head`: no error, and nothing to say."""

    exit_code = 141  # 128 + SIGPIPE, as shells say it

    def terminal_message(self) -> str:
        return ""
