"""The watchdog asks Ray nothing once the launch has left it: Ray ends a process that asks after its shutdown."""

import threading

from orchestrator.execution.cluster_watchdog import INTERVAL_S, ClusterWatchdog
from tests.support.launching.supervisors import supervisor


def test_no_check_is_under_way_when_a_launch_leaves() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        leaving.wait(10)
        threading.Event().wait(0.3)  # longer than leaving takes without a wait for this check
        ended.set()
        return ""

    leaving = threading.Event()
    with ClusterWatchdog({slow: 0.0}, supervisor()) as watchdog:
        assert begun.wait(INTERVAL_S + 30)
        leaving.set()
    assert ended.is_set() and not watchdog.thread.is_alive()
