"""Lets other processes know how far this launch is: a small file in the store, written every few seconds."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from orchestrator.execution.progress import Progress, steps
from tracking.common.errors import StorageFailed
from tracking.records import layout, live_progress
from tracking.records.live_progress import LiveProgress, RunningBundle
from tracking.records.store import Store
from tracking.records.writer import now_ms

LOG = logging.getLogger(__name__)
LOCAL_S, REMOTE_S = 2.0, 20.0  # between two writes, on a disk and in an object store
SHOWN = 32  # running bundles


@contextmanager
def published(progress: Progress, store: Store) -> Iterator[Callable[[], None]]:
    """Yields what is to be called after each report; the file is deleted at the end. A file that cannot be written is
    no reason to stop: what matters of the store is found by commits."""
    publisher = _Publisher(progress, store)
    publisher.reported()
    try:
        yield publisher.reported
    finally:
        publisher.end()


class _Publisher:
    def __init__(self, progress: Progress, store: Store) -> None:
        self.progress, self.store = progress, store
        self.every_s = LOCAL_S if store.files.local else REMOTE_S
        self.next_s = 0.0
        self.number = store.lease

    def reported(self) -> None:
        """Writes, unless that was done a moment ago."""
        if self.number is None or time.monotonic() < self.next_s:
            return
        self.next_s = time.monotonic() + self.every_s
        try:
            live_progress.write(self.store.files, self.number, now(self.progress))
        except StorageFailed as error:
            LOG.info("note     status does not show how far this launch is: %s", error)
            self.number = None

    def end(self) -> None:
        if self.number is not None:
            with suppress(StorageFailed):
                self.store.files.delete([layout.progress(self.number)])


def now(progress: Progress) -> LiveProgress:
    """As it is at this moment."""
    running = tuple(
        RunningBundle(
            which=progress.names[one.bundle.trials[0].id], models=len(one.bundle.trials), step=one.report.step,
            steps=steps(one.bundle), train_error=one.report.train_error,
        )
        for one in progress.still_running()[:SHOWN]
    )  # fmt: skip
    return LiveProgress(
        at_ms=now_ms(), done=progress.fraction, summary=progress.summary(), left_s=progress.left_s, running=running
    )
