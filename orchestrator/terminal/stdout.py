"""Writes results to stdout, unbuffered, and handles a reader that stops reading."""

import os
import sys

from tracking.common.errors import NoReader, StorageFailed


def out(text: str) -> None:
    """Writes a line. Raises NoReader when the reader of a pipe has gone, StorageFailed for a full disk."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        if isinstance(error, BrokenPipeError):
            raise NoReader from error
        raise StorageFailed(error.errno, error.strerror, "standard output") from error
