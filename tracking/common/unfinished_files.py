"""Names of files that are being written: by which process and thread, so that no other one writes to the same file, and
others can tell later whether the writer lives.

    <name>.<process>.<thread and namespace>.tmp

Containers have namespaces of process ids: in another one the same id is another process, or none.
"""

import functools
import os
import re
import threading
from pathlib import Path
from typing import NamedTuple

ENDING = ".tmp"
_SPACE = Path("/proc/self/ns/pid")
_BITS = 32  # of the number of a namespace
_NAME = re.compile(rf"(?P<name>.+)\.(?P<process>[0-9]+)\.(?P<thread>[0-9]+){re.escape(ENDING)}", re.DOTALL)


class Writer(NamedTuple):
    """Who writes a file. namespace: of the process id; 0 on systems that have none."""

    process: int
    namespace: int


def of(name: str) -> str:
    """What a file of this name is called while this thread writes it."""
    return f"{name}.{os.getpid()}.{threading.get_ident() << _BITS | namespace()}{ENDING}"


def writer(unfinished: str) -> Writer:
    """By the name of a file that is being written."""
    found = _NAME.fullmatch(unfinished)
    assert found, unfinished
    return Writer(int(found["process"]), int(found["thread"]) % 2**_BITS)


def is_of(unfinished: str, name: str) -> bool:
    """Whether a file of this name is called so while somebody writes it."""
    found = _NAME.fullmatch(unfinished)
    return found is not None and found["name"] == name


def namespace() -> int:
    """The number of this process' namespace of process ids."""
    return _namespace(os.getpid())


@functools.lru_cache(1)
def _namespace(process: int) -> int:
    return _SPACE.stat().st_ino % 2**_BITS if _SPACE.exists() else 0
