"""Being asked to stop: the first signal lets every bundle commit what it has, the second one ends at once."""

import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # Ctrl-C; preemption; Slurm's warning before its time limit


class Interrupted(KeyboardInterrupt):
    """The launch was asked to stop; everything committed is kept."""


class Interrupt:
    """Whether we were asked to stop. Entered after Ray has started, since Ray replaces the handlers of a process."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Interrupt":
        self.before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            os._exit(130)  # nothing committed is lost: a commit is one rename
        self.asked = True
