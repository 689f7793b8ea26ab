"""Writes results to stdout, unbuffered, and handles a reader that stops reading."""

import os
import sys

from tracking.common.errors import NoReader, StorageFailed
from tracking.common.strict_json import strict_json


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


def out_json(value: object) -> None:
    """Writes a value as a line of JSON, a number that is not finite as null."""
    out(strict_json(value))
