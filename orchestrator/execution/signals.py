"""Signals that ask a launch to stop, such as Ctrl-C: after the first, every bundle commits; a second ends at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tracking.common.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # Ctrl-C; preemption; Slurm's warning before its time limit
EXIT_CODE = 130  # after the second signal


class StopSignals:
    """Whether a signal was received. While nobody polls `received`, the first signal raises Interrupted at once."""

    def __init__(self) -> None:
        self.received, self.is_polled = False, False

    def __enter__(self) -> "StopSignals":
        self.before = {number: signal.getsignal(number) for number in SIGNALS}
        self.install()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def install(self) -> None:
        """Called again after Ray has started, which replaces these handlers by its own."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    @contextmanager
    def polled(self) -> Iterator[None]:
        """While the body runs, somebody polls `received`. Raises Interrupted if a signal came before, or so late that
        nobody has looked since: what follows may wait, and the next signal ends the process at once."""
        if self.received:
            raise Interrupted
        self.is_polled = True
        try:
            yield
        finally:
            self.is_polled = False
        if self.received:
            raise Interrupted

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            os._exit(EXIT_CODE)  # nothing committed is lost: a commit is one rename
        self.received = True
        if not self.is_polled:
            raise Interrupted
