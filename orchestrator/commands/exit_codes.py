"""Turns what a user can mend into one message on stderr and an exit code; all else is a bug and keeps its traceback."""

import sys
from collections.abc import Callable

from orchestrator.terminal.stdout import Unread

UNREAD = 141  # 128 + SIGPIPE, as shells say it


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command: its own, or that of what it raised, which is said.

    0 done; 1 a trial or a claim failed; 2 bad input, nothing started; 73 the store is in use or cannot be made;
    74 storage failed; 75 interrupted, launch again to go on; 130 stopped by a second signal; 141 nobody reads on.
    """
    try:
        return command()
    except KeyboardInterrupt as error:
        return _complain(f"{str(error) or 'interrupted'}: everything committed is kept; launch again to go on", 75)
    except Unread:
        return UNREAD
    except Exception as error:
        return _explained(error)


def _explained(error: Exception) -> int:
    """Imports what it needs here: --help must not wait for pydantic."""
    from cyclopts import CycloptsError, UnknownOptionError

    from orchestrator.execution.supervisor import TooManyFailures
    from tracking.common.named import Refused
    from tracking.mirror.sync import Unreachable
    from tracking.records.lease import InUse
    from tracking.records.manifest import Damaged
    from tracking.records.storage import StorageFailed

    if isinstance(error, CycloptsError):  # printed by cyclopts, with the nearest known option
        command = " ".join(["sweep", *(error.command_chain or ())])
        more = "; a setting of the sweep is changed by --set key=value" if isinstance(error, UnknownOptionError) else ""
        return _complain(f"`{command} --help` shows what it takes{more}", 2)
    if isinstance(error, TooManyFailures):
        return _complain(str(error), 1)
    if isinstance(error, InUse):
        return _complain(str(error), 73)
    if isinstance(error, Damaged):
        return _complain(f"{error}; `sweep launch` sets it aside and does the work again", 74)
    if isinstance(error, StorageFailed):
        return _complain(
            f"storage failed: {error}; everything committed is kept: make room, or mend it, and launch again", 74
        )
    if isinstance(error, Unreachable):
        remedy = "look at --tracking-uri and the server (`sweep doctor`), and sync again"
        return _complain(f"{error}; the records are complete: {remedy}", 74)
    if isinstance(error, Refused | FileNotFoundError | ConnectionError):
        return _complain(str(error), 2)
    if isinstance(error, OSError):
        return _complain(f"storage failed: {error}; everything committed is kept", 74)
    raise error


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
