"""Writes results to stdout, unbuffered, and handles a reader that stops reading."""

import os
import sys

from tracking.common.errors import NoReader


def out(text: str) -> None:
    """Writes a line. Raises NoReader when the reader of a pipe has gone."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        raise NoReader from error
