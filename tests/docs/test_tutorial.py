"""The tutorial works as written: its file, its one edit, and its commands, in its order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text()


def commands() -> list[str]:
    return re.findall(r"^    (sweep .*)$", PAGE, re.MULTILINE)


@pytest.mark.ray
@pytest.mark.slow
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    edit = re.search(r"Change `(.*?)` to `(.*?)`", PAGE)
    refused = re.search(r"says `(--set: fixed\.epoch: unknown key 'epoch')", PAGE)
    assert text and edit and refused
    (tmp_path / "width.yaml").write_text(text[1])
    launches = 0
    for command in commands():
        if command == "sweep ui":
            continue
        if command.startswith("sweep launch"):
            launches += 1
            if launches == 2:
                (tmp_path / "width.yaml").write_text(text[1].replace(edit[1], edit[2]))
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *shlex.split(command)[1:]], cwd=tmp_path, text=True, timeout=280,
            capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        expected = 2 if "epoch=3" in command else 0
        assert done.returncode == expected, f"{command}: {done.stderr}"
        if "epoch=3" in command:
            assert refused[1] in done.stderr
        if command.startswith("sweep launch"):
            assert f"{9 if launches == 1 else 3} run" in done.stderr
    assert launches == 2
    assert (tmp_path / "runs/figures/width/report.html").exists()
