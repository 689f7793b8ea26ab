"""Which bundles hang: those that have not reported for much longer than is usual for them.

A bundle may be silent for HANG_S at least, for PATIENCE times its usual time between reports, and for PATIENCE times
all that it should take, since an experiment may work on one trial for long and report nothing meanwhile.
"""

import os
import statistics
import time
from collections.abc import Callable

HANG_S = 120.0  # $SWEEP_HANG_S changes it
PATIENCE = 10
GROWTH = 4  # the factor by which a bundle's limit grows each time that it was ended: it may just be slow


class HangDetector:
    """Times the reports of running bundles by `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.running: dict[str, _Reports] = {}
        self.factors: dict[str, int] = {}

    def started(self, bundle: str, estimate_s: float) -> None:
        """A bundle starts, or goes on, that should take `estimate_s` in all."""
        shortest = max(float(os.environ.get("SWEEP_HANG_S", HANG_S)), PATIENCE * estimate_s)
        self.running[bundle] = _Reports(self.factors.get(bundle, 1) * shortest, self.clock())

    def reported(self, bundle: str) -> None:
        """A bundle has reported; ignored for one that is not running."""
        if bundle in self.running:
            self.running[bundle].add(self.clock())

    def ended(self, bundle: str) -> None:
        """A bundle is no longer watched."""
        self.running.pop(bundle, None)

    def clear(self) -> None:
        """No bundle is running."""
        self.running = {}

    def hanging(self) -> dict[str, float]:
        """Bundles that hang, with the seconds that they were allowed. Each is named once and no longer watched."""
        now = self.clock()
        found = {id: one.allowed_s() for id, one in self.running.items() if now - one.last_s > one.allowed_s()}
        for id in found:
            self.ended(id)
            self.factors[id] = GROWTH * self.factors.get(id, 1)
        return found


class _Reports:
    def __init__(self, shortest_s: float, now: float) -> None:
        self.shortest_s, self.last_s, self.pauses = shortest_s, now, list[float]()

    def add(self, now: float) -> None:
        self.pauses.append(now - self.last_s)
        self.last_s = now

    def allowed_s(self) -> float:
        return max(self.shortest_s, PATIENCE * statistics.median(self.pauses)) if self.pauses else self.shortest_s
