"""The failure of a bundle as plain values: a kind, which decides how it is retried, and a text."""

import errno
import traceback
from typing import Literal, NamedTuple

from tracking.common.errors import InUse, StorageFailed

Kind = Literal[
    "error",  # an exception: one of its trials is broken
    "memory",  # out of memory: the bundle is too large
    "died",  # its worker is gone, perhaps because of a trial
    "lost",  # its worker is gone before it began, or with its machine: not because of the trials
    "storage",  # the store cannot be written, for other bundles neither
    "lease",  # another launch has taken the work over
]
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE})
# Parts of torch's messages where memory is short, and where a file cannot be written.
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
    """The failure for an exception in a worker, with its traceback."""
    return Failure(kind(error), "".join(traceback.format_exception(error)))


def kind(error: BaseException) -> Kind:
    """The kind of failure for an exception."""
    if isinstance(error, InUse):
        return "lease"
    # torch's own class is recognised by its name, so that torch need not be imported
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or _says(error, NO_MEMORY):
        return "memory"
    if isinstance(error, StorageFailed) or (isinstance(error, OSError) and error.errno in FULL):
        return "storage"
    return "storage" if _says(error, NO_DISK) else "error"


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)
