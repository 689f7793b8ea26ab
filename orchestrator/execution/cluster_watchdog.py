"""The pulse of a cluster: a thread that notices when it is gone, and ends a launch that can no longer end itself."""

import os
import sys
import threading
import time
from collections.abc import Callable

from orchestrator.execution.supervisor import Watch

LOOK_S = 2.0  # between two looks
LOST_S = 40.0  # without a cluster before the launch is over (Ray itself ends us after 60); $SWEEP_LOST_S changes it
GRACE_S = 6.0  # for the launch to end by itself: of some losses Ray kills this process after ten seconds

Check = Callable[[], str]  # what is wrong, "" when nothing is


def patience() -> float:
    """Seconds without a cluster, of those that may come back."""
    return float(os.environ.get("SWEEP_LOST_S", LOST_S))


class Pulse:
    """Looks every few seconds; when one of the checks has failed for as long as it may, tells the watch. A launch that
    is then stuck in calls that never return is ended: all that its workers committed is kept."""

    def __init__(self, checks: dict[Check, float], watch: Watch) -> None:
        self.checks, self.watch = checks, watch
        self.over = threading.Event()

    def __enter__(self) -> "Pulse":
        threading.Thread(target=self._feel, name="pulse", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self.watch.gone:
            self.over.set()

    def _feel(self) -> None:
        failing: dict[Check, float] = {}  # since when
        while not self.watch.gone and not self.over.wait(LOOK_S):
            for check, allowed in self.checks.items():
                what = check()
                if not what:
                    failing.pop(check, None)
                    continue
                if time.monotonic() - failing.setdefault(check, time.monotonic()) >= allowed:
                    self.watch.gone = f"the cluster is gone: {what}"
                break  # those that follow would wait for an answer that never comes
        if self.watch.gone and not self.over.wait(GRACE_S):
            sys.stderr.write(f"{self.watch.gone}: everything committed is kept; launch again to go on\n")
            os._exit(75)
