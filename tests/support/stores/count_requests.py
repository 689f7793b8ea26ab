"""Counts the requests that this process makes to stores, while the code under test runs as it is."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from tracking.mirror import background
from tracking.records import layout
from tracking.records.files.storage import Files, Operation

T = TypeVar("T")


class Requests:
    """What was asked of stores: how often, by operation and name.

    followed: what the mirror asked, which looks every few seconds of a launch for what has been recorded; how often
    depends on how long the launch takes. It is not among those that are `made`.
    """

    def __init__(self) -> None:
        self.made: Counter[tuple[Operation, str]] = Counter()
        self.followed: Counter[tuple[Operation, str]] = Counter()

    def count(self, operation: Operation, folder: str = "") -> int:
        """Requests of this kind for names in this folder."""
        return sum(n for (kind, name), n in self.made.items() if kind == operation and name.startswith(folder))

    def most(self, operation: Operation, ending: str) -> int:
        """How often the file with this ending that was asked for most was asked for; 0 where none was."""
        return max(
            (n for (kind, name), n in self.made.items() if kind == operation and name.endswith(ending)), default=0
        )

    def full_reads(self) -> int:
        """How often the whole store was read: the number of times that its manifests were listed."""
        return self.made["list", layout.RECORDS]


@contextmanager
def counted() -> Iterator[Requests]:
    """Counts every request of this process, from any thread, to any store, while the body runs."""
    requests, request = Requests(), Files.request

    def counting(files: Files, operation: Operation, name: str, act: Callable[[], T]) -> T:
        mirrored = threading.current_thread().name == background.THREAD
        (requests.followed if mirrored else requests.made)[operation, name] += 1
        return request(files, operation, name, act)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "request", counting)
        yield requests
