"""Translates exceptions into one message on stderr and the exit code of their class (`tracking.common.errors`).

An exception that no user can act on is a bug and keeps its traceback.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from tracking.common.errors import SweepError
from tracking.common.program_sources import PACKAGES
from tracking.common.text import printable

if TYPE_CHECKING:
    from cyclopts import MissingArgumentError

    from tracking.plotting.figures import NotDrawn
    from tracking.verdicts.finding import Verdict


def guarded(command: Callable[[], int]) -> int:
    """Runs a command; returns its exit code, or that of the exception that it raised, whose message is printed.

    0 done; 1 a trial or a claim failed; the others are in `tracking.common.errors`. 130: stopped by a second signal.
    """
    try:
        return command()
    except SweepError as error:
        return _print(error.terminal_message(), error.exit_code)
    except KeyboardInterrupt:
        return _print("interrupted: everything committed is kept; launch again to go on", 75)
    except Exception as error:
        return _of_library(error)


def of_results(failed: int, verdicts: "Iterable[Verdict]", not_drawn: "Sequence[NotDrawn]") -> int:
    """74 where a disk did not take some result; else 1 where trials or claims failed or a figure is not drawn."""
    if any(lost.storage for lost in not_drawn):
        return 74
    return 1 if failed or not_drawn or any(verdict.bad for verdict in verdicts) else 0


def _of_library(error: Exception) -> int:
    """Handles exceptions of libraries that a user can act on."""
    from cyclopts import CycloptsError, MissingArgumentError, UnknownOptionError, UnusedCliTokensError

    if isinstance(error, CycloptsError):
        command = " ".join(["sweep", *(error.command_chain or ())])
        more = "; a setting of the sweep is changed by --set key=value" if isinstance(error, UnknownOptionError) else ""
        problem = str(error)
        if isinstance(error, MissingArgumentError):
            problem = _missing(command, error)
        elif isinstance(error, UnusedCliTokensError):
            problem = f"`{command}` does not take {' '.join(map(repr, error.unused_tokens or ()))}"
        return _print(f"{problem}\n`{command} --help` shows what it takes{more}", 2)
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in PACKAGES:
        from tracking.common.versions import not_installed

        return _print(not_installed(error.name), 2)
    if isinstance(error, FileNotFoundError | ConnectionError):
        return _print(str(error), 2)
    if isinstance(error, OSError):
        return _print(f"storage failed: {error}; everything committed is kept", 74)
    raise error


def _missing(command: str, error: "MissingArgumentError") -> str:
    """What a command lacks, as its help names it: SPEC for an argument without a name of its own, else the option."""
    lacks = error.argument
    if lacks is None:
        return str(error)
    explained = f": {lacks.parameter.help}" if lacks.parameter.help else ""
    if lacks.field_info.kind is lacks.field_info.KEYWORD_ONLY:
        return f"{lacks.name} needs a value{explained}"
    return f"`{command}` needs {lacks.name.removeprefix('--').upper()}{explained}"


def _print(message: str, code: int) -> int:
    if message:
        print(printable(message), file=sys.stderr)
    return code
