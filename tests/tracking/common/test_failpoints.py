"""A crash can be provoked at a named place, the n-th time; and nowhere unless asked for."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from tracking.common import failpoints
from tracking.common.errors import Refused

WALK = (
    "from tracking.common.failpoints import reached\nfor name in ('a.x', 'a.y', 'b', 'a.x'): reached(name); print(name)"
)


def walk(rule: str) -> tuple[int, list[str]]:
    """Exit code of a process that passes four places, and the places it got through."""
    environment = {**os.environ, failpoints.VARIABLE: rule}
    done = subprocess.run([sys.executable, "-uc", WALK], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("rule", "code", "through"),
    [
        ("", 0, ["a.x", "a.y", "b", "a.x"]),
        ("a.x=kill@2", -signal.SIGKILL, ["a.x", "a.y", "b"]),
        ("*=kill@2", -signal.SIGKILL, ["a.x"]),
        ("c=kill@1, a.*=kill@3", -signal.SIGKILL, ["a.x", "a.y", "b"]),
        ("*=kill@5", 0, ["a.x", "a.y", "b", "a.x"]),
        ("b=raise@1", 1, ["a.x", "a.y"]),
    ],
)
def test_the_process_ends_where_it_was_asked_to(rule: str, code: int, through: list[str]) -> None:
    assert walk(rule) == (code, through)


def test_a_full_disk_is_raised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, "only.here=raise@1")
    with pytest.raises(OSError, match=r"only\.here") as caught:
        failpoints.reached("only.here")
    assert caught.value.errno == errno.ENOSPC
    failpoints.reached("only.here")


def test_a_slow_place_takes_its_time_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setenv(failpoints.VARIABLE, "a.slow=slow@2")
    monkeypatch.setattr(failpoints, "_sleep", waited.append)
    for _ in range(3):
        failpoints.reached("a.slow")
    assert waited == [failpoints.SLOW_S] * 2


@pytest.mark.parametrize("rule", ["a", "a=kill", "a=die@1", "a=kill@0", "a=kill@1;b=kill@1"])
def test_a_rule_that_cannot_be_read_is_refused(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, rule)
    with pytest.raises(Refused, match="name=kill@n"):
        failpoints.reached("a")
