"""The command is loaded by a small module, so that Ctrl-C while Python loads the rest is no traceback."""

import subprocess
import sys

from orchestrator.__main__ import INTERRUPTED
from tests.support.checkout import ROOT
from tracking.common.errors import Interrupted

INTERRUPTING = """
import runpy, sys
class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name == "orchestrator.commands":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
runpy.run_module("orchestrator", run_name="__main__")
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_an_interrupt_while_the_program_is_loaded_is_one_line() -> None:
    done = run("-c", INTERRUPTING)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "interrupted: nothing was begun\n")
    assert Interrupted.exit_code == INTERRUPTED


def test_the_package_runs_as_the_command_does() -> None:
    assert "Usage: sweep COMMAND" in run("-m", "orchestrator", "--help").stdout
