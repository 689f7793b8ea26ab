"""Being asked to stop: the first signal lets every bundle commit what it has, the second one ends at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tracking.common.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # Ctrl-C; preemption; Slurm's warning before its time limit


class Interrupt:
    """Whether we were asked to stop. Where nobody asks, the first signal raises Interrupted on the spot."""

    def __init__(self) -> None:
        self.asked, self.heeded = False, False

    def __enter__(self) -> "Interrupt":
        self.before = {number: signal.getsignal(number) for number in SIGNALS}
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Once more after Ray has started, which puts its own handlers in place of ours."""
        for number in SIGNALS:
            signal.signal(number, self._note)

    @contextmanager
    def heed(self) -> Iterator[None]:
        """While the body runs, somebody looks at `asked` again and again. Raises Interrupted if it was before."""
        if self.asked:
            raise Interrupted
        self.heeded = True
        try:
            yield
        finally:
            self.heeded = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            os._exit(130)  # nothing committed is lost: a commit is one rename
        self.asked = True
        if not self.heeded:
            raise Interrupted
