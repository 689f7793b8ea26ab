"""Waits for conditions, never for a time, and finds free ports to wait at."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
INTERVAL_S = 0.02
HANG_S = 600.0  # only what hangs takes so long, also on a machine that does twenty other things


def until(condition: Callable[[], T], what: str, seconds: float = HANG_S) -> T:
    """Returns the first true value of a condition. Raises AssertionError that says what was waited for."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(INTERVAL_S)
    return found


def free_port() -> int:
    """A port of the loopback address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens at a port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
