"""Turns what a user can mend into one message on stderr and an exit code; all else is a bug and keeps its traceback."""

import sys
from collections.abc import Callable

from tracking.common.errors import SweepError


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command: its own, or that of what it raised, which is said.

    0 done; 1 a trial or a claim failed; the others are in `tracking.common.errors`. 130: stopped by a second signal.
    """
    try:
        return command()
    except SweepError as error:
        return _complain(error.said(), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted: everything committed is kept; launch again to go on", 75)
    except Exception as error:
        return _explained(error)


def _explained(error: Exception) -> int:
    """What libraries raise that a user can mend."""
    from cyclopts import CycloptsError, UnknownOptionError

    if isinstance(error, CycloptsError):  # printed by cyclopts, with the nearest known option
        command = " ".join(["sweep", *(error.command_chain or ())])
        more = "; a setting of the sweep is changed by --set key=value" if isinstance(error, UnknownOptionError) else ""
        return _complain(f"`{command} --help` shows what it takes{more}", 2)
    if isinstance(error, FileNotFoundError | ConnectionError):
        return _complain(str(error), 2)
    if isinstance(error, OSError):
        return _complain(f"storage failed: {error}; everything committed is kept", 74)
    raise error


def _complain(message: str, code: int) -> int:
    if message:
        print(message, file=sys.stderr)
    return code
