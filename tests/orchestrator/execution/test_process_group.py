"""A group of processes: they run at the same time, keep state, and their failures are reported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.execution.process_group import process_group


class Member:
    """What a process of a group does in these tests."""

    def __init__(self) -> None:
        self.calls = 0

    def window(self, seconds: float) -> tuple[int, float, float]:
        self.calls += 1
        started = time.monotonic()
        time.sleep(seconds)
        return self.calls, started, time.monotonic()

    def fail(self) -> None:
        raise KeyError("a member's own words")

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_group_works_at_the_same_time_and_remembers() -> None:
    with process_group(Member, 2) as each:
        each("window", 0.0)
        (calls, start, end), (again, other_start, other_end) = each("window", 0.3)
    assert calls == again == 2 and max(start, other_start) < min(end, other_end)


@pytest.mark.parametrize(("method", "words"), [("fail", "a member's own words"), ("die", "was killed")])
def test_a_member_that_fails_is_heard(method: str, words: str) -> None:
    with process_group(Member, 2) as each, pytest.raises(RuntimeError, match=words):
        each(method)


def test_members_end_with_whoever_started_them(tmp_path: Path) -> None:
    """Even by a signal that nobody can handle."""
    (tmp_path / "boss.py").write_text(BOSS)
    boss = subprocess.Popen([sys.executable, "boss.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert boss.stdout
    members = [int(number) for number in boss.stdout.readline().split()]
    assert len(members) == 2 and all(alive(number) for number in members)
    boss.kill()
    boss.wait()
    boss.stdout.close()
    until = time.monotonic() + 20
    while any(map(alive, members)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(alive, members))


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{number}/stat").exists() or " Z " not in Path(f"/proc/{number}/stat").read_text()


BOSS = """
import os
import time

from orchestrator.execution.process_group import process_group


class Member:
    def who(self):
        return os.getpid()


if __name__ == "__main__":
    with process_group(Member, 2) as each:
        print(*each("who"), flush=True)
        time.sleep(60)
"""
