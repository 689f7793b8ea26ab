"""The tutorial works as written: its file, its one edit, and its commands, in its order."""

import re
import shlex
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.launches import Program

PAGE = (ROOT / "docs/tutorial.md").read_text()


def commands() -> list[str]:
    return re.findall(r"^    (sweep .*)$", PAGE, re.MULTILINE)


RUN = (9, 3, 8)  # trials that each launch runs
VERDICTS = ("not enough data", "holds")


def words(text: str) -> str:
    """Without the numbers, which differ between processors."""
    return re.sub(r"[\d.,-]+", "#", text)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(900)  # three launches; each command has its own limit
def test_the_tutorial_can_be_followed(program: Program, tmp_path: Path) -> None:
    text = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    edits = re.findall(r"Change `(.*?)` to `(.*?)`", PAGE)
    refused = re.search(r"says `(--set: fixed\.epoch: unknown key 'epoch')", PAGE)
    found = re.search(r"^    (Found: .*)$", PAGE, re.MULTILINE)
    assert text and refused and found and len(edits) == len(RUN) - 1
    launches, verdicts, sweep = 0, 0, text[1]
    for command in commands():
        if command == "sweep ui":
            continue
        if command.startswith("sweep launch") and launches:
            old, new = edits[launches - 1]
            assert sweep.count(old) == 1
            sweep = sweep.replace(old, new)
        (tmp_path / "width.yaml").write_text(sweep)
        first = command == commands()[0]  # as a user's shell starts it; the others are forks, seconds of imports faster
        local = ("--local",) if command.startswith("sweep launch") and launches else ()  # Ray is started once
        done = program.run(tmp_path, *shlex.split(command)[1:], *local, seconds=280, waits={}, fresh=first)
        assert done.code == (2 if "epoch=3" in command else 0), f"{command}: {done.err}"
        if "epoch=3" in command:
            assert refused[1] in done.err
        if command.startswith("sweep launch"):
            assert f"{RUN[launches]} run" in done.err
            launches += 1
        if command.startswith("sweep verify"):
            assert re.search(rf"^no_overfitting +{VERDICTS[verdicts]} *$", done.err, re.MULTILINE)
            if not verdicts:
                assert words(found[1]) in words(done.err)
            verdicts += 1
    assert (launches, verdicts) == (len(RUN), len(VERDICTS))
    assert (tmp_path / "runs/figures/width/report.html").exists()
