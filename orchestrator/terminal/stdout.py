"""Results go to stdout, at once and whole, for a person, a file or another program, which may leave before the end."""

import os
import sys

from tracking.common.errors import NoReader


def out(text: str) -> None:
    """A result in a line of its own. Raises NoReader."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        raise NoReader from error
