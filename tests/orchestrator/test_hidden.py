"""A folder or module of the user's that hides a package of this program is told in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import hidden
from orchestrator.commands.machine.doctor import own_files
from tests.support.checkout import ROOT


def imported(folder: Path, package: str = "orchestrator.cli") -> str:
    """What Python says that is started in a folder, as a notebook's is, and imports this program."""
    code = f"import sys; sys.path[1:1] = [{str(ROOT)!r}]; import {package}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={"PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


@pytest.mark.parametrize("path", ["workers/__init__.py", "tracking.py", "orchestrator/__init__.py", "sweeps.py"])
def test_what_hides_a_package_is_told_in_one_line(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).touch()
    name = path.partition("/")[0].removesuffix(".py")
    said = imported(tmp_path, "sweeps" if name == "orchestrator" else "orchestrator.cli")
    assert said.startswith("ImportError: ") and f" {tmp_path}/{name}" in said
    assert f"the package '{name}' of the program sweep, which lies in {ROOT}: rename it" in said
    assert "hides a package of this program" in own_files(str(tmp_path)).found
    assert own_files(str(tmp_path)).state == "problem"


def test_a_folder_without_modules_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    assert imported(tmp_path) == "" and own_files(str(tmp_path)).state == "ok"
    hidden.check()
