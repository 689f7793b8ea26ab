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


RUN = (9, 3, 8)  # trials that each launch runs
VERDICTS = ("not enough data", "holds")


@pytest.mark.ray
@pytest.mark.slow
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    edits = re.findall(r"Change `(.*?)` to `(.*?)`", PAGE)
    refused = re.search(r"says `(--set: fixed\.epoch: unknown key 'epoch')", PAGE)
    assert text and refused and len(edits) == len(RUN) - 1
    launches, verdicts, sweep = 0, 0, text[1]
    for command in commands():
        if command == "sweep ui":
            continue
        if command.startswith("sweep launch") and launches:
            old, new = edits[launches - 1]
            assert sweep.count(old) == 1
            sweep = sweep.replace(old, new)
        (tmp_path / "width.yaml").write_text(sweep)
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator.cli", *shlex.split(command)[1:]], cwd=tmp_path, text=True, timeout=280,
            capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == (2 if "epoch=3" in command else 0), f"{command}: {done.stderr}"
        if "epoch=3" in command:
            assert refused[1] in done.stderr
        if command.startswith("sweep launch"):
            assert f"{RUN[launches]} run" in done.stderr
            launches += 1
        if command.startswith("sweep verify"):
            assert re.search(rf"no_overfitting +{VERDICTS[verdicts]} ", done.stderr)
            verdicts += 1
    assert (launches, verdicts) == (len(RUN), len(VERDICTS))
    assert (tmp_path / "runs/figures/width/report.html").exists()
