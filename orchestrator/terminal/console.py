"""The terminal of standard error: what it can show, and messages on it."""

import os
import sys
import textwrap
from typing import Any

from rich.console import Console
from rich.text import Text

from tracking.common.text import printable

LINE_S = 5.0  # seconds between lines that say the same again, where nothing can be drawn in one place
LOG_COLUMNS = 140  # of a log file or a pipe, which do not say; 80 would break most tables


def _console() -> Console:
    """On stderr. A terminal is asked for its width each time that it is drawn on, but rich asks no dumb one."""
    if sys.stderr.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown"):
        return Console(stderr=True, highlight=False)
    width = os.get_terminal_size(sys.stderr.fileno()).columns or 80 if sys.stderr.isatty() else LOG_COLUMNS
    given = os.environ.get("COLUMNS", "0")
    return Console(stderr=True, highlight=False, width=int(given) or width if given.isdigit() else width, height=25)


console = _console()


def animated() -> bool:
    """Whether something can be drawn again and again in one place; where not, lines are written."""
    return console.is_terminal and not console.is_dumb_terminal


def columns() -> int:
    """The width of the terminal now."""
    return console.width


def say(message: str = "") -> None:
    """One message on stderr: stdout belongs to results. On a terminal it is broken between words only, so that a path
    that is longer than a line can still be copied. Text from files cannot steer it."""
    message = printable(message)
    if console.is_terminal:
        options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
        broken = [textwrap.fill(line, console.width, **options) for line in message.splitlines()]
        message = "\n".join(broken)
    console.print(Text(message), overflow="ignore", crop=False)
