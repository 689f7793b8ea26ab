"""A thread that notices when a cluster is lost, and ends a launch that cannot end by itself."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

LOG = logging.getLogger(__name__)

INTERVAL_S = 2.0  # between two rounds of checks
LOST_S = 40.0  # without a cluster before the launch is over (Ray itself ends us after 60); $SWEEP_LOST_S changes it
JOIN_S = 30.0  # for a round of checks to end when the launch does; one that takes longer waits for a lost cluster
GRACE_S = 6.0  # for the launch to end by itself: after some losses Ray kills this process within ten seconds
EXIT_CODE = 75  # that of `Interrupted`

Check = Callable[[], str]  # what is wrong, "" when nothing is


def lost_after_s() -> float:
    """Seconds without the parts of a cluster that may come back."""
    return float(os.environ.get("SWEEP_LOST_S", LOST_S))


class Loses(Protocol):
    """What works on a cluster. cluster_lost: why it is gone, "" while it is there."""

    cluster_lost: str


class ClusterWatchdog:
    """Runs the checks every few seconds. When one has failed for the seconds that it may, the supervisor is told. A
    launch that then hangs in calls that never return is ended: all that its workers committed is kept."""

    def __init__(self, checks: dict[Check, float], supervisor: Loses) -> None:
        self.checks, self.supervisor = checks, supervisor
        self.left = threading.Event()
        self.thread = threading.Thread(target=self._run, name="cluster-watchdog", daemon=True)

    def __enter__(self) -> "ClusterWatchdog":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Returns when no check is under way: Ray ends a process that asks it anything after its shutdown."""
        if not self.supervisor.cluster_lost:
            self.left.set()
            self.thread.join(JOIN_S)

    def _run(self) -> None:
        failing: dict[Check, float] = {}  # since when, on the monotonic clock
        while not self.supervisor.cluster_lost and not self.left.wait(INTERVAL_S):
            for check, allowed_s in self.checks.items():
                problem = check()
                if not problem:
                    failing.pop(check, None)
                    continue
                if time.monotonic() - failing.setdefault(check, time.monotonic()) >= allowed_s:
                    self.supervisor.cluster_lost = f"the cluster is gone: {problem}"
                break  # the checks that follow would wait for an answer that does not come
        if self.supervisor.cluster_lost and not self.left.wait(GRACE_S):
            LOG.critical("%s: everything committed is kept; launch again to go on", self.supervisor.cluster_lost)
            os._exit(EXIT_CODE)
