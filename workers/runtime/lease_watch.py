"""Looks at the lease of a launch between its commits, so that a long computation stops soon after another launch has
taken its work over."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from tracking.common.errors import StorageFailed
from tracking.records.leases.heartbeat import interval
from tracking.records.store import Store

REMOTE = 5  # an object store is asked so many times less often: each look is a request of each worker
T = TypeVar("T")


@dataclass
class LeaseWatch:
    """The lease of one store, looked at as often as its owner renews it, at most."""

    store: Store
    next_s: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Raises InUse once the work has been taken over. Costs a look at the clock, mostly."""
        now = time.monotonic()
        if now < self.next_s:
            return
        self.next_s = now + interval() * (1 if self.store.files.local else REMOTE)
        try:
            with self.store.leased():
                pass
        except StorageFailed:  # a disk or server that is away for a while: the next commit finds out whether it is back
            return


_watch: ContextVar[LeaseWatch | None] = ContextVar("lease_watch", default=None)


def look() -> None:
    """To be called between the steps of a long computation. Raises InUse where the work that this thread does for a
    launch was taken over; does nothing where it works for none."""
    watch = _watch.get()
    if watch:
        watch.look()


def watched(store: Store, steps: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same steps, in each of which `look` looks at the lease of this store. Closing it closes `steps`."""
    watch = LeaseWatch(store)
    try:
        while True:
            with _active(watch):
                try:
                    one = next(steps)
                except StopIteration:
                    return
            yield one
    finally:
        with _active(watch):
            steps.close()


@contextmanager
def _active(watch: LeaseWatch) -> Iterator[None]:
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)
