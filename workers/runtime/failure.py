"""Why a bundle failed, as a kind that says what to do about it and a text for people; plain values that travel."""

import errno
import traceback
from typing import Literal, NamedTuple

from tracking.common.errors import InUse, StorageFailed

Kind = Literal[
    "error",  # an exception: one of its trials is broken
    "memory",  # out of memory: the bundle is too large
    "died",  # its worker is gone, and may have died of a trial
    "lost",  # its worker is gone before it began, or with its machine: nothing to do with the trials
    "storage",  # the store cannot be written: nothing else can, either
    "lease",  # another launch has taken the work over
]
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE})
# How torch words them: the first when memory of the machine is short, the others when it cannot write a file.
NO_MEMORY = ("DefaultCPUAllocator", "CUDA out of memory", "not enough memory")
NO_DISK = ("PytorchStreamWriter failed", "inline_container.cc", "unexpected pos")


class Failure(NamedTuple):
    """`text` is a traceback or a message; its last line says what happened."""

    kind: Kind
    text: str

    @property
    def line(self) -> str:
        """The last line of the text."""
        return (self.text.strip().splitlines() or ["no reason recorded"])[-1]


def of(error: BaseException) -> Failure:
    """The failure that an exception in a worker means, with its traceback."""
    return Failure(kind(error), "".join(traceback.format_exception(error)))


def kind(error: BaseException) -> Kind:
    """What sort of failure an exception is."""
    if isinstance(error, InUse):
        return "lease"
    # torch's own class is told by its name: most experiments need no torch
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or _says(error, NO_MEMORY):
        return "memory"
    if isinstance(error, StorageFailed) or (isinstance(error, OSError) and error.errno in FULL):
        return "storage"
    return "storage" if _says(error, NO_DISK) else "error"


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)
