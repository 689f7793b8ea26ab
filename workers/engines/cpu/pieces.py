"""Cuts an epoch into pieces of about half a second, between which a training can be stopped: the kernels cannot."""

import time
from collections.abc import Iterator

PIECE_S = 0.5
GROWTH = 8  # a piece has at most so many times the steps of the one before it


class Pieces:
    """Learns how many steps make a piece. The steps are the same, in the same order, however they are cut."""

    def __init__(self) -> None:
        self.steps = 1

    def of(self, steps: int) -> Iterator[tuple[int, int]]:
        """Where each piece of an epoch of so many steps begins and ends; the time until the next one is asked for is
        that of the piece."""
        first = 0
        while first < steps:
            end, begun = min(first + self.steps, steps), time.monotonic()
            yield first, end
            self._learn(end - first, time.monotonic() - begun)
            first = end

    def _learn(self, steps: int, seconds: float) -> None:
        if steps == self.steps or seconds > PIECE_S:  # a piece that was cut short by the end of the epoch tells less
            self.steps = max(1, min(GROWTH * steps, int(steps * PIECE_S / max(seconds, 1e-9))))
