"""What a file of the user's raises or does wrong as BadPlugin, with its path and line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tracking.common.errors import BadPlugin, SweepError
from tracking.common.named_files.lookup import where
from tracking.common.named_files.plugins import Kind


@contextmanager
def located(kind: Kind[Any], name: str, given: str = "") -> Iterator[None]:
    """Turns what the code of a file raises into BadPlugin, with path and line in the user's files.

    given: what the code was given, which the message says at its end.
    """
    try:
        yield
    except SweepError:
        raise
    except (Exception, SystemExit) as error:  # a file may end the process, as argparse does
        place = kind.place(name)
        said = f"{type(error).__name__}: {error}".rstrip(": ") + (f"; {given}" if given else "")
        raise BadPlugin(f"{kind.what} '{name}' ({where(error, place)}): {said}") from error


def refused(kind: Kind[Any], name: str, why: str, *functions: Callable[..., object]) -> BadPlugin:
    """The exception that says what is wrong with a file, at the first of these functions that stands in it."""
    path = str(kind.place(name).path)
    lines = [inspect.getsourcelines(f)[1] for f in functions if inspect.getsourcefile(f) == path]
    return BadPlugin(f"{kind.what} '{name}' ({path}:{lines[0] if lines else 1}): {why}")
