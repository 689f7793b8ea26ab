"""A group of processes: they run at the same time, keep state, and their failures are reported."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.execution.local.process_group import process_group
from tests.support.launching.processes import alive
from tests.support.launching.waiting import until


class Member:
    """What a process of a group does in these tests."""

    def __init__(self) -> None:
        self.calls = 0

    def meet(self, folder: Path, members: int) -> int:
        """Returns how often it was called, once so many members are in this call at the same time."""
        self.calls += 1
        (folder / str(os.getpid())).touch()
        until(lambda: len(list(folder.iterdir())) == members, "the other members")
        return self.calls

    def fail(self) -> None:
        raise KeyError("a member's own words")

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_group_works_at_the_same_time_and_remembers(tmp_path: Path) -> None:
    with process_group(Member, 2) as each:
        for call in (1, 2):
            (tmp_path / str(call)).mkdir()
            assert each("meet", tmp_path / str(call), 2) == [call, call]


@pytest.mark.parametrize(("method", "words"), [("fail", "a member's own words"), ("die", "was killed")])
def test_the_failure_of_a_member_is_reported(method: str, words: str) -> None:
    with process_group(Member, 2) as each, pytest.raises(RuntimeError, match=words):
        each(method)


def test_members_end_with_whoever_started_them(tmp_path: Path) -> None:
    """Even by a signal that no process can handle."""
    (tmp_path / "starter.py").write_text(STARTER)
    starter = subprocess.Popen([sys.executable, "starter.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert starter.stdout
    members = [int(number) for number in starter.stdout.readline().split()]
    assert len(members) == 2 and all(alive(number) for number in members)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until(lambda: not any(map(alive, members)), "the end of both members")


STARTER = """
import os
import signal

from orchestrator.execution.local.process_group import process_group


class Member:
    def who(self):
        return os.getpid()


if __name__ == "__main__":
    with process_group(Member, 2) as each:
        print(*each("who"), flush=True)
        signal.pause()
"""
